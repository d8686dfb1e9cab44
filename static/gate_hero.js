// The newest event, readable across a room: one for the page, or one for each scale.
import { element, name } from "./dom.js";
import { digits, hit, pictures, trouble, verdict } from "./gate_event.js";
import { small } from "./pictures.js";
import { late, when } from "./times.js";
import { enlarge } from "./viewer.js";
import { advice, addressOf, badge, verdictOf } from "./visit_words.js";
import { counted, number, said, t } from "./words.js";

const MOST = 4;         // heroes on one page
const SHARPEN_MS = 1200; // a hero that stays gets its picture at full size

function picturesOf(event) {
  const shown = pictures(event);
  const titled = shown.map(({ address, title }) => ({ address, title: `${title}: ${digits(event) || t("not read")}` }));
  const buttons = shown.map(({ address, title, role }, place) => {
    const button = element("button", { type: "button", class: `picture ${role}`, title: t("{picture}: press to enlarge", { picture: title }) }, small(address, title));
    button.onclick = () => enlarge(titled, place);
    return button;
  });
  if (!buttons.length) return null;
  return element("div", { class: `shots of${Math.min(buttons.length, 4)}` }, ...buttons);
}

function facts({ kind, record }) {
  if (kind === "detection") return [record.camera_id === record.checkpoint_id ? null : element("span", {}, t("camera"), " ", name(record.camera_id))];
  const seconds = record.started_ts && record.finished_ts ? record.finished_ts - record.started_ts : null;
  return [
    seconds === null ? null : element("span", { text: t("{seconds} s", { seconds: number(seconds, { maximumFractionDigits: 1 }) }) }),
    record.attempts > 1 ? element("span", { text: counted(record.attempts, "{count} attempt", "{count} attempts") }) : null,
  ];
}

function tags({ kind, record }) {
  if (kind === "detection") {
    const match = hit({ kind, record });
    const best = record.plates.find((plate) => plate.confidence !== null);
    const similar = match && !match.exact ? match.differences.map((one) => t("{read} read, {listed} listed", one)).join(", ") : "";
    return element("p", { class: "tag" }, ...[similar, best ? t("{share} sure", { share: number(best.confidence, { style: "percent" }) }) : "", match?.note].filter(Boolean).map((text) => element("span", { text })));
  }
  const others = record.tags.filter((tag) => tag !== record.tag);
  return element("p", { class: "tag" }, name(record.tag || t("no tag")), others.length ? element("small", {}, " + ", name(others.join(", "))) : null);
}

function wrong(event) {
  const found = trouble(event);
  if (!found) return null;
  return element("div", { class: `wrong ${found.minor ? "minor" : ""}` }, element("strong", {}, element("bdi", { text: found.word })), element("p", { text: found.advice }));
}

// A visit of a vehicle that nobody knows says nothing about this event.
function telling(visit) { return visit && visit.state !== "unknown" ? visit : null; }

function visitOf(visit) {
  if (!visit) return [];
  const decide = visit.waits ? element("a", { class: "decide", href: addressOf(visit), text: t("Decide") }) : null;
  return [badge(visit), visit.vehicle ? name(visit.vehicle.name, { class: "vehicle-name" }) : null, decide];
}

function objection(visit) {
  if (!visit || visit.state === "ok") return null;
  return element("div", { class: `wrong ${visit.state === "denied" ? "" : "minor"}` }, element("strong", {}, element("bdi", { text: said(visit.reasons[0] ?? "") })), visit.state === "denied" ? element("p", { text: advice(visit) }) : null);
}

function hero(event, found) {
  const visit = telling(found);
  const { tone: own, word } = verdict(event);
  const tone = visit ? verdictOf(visit).tone : own;
  const large = digits(event);
  const happened = event.kind === "capture" ? event.record.captured_at : event.record.occurred_at;
  const delayed = late(event.kind === "capture" && event.record.finished_ts ? event.record.finished_ts * 1000 : happened, event.received_at);
  const figure = element("p", { class: `number ${large ? "" : "none"}` }, name(large || "–"));
  const shots = picturesOf(event);
  figure.style.setProperty("--chars", String(Math.max(5, Math.min(large.length, 24))));
  return element("article", { class: `hero ${tone} ${shots ? "" : "bare"}`, "data-id": event.id },
    element("div", { class: "said" },
      element("p", { class: "verdict" }, ...(visit ? visitOf(visit) : [element("b", { text: word }), found ? badge(found) : null]), name(event.place || "–", { class: "place-name" })),
      figure, tags(event),
      element("p", { class: "when" }, when(happened), ...facts(event), delayed ? element("span", { class: "late", text: delayed }) : null),
      objection(visit) ?? wrong(event),
      element("p", { class: "opens" }, element("a", { class: "open", href: event.address, text: t("Open") }), found ? element("a", { class: "open", href: addressOf(found), text: t("Visit") }) : null)),
    shots);
}

// holder: where they stand. apart(): whether each scale has a hero of its own. visit(event): its visit, or null.
export function heroes(holder, apart, visit = () => null) {
  const newest = new Map(); // "station north" or "plates" -> its newest event
  const shown = new Map();  // the same key, or "" -> [event, node]
  let sharpen = null;

  // Whether the event is the newest of its place, so that something is to be drawn.
  function offer(event) {
    const key = event.kind === "capture" ? `station ${event.place}` : "plates";
    const before = newest.get(key);
    if (before && (before.at > event.at || before.id === event.id)) return false;
    newest.set(key, event);
    return true;
  }

  function wanted() {
    if (apart(newest)) return [...newest].sort(([a], [b]) => (a === "plates") - (b === "plates") || a.localeCompare(b, undefined, { numeric: true })).slice(0, MOST);
    const [first] = [...newest.values()].sort((a, b) => b.at - a.at);
    return first ? [["", first]] : [];
  }

  function sharp() {
    for (const [, node] of shown.values()) {
      const at = node.querySelectorAll(".shots img");
      const [event] = [...shown.values()].find(([, one]) => one === node);
      pictures(event).forEach(({ address }, place) => { if (at[place]) at[place].src = address; });
    }
  }

  function draw(again = false) {
    const now = wanted();
    const keys = new Set(now.map(([key]) => key));
    for (const key of shown.keys()) if (!keys.has(key)) shown.delete(key);
    for (const [key, event] of now) if (again || shown.get(key)?.[0] !== event) shown.set(key, [event, hero(event, visit(event))]);
    const nodes = now.map(([key]) => shown.get(key)[1]);
    if (nodes.some((node, place) => holder.children[place] !== node) || holder.children.length !== nodes.length) holder.replaceChildren(...nodes);
    holder.dataset.count = String(nodes.length);
    if (!nodes.length) holder.append(element("p", { class: "notice", text: t("No event yet. The next one appears here by itself.") }));
    clearTimeout(sharpen);
    sharpen = setTimeout(sharp, SHARPEN_MS);
  }

  // Draw those anew whose event is one of these.
  function redraw(ids) {
    let some = false;
    for (const [key, [event]] of shown) {
      if (!ids.has(event.id)) continue;
      shown.set(key, [event, hero(event, visit(event))]);
      some = true;
    }
    if (some) draw();
  }

  return {
    offer, draw, redraw,
    known: () => [...newest.keys()],
    find: (id) => [...newest.values()].find((event) => event.id === id),
  };
}
