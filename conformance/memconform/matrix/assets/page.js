"use strict";
// Filters, sorting and arrow keys. Everything that they show or hide is in the page without them too.
(() => {
  const find = (id) => document.getElementById(id);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const boxes = all('input[name="server"]');
  const grid = find("grid");
  const columns = all("thead th", grid).map((head) => head.dataset.server);
  const rows = all("tbody tr[id]", grid).map((row) => ({
    row, cells: [...row.cells].slice(1), text: row.cells[0].textContent.toLowerCase(), profile: row.parentNode.dataset.profile,
  }));
  const outcome = (cell) => cell.className.replace("o-", "");
  const silent = new Set(["skip", "not_run", "not_selected", "not_tested", "absent"]);

  // Whether a requirement has an outcome that is asked for, among the servers that are shown.
  const asked = (cells, wanted) => {
    if (!wanted) return true;
    const said = cells.map(outcome).filter((each) => !silent.has(each));
    if (wanted === "differ") return new Set(said).size > 1;
    return said.length > 0 && (wanted === "pass" ? said.every((each) => each === "pass") : said.includes(wanted));
  };

  const chosen = () => new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  let before = new Set(boxes.map((box) => box.value));
  const showServers = (names) => {
    all("[data-server]").forEach((each) => { each.hidden = !names.has(each.dataset.server); });
    columns.forEach((name, index) => {
      if (!name || before.has(name) === names.has(name)) return;
      rows.forEach(({ cells }) => { cells[index - 1].hidden = !names.has(name); });
    });
    before = names;
    find("chosen").textContent = names.size === boxes.length ? `all ${boxes.length}` : `${names.size} of ${boxes.length}`;
  };
  const showRequirements = () => {
    const [profile, wanted, text] = ["profile", "outcome", "text"].map((id) => find(id).value);
    let shown = 0;
    rows.forEach(({ row, cells, text: said, profile: of }) => {
      const fits = (!profile || of === profile) && said.includes(text.trim().toLowerCase()) && asked(cells.filter((cell) => !cell.hidden), wanted);
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    all("tbody", grid).forEach((body) => { body.hidden = !all("tr[id]:not([hidden])", body).length; });
    find("shown").textContent = `${shown} of ${rows.length} requirements`;
  };

  // The state is in the address, so that a view can be handed on.
  const keep = () => {
    const state = new URLSearchParams();
    ["profile", "outcome", "text"].forEach((id) => { if (find(id).value) state.set(id, find(id).value); });
    if (before.size !== boxes.length) [...before].forEach((name) => state.append("server", name));
    const address = location.href.split("#")[0];
    history.replaceState(null, "", String(state) ? `${address}#${state}` : address);
  };
  const update = () => { showServers(chosen()); showRequirements(); enter(); };
  const restore = () => {
    if (!location.hash.includes("=")) return;
    const state = new URLSearchParams(location.hash.slice(1));
    ["profile", "outcome", "text"].forEach((id) => { find(id).value = state.get(id) || ""; });
    const names = new Set(state.getAll("server"));
    if (names.size) boxes.forEach((box) => { box.checked = names.has(box.value); });
  };

  // Of the many links in the grid one is in the order of tabs; arrow keys go on from there.
  let current = null;
  const links = all("tbody td a", grid);
  const enter = (link) => {
    const next = link || (current && current.offsetParent ? current : links.find((each) => each.offsetParent));
    if (current) current.tabIndex = -1;
    if (next) next.tabIndex = 0;
    current = next || null;
  };
  links.forEach((link) => { link.tabIndex = -1; });
  grid.addEventListener("focusin", (event) => { if (links.includes(event.target)) enter(event.target); });
  const shownCells = (row) => [...row.cells].filter((cell) => !cell.hidden);
  grid.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!cell || !step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const shown = rows.map((each) => each.row).filter((row) => row.offsetParent);
    const row = shown[shown.indexOf(cell.parentNode) + step[0]];
    const next = row && shownCells(row)[shownCells(cell.parentNode).indexOf(cell) + step[1]];
    const link = next && next.querySelector("a");
    if (link) link.focus();
  });

  // Columns of the overview sort; what is not known comes last either way.
  const value = (row, index, number) => {
    const given = row.cells[index].dataset.value;
    return given === "" ? null : number ? Number(given) : given.toLowerCase();
  };
  const sort = (head, index) => {
    const body = find("overview").tBodies[0];
    const down = head.getAttribute("aria-sort") === "ascending";
    const number = head.dataset.sort === "n";
    const order = [...body.rows].sort((one, other) => {
      const [a, b] = [value(one, index, number), value(other, index, number)];
      if (a === null || b === null) return (a === null) - (b === null);
      return (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1);
    });
    all("th[aria-sort]", find("overview")).forEach((each) => each.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...order);
  };
  all("th[data-sort]", find("overview")).forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, index));
    head.replaceChildren(button);
  });

  all(".filters").forEach((each) => { each.hidden = false; });
  const changed = () => { update(); keep(); };
  boxes.forEach((box) => box.addEventListener("change", changed));
  ["profile", "outcome"].forEach((id) => find(id).addEventListener("change", changed));
  find("text").addEventListener("input", changed);
  find("text").form.addEventListener("submit", (event) => event.preventDefault());
  [["all", true], ["none", false]].forEach(([id, on]) => find(id).addEventListener("click", () => {
    boxes.forEach((box) => { box.checked = on; });
    changed();
  }));
  addEventListener("hashchange", () => { restore(); if (location.hash.includes("=")) update(); });
  restore();
  update();
})();
