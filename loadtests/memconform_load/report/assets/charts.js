"use strict";
// Draws the charts of the page from the JSON in it. Every chart has a sentence and a table beside it; this is the picture.
(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const status = document.getElementById("status");
  const logarithmic = document.getElementById("logarithmic");
  const dashes = { solid: [], dashed: [7, 4], dotted: [2, 3] };
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const drawn = new Map();

  const figure = (value) => {
    if (value == null) return "–";
    const size = Math.abs(value);
    if (size >= 99.95 || size === 0) return Math.round(value).toLocaleString("en");
    return String(Number(value.toPrecision(3)));
  };
  const clock = (second) => {
    const whole = Math.floor(second);
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (number) => String(number).padStart(2, "0");
    return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  };
  const share = (nines) => {
    const percent = 100 * (1 - 10 ** -nines);
    return `${Number(percent.toFixed(Math.max(1, Math.ceil(nines))))} %`;
  };

  // The next of 1, 2, 5, 10, 20, 50… at or beyond a value.
  const stepped = (value, up) => {
    const power = 10 ** Math.floor(Math.log10(value));
    const steps = [1, 2, 5, 10].map((step) => step * power);
    return up ? steps.find((step) => step >= value * 0.9999) : steps.reverse().find((step) => step <= value * 1.0001);
  };

  const axes = (chart, width) => {
    const common = { stroke: colour("soft"), grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid"), width: 1 } };
    const font = "12px system-ui, sans-serif";
    const x = { ...common, font, size: 34 };
    if (chart.kind === "curve") {
      const last = chart.x[chart.x.length - 1];
      const half = (0.3 * width) / Math.max(last, 1) > 55 ? [Math.log10(2)] : []; // its label needs room
      x.splits = () => [0, ...half, 1, 2, 3, 4, 5, 6, 7].filter((nines) => nines <= last + 1e-9);
      x.values = (_, splits) => splits.map(share);
    } else {
      x.incrs = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600];
      x.values = (_, splits) => splits.map(clock);
    }
    const left = { ...common, font, scale: "y", size: 58, label: chart.unit, labelSize: 18, labelFont: font, labelGap: 0 };
    left.values = (_, splits) => splits.map((value) => (value == null ? "" : figure(value)));
    const right = { ...left, scale: "y2", side: 1, label: chart.unit2, grid: { show: false } };
    return chart.unit2 ? [x, left, right] : [x, left];
  };

  // Seconds with failed calls get a cross at the bottom, seconds with violations a line and a triangle at the top.
  const marks = (chart) => (u) => {
    if (!chart.marks) return;
    const { ctx } = u;
    const size = 4 * devicePixelRatio;
    const { left, top, height } = u.bbox;
    ctx.save();
    ctx.lineWidth = 1.5 * devicePixelRatio;
    chart.x.forEach((second, index) => {
      const x = u.valToPos(second, "x", true);
      if (x < left - 1 || x > left + u.bbox.width + 1) return;
      if (chart.marks.failed[index]) {
        const y = top + height - size - 2;
        ctx.strokeStyle = colour("bad");
        ctx.beginPath();
        ctx.moveTo(x - size, y - size); ctx.lineTo(x + size, y + size);
        ctx.moveTo(x + size, y - size); ctx.lineTo(x - size, y + size);
        ctx.stroke();
      }
      if (chart.marks.violations[index]) {
        ctx.strokeStyle = ctx.fillStyle = colour("mark");
        ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
        ctx.beginPath(); ctx.moveTo(x, top); ctx.lineTo(x, top + height); ctx.stroke();
        ctx.setLineDash([]);
        ctx.beginPath(); ctx.moveTo(x - 1.4 * size, top); ctx.lineTo(x + 1.4 * size, top); ctx.lineTo(x, top + 2 * size);
        ctx.fill();
      }
    });
    ctx.restore();
  };

  const options = (chart, place) => {
    const x = chart.kind === "curve" ? share : clock;
    const series = chart.series.map((each) => ({
      label: each.name, scale: each.right ? "y2" : "y", stroke: colour(each.colour), width: each.width || 1.75, dash: dashes[each.dash || "solid"],
      points: { show: each.points || chart.x.length < 3 }, spanGaps: false, value: (_, value) => figure(value),
    }));
    // Counts that have no line are read in the legend.
    const counted = chart.marks ? ["failed", "violations"].filter((name) => chart.marks[name].some(Boolean)) : [];
    const silent = counted.map((name) => ({
      label: name, scale: "count", stroke: colour(name === "failed" ? "bad" : "mark"), width: 1.75, paths: () => null,
      points: { show: false }, value: (_, value) => figure(value),
    }));
    const log = chart.latency && logarithmic.checked;
    // Times below 10 µs are no more than noise: a lower axis would press what matters together.
    const powers = (_, low, high) => [stepped(Math.max(low || 0.01, 0.01), false), stepped(Math.max(high || 1, 0.02), true)];
    const upTo = (_, low, high) => [0, high > 0 ? high * 1.08 : 1];
    return {
      width: Math.max(place.clientWidth, 200), height: place.clientWidth < 420 ? 230 : 270,
      scales: { x: { time: false }, y: log ? { distr: 3, log: 10, range: powers } : { range: upTo }, y2: { range: (_, low, high) => [0, Math.max(high, 100)] }, count: { range: upTo } },
      axes: axes(chart, place.clientWidth),
      series: [{ label: chart.kind === "curve" ? "share" : "at", value: (_, value) => (value == null ? "–" : x(value)) }, ...series, ...silent],
      cursor: { y: false, drag: { x: true, y: false }, sync: chart.kind === "time" ? { key: "time", setSeries: false } : undefined },
      hooks: { draw: [marks(chart)] },
      legend: { markers: { dash: (_, index) => ((chart.series[index - 1] || {}).dash === "dashed" ? "dashed" : "solid") } },
      data: [chart.x, ...chart.series.map((each) => each.values), ...counted.map((name) => chart.marks[name])],
    };
  };

  // Legends switch lines on and off by mouse; here by keyboard too.
  const legendByKeys = (u) => {
    u.root.querySelectorAll(".u-legend .u-series:not(:first-child) th").forEach((head, index) => {
      head.tabIndex = 0;
      head.setAttribute("role", "button");
      head.setAttribute("aria-pressed", String(u.series[index + 1].show));
      head.addEventListener("click", () => setTimeout(() => head.setAttribute("aria-pressed", String(u.series[index + 1].show))));
      head.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        head.click();
      });
    });
  };

  // Arrow keys walk along a chart; what is there is said aloud.
  const walk = (chart, place) => (event) => {
    const u = drawn.get(place);
    if (event.target !== place || !u) return;
    const last = chart.x.length - 1;
    const now = u.cursor.idx == null ? -1 : u.cursor.idx;
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, PageDown: now + 10, PageUp: now - 10, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = Math.min(Math.max(to, 0), last);
    u.setCursor({ left: u.valToPos(chart.x[index], "x"), top: 10 });
    const x = chart.kind === "curve" ? share : clock;
    status.textContent = [x(chart.x[index]), ...chart.series.map((each) => `${each.name} ${figure(each.values[index])}`)].join(", ");
  };

  const draw = (place) => {
    const chart = data[Number(place.dataset.chart)];
    const before = drawn.get(place);
    if (before) before.destroy();
    const { data: columns, ...how } = options(chart, place);
    const u = new uPlot(how, columns, place);
    drawn.set(place, u);
    legendByKeys(u);
  };
  const places = [...document.querySelectorAll(".plot[data-chart]")];
  const drawAll = () => places.forEach(draw);

  places.forEach((place) => {
    place.tabIndex = 0;
    place.setAttribute("role", "group");
    place.addEventListener("keydown", walk(data[Number(place.dataset.chart)], place));
  });
  drawAll();
  logarithmic.addEventListener("change", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  let waiting = 0;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 150);
  });

  // Paper is white and narrow, and cannot be opened.
  let opened = [];
  addEventListener("beforeprint", () => {
    root.classList.add("on-paper");
    opened = [...document.querySelectorAll("details:not([open]):not(.by-second):not(figure details)")];
    opened.forEach((each) => { each.open = true; });
    places.forEach((place) => { draw(place); drawn.get(place).setSize({ width: 330, height: 210 }); });
  });
  addEventListener("afterprint", () => {
    root.classList.remove("on-paper");
    opened.forEach((each) => { each.open = false; });
    drawAll();
  });
})();
