"use strict";
// The exchanges of a test in time: when, what was asked, what came back, how long it took; headers and bodies unfold.
const pathOf = (url) => {
  try {
    const parts = new URL(url);
    return parts.pathname + parts.search;
  } catch {
    return url;
  }
};

const pretty = (text, whole) => {
  if (!whole) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return text;
  }
};

const half = (title, message) => {
  const kept = new TextEncoder().encode(message.body).length;
  const cut = message.body_bytes > kept + 2;
  const headers = message.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  const size = cut ? `, the beginning of ${message.body_bytes.toLocaleString("en")} bytes` : "";
  return element("div", {},
    element("p", { class: "label" }, `${title}${size}`),
    element("pre", { class: "headers", tabindex: "0", role: "group", "aria-label": `${title}: headers` }, visible(headers) || "no headers"),
    message.body ? element("pre", { tabindex: "0", role: "group", "aria-label": `${title}: body` }, visible(pretty(message.body, !cut))) : "");
};

const statusOf = (exchange) => {
  const by = exchange.answered_by ? ` by ${visible(exchange.answered_by)}` : "";
  return exchange.response ? `${exchange.response.status}${by}` : "no answer";
};

const exchanged = (exchange, begun, span) => {
  const digit = exchange.response ? Math.floor(exchange.response.status / 100) : 0;
  const bar = element("i");
  bar.style.left = `${(100 * (exchange.at_s - begun)) / span}%`;
  bar.style.width = `${(100 * exchange.seconds) / span}%`;
  const details = folded("", () => [
    exchange.problem ? element("p", { class: "bad" }, visible(exchange.problem)) : "",
    element("p", { class: "label" }, `${exchange.at_s.toFixed(3)} s after the start of the run`),
    element("div", { class: "halves" }, half("Request", exchange.request), exchange.response ? half("Response", exchange.response) : ""),
    element("p", { class: "label" }, "The same request as a command"),
    copied(exchange.curl, "curl"),
  ]);
  details.querySelector("summary").append(
    element("span", { class: "at" }, exchange.at_s > begun ? `+${duration(exchange.at_s - begun)}` : "0"),
    element("span", { class: "asked" }, element("code", {}, `${visible(exchange.request.method)} ${visible(pathOf(exchange.request.url))}`)),
    element("span", { class: "status" }, statusOf(exchange)),
    element("span", { class: "track", "aria-hidden": "true" }, bar),
    element("span", { class: "took" }, duration(exchange.seconds)));
  const item = element("li", { class: `s${digit}` }, details);
  item.details = details;
  return item;
};

const timeline = (exchanges, before = []) => {
  if (!exchanges.length && !before.length) return "";
  const begun = Math.min(...exchanges.map((each) => each.at_s));
  const span = Math.max(...exchanges.map((each) => each.at_s + each.seconds - begun), 1e-6);
  const inTime = [...exchanges].sort((a, b) => a.at_s - b.at_s);
  const items = inTime.map((each) => exchanged(each, begun, span));
  if (items.length === 1) items[0].details.fill();
  return [
    element("p", { class: "label" }, [exchanges.length ? `${plural(exchanges.length, "exchange")} to look at` : "Exchanges", before.length ? `, after ${plural(before.length, "other")}` : ""].join("")),
    element("ol", { class: "timeline" }, before.map((line) => element("li", { class: "earlier" }, element("span", { class: "offscreen" }, "before: "), visible(line))), items),
  ];
};
