"use strict";
// Makes elements from texts only: nothing that a server said is ever parsed as markup.
const element = (name, attributes, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children.flat(Infinity).filter((child) => child != null && child !== ""));
  return made;
};

// What cannot be seen, or turns a line around, is shown as a picture of itself; copies stay as they are.
const visible = (text) => String(text)
  .replace(/[\u0000-\u0008\u000b-\u001f]/g, (letter) => String.fromCharCode(0x2400 + letter.charCodeAt(0)))
  .replace(/\u007f/g, "\u2421")
  .replace(/[\u0080-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/g, "\ufffd");

// A sentence of the contract: what stands between backticks is code.
const prose = (text) => {
  const parts = visible(text).split("`");
  return parts.length % 2 ? parts.map((part, place) => (place % 2 ? element("code", {}, part) : part)) : [visible(text)];
};

const duration = (seconds) => {
  const three = (number) => String(Number(number.toPrecision(3)));
  if (seconds < 0.0009995) return `${three(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${three(seconds * 1e3)} ms`;
  return `${three(seconds)} s`;
};

const plural = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

// Says something to those who hear the page; the same words twice are said twice.
const say = (text) => {
  const place = document.getElementById("said");
  place.textContent = "";
  setTimeout(() => { place.textContent = text; }, 30);
};

const copyText = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { class: "offscreen", "aria-hidden": "true" });
    area.value = text;
    const before = document.activeElement;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (before) before.focus();
    return done;
  }
};

const exact = new WeakMap(); // what a button copies, where that is not what is shown

const copying = async (button) => {
  const shown = button.parentElement.querySelector("pre");
  const done = await copyText(exact.get(button) ?? shown.textContent);
  const before = button.dataset.label || button.textContent;
  button.dataset.label = before;
  button.textContent = done ? "Copied" : "Select and copy by hand";
  say(button.textContent);
  setTimeout(() => { button.textContent = before; }, 1600);
};

const copied = (text, what) => {
  const button = element("button", { type: "button", class: "copy" }, "Copy", element("span", { class: "offscreen" }, ` ${what}`));
  button.dataset.label = "Copy";
  exact.set(button, text);
  return element("div", { class: "copied" }, element("pre", { tabindex: "0", role: "group", "aria-label": what }, visible(text)), button);
};

// A part that is made when it is opened for the first time.
const folded = (label, make, open = false) => {
  const details = element("details", {}, element("summary", {}, label));
  const fill = () => {
    if (details.open && details.childElementCount === 1) details.append(...[make()].flat(Infinity).filter(Boolean));
  };
  details.addEventListener("toggle", fill);
  details.fill = () => { details.open = true; fill(); };
  if (open) details.fill();
  return details;
};
