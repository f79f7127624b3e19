"use strict";
// Everything is there: listen, and follow the address that the page was opened with.
document.documentElement.classList.add("js");
const form = document.getElementById("filter");
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", changed);
clear.addEventListener("click", () => { cleared(); controls.text.focus(); });
document.getElementById("clear-too").addEventListener("click", () => { cleared(); controls.text.focus(); });
document.getElementById("fold").addEventListener("click", () => rows.filter(isOpen).forEach((row) => unfold(row, false)));
document.getElementById("unfold").addEventListener("click", () => {
  const most = 200; // what nobody reads at once need not be made at once
  const closed = rows.filter((row) => !row.hidden && !isOpen(row));
  closed.slice(0, most).forEach((row) => unfold(row));
  say(closed.length > most ? `The first ${most} are unfolded` : `${plural(closed.length, "requirement")} unfolded`);
});
document.getElementById("share").addEventListener("click", async (event) => {
  const done = await copyText(`${location.href.split("#")[0]}#${written(state()) || "requirements"}`);
  say(done ? "The link is copied" : "The link is in the address bar");
  event.target.textContent = done ? "Copied" : "It is in the address bar";
  setTimeout(() => { event.target.textContent = "Copy a link to this view"; }, 1600);
});
addEventListener("hashchange", () => follow(false));
show(state());
// A browser goes to the fragment by itself when all is loaded, and takes the focus along: only then is it ours to set.
if (document.readyState === "complete") follow(true);
else addEventListener("load", () => setTimeout(() => follow(true)));

// Texts to search are made while nobody waits.
const idle = window.requestIdleCallback || ((work) => setTimeout(() => work({ timeRemaining: () => 8 }), 50));
let place = 0;
const ahead = (deadline) => {
  while (place < rows.length && deadline.timeRemaining() > 2) textOf(rows[place++]);
  if (place < rows.length) idle(ahead);
};
idle(ahead);
