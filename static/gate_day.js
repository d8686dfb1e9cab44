// Today in numbers: how many came, the share that was read, a bar for each hour.
import { element, getJson } from "./dom.js";
import { moment, parse } from "./times.js";
import { number, t } from "./words.js";

const SOON_MS = 3000;
const EVERY_MS = 60000;

function sum(term, value, note) {
  return element("div", {}, element("dt", { text: term }), element("dd", {}, element("b", { text: value }), note ? element("small", { text: ` ${note}` }) : null));
}

function share([total, read]) { return total ? number(Math.floor((1000 * read) / total) / 1000, { style: "percent", maximumFractionDigits: 1 }) : "–"; }

function bar(hour, most, now) {
  const [total, read] = ["captures", "detections"].reduce(([a, b], kind) => [a + (hour[kind]?.[0] ?? 0), b + (hour[kind]?.[1] ?? 0)], [0, 0]);
  const words = t("{time}: {total} events, {read} read", { time: moment(hour.from), total: number(total), read: number(read) });
  const node = element("li", { class: parse(hour.from) > now ? "to-come" : "", title: words }, element("span", { class: "unseen", text: words }));
  for (const [kind, count] of [["unread", total - read], ["read", read]]) {
    if (!count) continue;
    const part = element("i", { class: kind });
    part.style.blockSize = `${Math.max(2, (100 * count) / most)}%`;
    node.append(part);
  }
  return node;
}

// query: "?station=north" or "". soon(): something came, the numbers are to follow.
export function day(holder, query) {
  const [sums, bars] = [".sums", ".bars"].map((one) => holder.querySelector(one));
  let timer = null;
  for (const hour of holder.querySelectorAll(".axis span")) hour.textContent = number(Number(hour.textContent));

  async function load() {
    clearTimeout(timer);
    timer = null;
    const { totals, hours, now } = await getJson(`/api/today${query}`);
    const { captures, detections } = totals;
    sums.replaceChildren(...[
      captures && (captures[0] || !detections?.[0]) ? [sum(t("Captures"), number(captures[0])), sum(t("Read"), share(captures), captures[0] ? t("{count} not", { count: number(captures[0] - captures[1]) }) : "")] : [],
      detections && (detections[0] || !captures) ? [sum(t("Plate cameras"), number(detections[0])), sum(t("Plates read"), share(detections))] : [],
    ].flat());
    const most = Math.max(1, ...hours.map((hour) => (hour.captures?.[0] ?? 0) + (hour.detections?.[0] ?? 0)));
    bars.replaceChildren(...hours.map((hour) => bar(hour, most, parse(now))));
  }

  const soon = (pause = SOON_MS) => { timer ??= setTimeout(() => load().catch(() => { timer = null; }), pause); };
  setInterval(() => { if (!document.hidden) soon(0); }, EVERY_MS);
  return { load, soon };
}
