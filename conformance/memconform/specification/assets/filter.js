"use strict";
// Shows of a page only the entries that have every word of the field, and takes the words from the address (?q=).
(() => {
  const field = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const entries = [...document.querySelectorAll("[data-filter]")].map((element) => ({
    element,
    text: `${element.dataset.filter} ${element.textContent}`.toLowerCase(),
  }));
  const groups = [...document.querySelectorAll("[data-group]")];
  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { element, text } of entries) {
      element.hidden = !words.every((word) => text.includes(word));
      count += element.hidden ? 0 : 1;
    }
    for (const group of groups) group.hidden = count > 0 && !group.querySelector("[data-filter]:not([hidden])");
    shown.textContent = words.length ? `${count} of ${entries.length}` : "";
  };
  field.closest(".filter").hidden = false;
  field.value = new URLSearchParams(location.search).get("q") ?? "";
  field.addEventListener("input", apply);
  // A link to an entry that the filter hides shows everything again.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.closest("[hidden]")) {
      field.value = "";
      apply();
      target.scrollIntoView();
    }
  });
  if (field.value) apply();
})();
