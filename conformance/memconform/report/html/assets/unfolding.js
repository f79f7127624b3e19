"use strict";
// Unfolds and folds requirements; what a requirement shows is made when it is unfolded for the first time.
const rows = [...document.querySelectorAll(".row")];
const rowById = new Map(rows.map((row) => [row.id, row]));
const bodyOf = (row) => row.querySelector(":scope > .body");

const unfold = (row, open = true) => {
  const button = row.querySelector(".unfold");
  let body = bodyOf(row);
  if (open && !body) {
    body = evidenceOf(row.id);
    body.id = `body-${row.id}`;
    button.setAttribute("aria-controls", body.id);
    row.append(body);
  }
  if (body) body.hidden = !open;
  for (const why of row.querySelectorAll(":scope > .why")) why.hidden = open; // it is told in full below
  button.setAttribute("aria-expanded", String(open));
};

const isOpen = (row) => row.querySelector(".unfold").getAttribute("aria-expanded") === "true";

// A row far away has an estimated height until it is seen, so the way there is gone twice.
const reveal = (row) => {
  const go = () => row.scrollIntoView({ block: "start" });
  go();
  requestAnimationFrame(() => requestAnimationFrame(go));
};

document.addEventListener("click", (event) => {
  const copy = event.target.closest(".copied .copy");
  if (copy) { copying(copy); return; }
  const row = event.target.closest(".row");
  if (!row || event.target.closest(".body, a, .why")) return;
  if (!event.target.closest(".unfold") && String(getSelection())) return; // somebody selects text
  unfold(row, !isOpen(row));
});

// Paper shows what failed in full; afterwards the page is as it was.
let opened = [];
const onPaper = () => {
  opened = rows.filter((row) => !row.hidden && row.classList.contains("grave") && !isOpen(row));
  for (const row of opened) unfold(row);
  document.documentElement.classList.add("on-paper");
};
const offPaper = () => {
  for (const row of opened) unfold(row, false);
  opened = [];
  document.documentElement.classList.remove("on-paper");
};
addEventListener("beforeprint", onPaper);
addEventListener("afterprint", offPaper);
