"use strict";
// What a requirement unfolds into: why it is there, how it is tested, and what each of its tests saw.
let report = null; // read when it is wanted for the first time, so that the page is there before
const reportOf = (id) => {
  report ??= JSON.parse(document.getElementById("data").textContent);
  return report[id] || { tests: [], wire: [] };
};
const signs = { fail: "✗", error: "!", inconclusive: "?", warn: "▲", pass: "✓", skip: "–" };
const gravity = ["fail", "error", "inconclusive", "warn", "pass", "skip"];

const pairs = (name, ...rows) => {
  const told = rows.filter(([, value]) => value);
  return told.length ? element("dl", { class: name }, told.map(([label, value]) => [element("dt", {}, label), element("dd", {}, value)])) : "";
};

const about = (said) => pairs("about",
  ["Why it is there", said.why && prose(said.why)],
  ["How it is tested", said.how && prose(said.how)],
  ["Applies", said.when && prose(said.when)],
  ["Source", said.source && prose(said.source)],
  ["Not tested", !said.tests.length && said.reason && visible(said.reason)],
  ["Specification", said.link && element("a", { href: said.link }, "this requirement on the specification site")]);

const findings = (record) => pairs("why",
  ...["expected", "observed", "reason"].map((name) => [name, record[name] && visible(record[name])]),
  ["baseline", record.known && element("span", { class: "known" }, visible(record.known))]);

const again = (record) => [element("p", { class: "label" }, "To run it again"), copied(record.again, "command")];

const figure = (measure) => "value" in measure
  ? `${visible(measure.name)} ${measure.value} ${visible(measure.unit)}`
  : measure.samples === 1 ? `${visible(measure.name)} ${duration(measure.max)}`
  : `${visible(measure.name)}: p50 ${duration(measure.p50)}, max ${duration(measure.max)} of ${plural(measure.samples, "sample")}`;

const heading = (outcome, text) => element("h5", {},
  element("span", { class: "sign", "aria-hidden": "true" }, signs[outcome]), " ", prose(text), element("span", { class: "offscreen" }, ` (${outcome})`));

const meta = (record) => element("p", { class: "meta soft" },
  [visible(record.test), duration(record.seconds), plural(record.requests, "request"), ...(record.measures || []).map(figure)].join(" · "));

const tested = (record) => {
  const brief = ["pass", "skip"].includes(record.outcome) && !(record.exchanges || []).length;
  return element("div", { class: `test o-${record.outcome}${brief ? " brief" : ""}` },
    heading(record.outcome, record.promise), meta(record),
    record.of ? element("p", { class: "meta" }, "Found by a test of ", element("a", { href: `#${record.of}` }, record.of), ".") : "",
    brief && record.outcome === "skip" ? element("p", { class: "meta soft" }, visible(record.reason || "")) : "",
    brief ? "" : [findings(record), timeline(record.exchanges || [], record.before), scripted(record), again(record)].flat());
};

const scripted = (record) => record.script
  ? folded("A script that repeats everything that led to it", () => copied(record.script, "script"), record.script.length < 4000)
  : "";

const onTheWire = (finding) => element("div", { class: "test o-fail" },
  heading("fail", `Seen in an exchange of ${finding.test}`), findings(finding), timeline(finding.exchanges), again(finding));

// The first are made at once, the others when they are asked for: a requirement may have hundreds.
const some = (records, make, what, most = 12) => {
  const rest = records.slice(most);
  return [...records.slice(0, most).map(make), rest.length ? folded(`${plural(rest.length, what)} more`, () => rest.map(make)) : ""];
};

const evidenceOf = (id) => {
  const said = reportOf(id);
  const ordered = [...said.tests].sort((a, b) => gravity.indexOf(a.outcome) - gravity.indexOf(b.outcome));
  return element("div", { class: "body" }, about(said),
    some(ordered, tested, "test"), some(said.wire, onTheWire, "exchange"),
    said.tests.length || said.wire.length ? "" : element("p", { class: "meta soft" }, "No test of it ran."));
};
