// The last hour of the hub as small plots, each with a sentence, and the same as a table.
import { element, getJson } from "./dom.js";
import { moment, parse } from "./times.js";
import { number, t } from "./words.js";

const HOUR_MS = 3600000;
const SLOT_MS = 300000;
const POLL_MS = 10000;
const WIDTH = 360;
const HEIGHT = 60;
const SERIES = [
  ["records_per_second", t("Records stored a second"), 1],
  ["errors", t("Errors in the log"), 0],
  ["pending_writes", t("Records that wait to be stored"), 0],
  ["loop_lag_ms", t("Delay of the event loop, ms"), 0],
  ["memory_mb", t("Memory, MB"), 0],
  ["commit_ms", t("Time of a commit, ms"), 1],
];

function shown(value, digits) { return number(value, { maximumFractionDigits: digits }); }

function shape(kind, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

// Runs of samples without a gap: nothing is known of the time in between.
function runs(points, step) {
  const found = [];
  for (const point of points) {
    const last = found.at(-1)?.at(-1);
    if (last && point.at - last.at <= 3 * step) found.at(-1).push(point);
    else found.push([point]);
  }
  return found;
}

function drawPlot(svg, points, from, step) {
  const top = Math.max(...points.map(({ value }) => value)) || 1;
  const x = (at) => Math.max(0, ((at - from) / HOUR_MS) * WIDTH).toFixed(1);
  const y = (value) => (HEIGHT - 2 - (value / top) * (HEIGHT - 6)).toFixed(1);
  const nodes = [15, 30, 45].map((minutes) => shape("line", { x1: minutes * 6, x2: minutes * 6, y1: 0, y2: HEIGHT }));
  for (const run of runs(points, step)) {
    const line = run.map(({ at, value }) => `${x(at)},${y(value)}`).join(" ");
    nodes.push(shape("polygon", { points: `${x(run[0].at)},${HEIGHT} ${line} ${x(run.at(-1).at)},${HEIGHT}` }), shape("polyline", { points: line }));
  }
  svg.replaceChildren(...nodes);
}

export function plots(holder, table) {
  const figures = SERIES.map(([key, title, digits]) => {
    const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const sentence = element("p", { class: "found" });
    const figure = element("figure", { "data-series": key }, element("figcaption", { text: title }), svg, sentence);
    holder.append(figure);
    return { key, digits, svg, sentence };
  });
  let body = null;

  function show() {
    const now = parse(body.now);
    const times = body.times.map(parse);
    for (const { key, digits, svg, sentence } of figures) {
      const points = times.map((at, place) => ({ at, value: body.series[key][place] })).filter(({ at }) => at > now - HOUR_MS);
      if (!points.length) {
        sentence.textContent = t("The first value comes a second after the start.");
        continue;
      }
      drawPlot(svg, points, now - HOUR_MS, body.interval_seconds * 1000);
      const most = points.reduce((a, b) => (b.value >= a.value ? b : a));
      sentence.textContent = t("now {now}, highest {most} at {time}", { now: shown(points.at(-1).value, digits), most: shown(most.value, digits), time: moment(most.at) });
    }
    if (table.closest("details").open) showTable(now, times);
  }

  // The highest value of every five minutes, the newest first; of errors their number.
  function showTable(now, times) {
    const head = element("tr", {}, element("th", { scope: "col", text: t("until") }), ...SERIES.map(([, title]) => element("th", { scope: "col", text: title })));
    const rows = [];
    for (let end = now; end > now - HOUR_MS; end -= SLOT_MS) {
      const places = times.map((_, place) => place).filter((place) => times[place] <= end && times[place] > end - SLOT_MS);
      if (!places.length) continue;
      rows.push(element("tr", {}, element("th", { scope: "row", text: moment(end) }), ...SERIES.map(([key, , digits]) => {
        const values = places.map((place) => body.series[key][place]);
        return element("td", { text: shown(key === "errors" ? values.reduce((a, b) => a + b) : Math.max(...values), digits) });
      })));
    }
    table.replaceChildren(head, ...rows);
  }

  async function refresh() {
    body = await getJson("/api/status/history");
    show();
  }

  function again() {
    const done = document.hidden ? Promise.resolve() : refresh();
    done.catch(() => {}).finally(() => setTimeout(again, POLL_MS));
  }
  table.closest("details").addEventListener("toggle", () => { if (body) show(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh().catch(() => {}); });
  again();
}
