"use strict";
// Shows the requirements that match; the state is the fragment of the address, so that a view can be shared.
const controls = {
  text: document.getElementById("text"),
  profile: document.getElementById("profile"),
  level: document.getElementById("level"),
  outcomes: [...document.querySelectorAll("input[name=outcome]")],
};
const groups = [...document.querySelectorAll(".group")].map((group) => [
  group, [...group.querySelectorAll(".rows")].map((list) => [list, [...list.children]]),
]);
const count = document.getElementById("count");
const nothing = document.getElementById("nothing");
const clear = document.getElementById("clear");

// What is searched in a row: all that it says and all that its tests saw. Made when it is searched for the first time.
const texts = new Map();
const textOf = (row) => {
  let text = texts.get(row);
  if (text === undefined) {
    text = `${row.textContent}\n${JSON.stringify(reportOf(row.id))}`.toLowerCase();
    texts.set(row, text);
  }
  return text;
};

const state = () => ({
  text: controls.text.value.trim(),
  profile: controls.profile ? controls.profile.value : "",
  level: controls.level.value,
  outcomes: controls.outcomes.filter((each) => each.checked).map((each) => each.value),
});

const matcher = ({ text, profile, level, outcomes }) => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (row) => (!outcomes.length || outcomes.includes(row.dataset.outcome))
    && (!profile || row.dataset.profile === profile)
    && (!level || row.dataset.level === level)
    && (!words.length || words.every((word) => textOf(row).includes(word)));
};

// Only what changes is touched. Rows lie in lists of some dozens, which are laid out when somebody comes near: so the
// work of a keystroke does not grow with the page. A list without a match is hidden as a whole.
const ROW = 56; // about so many pixels is a row high
const show = (wanted) => {
  const matches = matcher(wanted);
  let number = 0;
  for (const [group, lists] of groups) {
    let some = false;
    for (const [list, members] of lists) {
      let inside = 0;
      for (const row of members) {
        const now = matches(row);
        if (row.hidden === now) row.hidden = !now;
        inside += now;
      }
      if (list.hidden === inside > 0) list.hidden = !inside;
      list.style.containIntrinsicBlockSize = `auto ${inside * ROW}px`;
      some ||= inside > 0;
      number += inside;
    }
    if (group.hidden === some) group.hidden = !some;
  }
  const filtered = Boolean(wanted.text || wanted.profile || wanted.level || wanted.outcomes.length);
  count.textContent = filtered ? `${number.toLocaleString("en")} of ${plural(rows.length, "requirement")}` : plural(rows.length, "requirement");
  nothing.hidden = number > 0;
  clear.hidden = !filtered;
};

const written = ({ text, profile, level, outcomes }) => {
  const said = new URLSearchParams();
  if (outcomes.length) said.set("outcome", outcomes.join(","));
  if (profile) said.set("profile", profile);
  if (level) said.set("level", level);
  if (text) said.set("q", text);
  return String(said).replaceAll("%2C", ",");
};

const read = (fragment) => {
  const said = new URLSearchParams(fragment);
  controls.text.value = said.get("q") || "";
  if (controls.profile) controls.profile.value = said.get("profile") || "";
  controls.level.value = said.get("level") || "";
  const outcomes = (said.get("outcome") || "").split(",");
  for (const each of controls.outcomes) each.checked = outcomes.includes(each.value);
};

let writing = 0;
const changed = () => {
  const wanted = state();
  show(wanted);
  clearTimeout(writing); // browsers allow so many changes of the address only
  writing = setTimeout(() => {
    history.replaceState(null, "", `#${written(wanted) || "requirements"}`);
  }, 250);
};

const cleared = () => {
  read("");
  changed();
};

const found = (row) => {
  if (row.hidden) {
    read("");
    show(state());
    say(`The filter is cleared, since it hid ${row.id}`);
  }
  for (const other of document.querySelectorAll(".row.found")) other.classList.remove("found");
  row.classList.add("found");
  unfold(row);
  reveal(row);
  row.querySelector(".unfold").focus({ preventScroll: true });
};

// The fragment is a requirement, a filter (none: everything), or a part of the page, which is the browser's business.
const follow = (arriving) => {
  const fragment = location.hash.slice(1);
  const row = rowById.get(fragment);
  if (row) {
    found(row);
  } else if (!fragment) {
    read("");
    show(state());
  } else if (fragment.includes("=")) {
    read(fragment);
    show(state());
    const head = document.getElementById("requirements");
    head.scrollIntoView();
    if (!arriving) head.focus({ preventScroll: true });
  }
};
