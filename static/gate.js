// The page of the gate: the newest event large, the list behind it, states and the day; one station, or all of them.
import { digits, eventOf, pictures, verdict } from "./gate_event.js";
import { day } from "./gate_day.js";
import { heroes } from "./gate_hero.js";
import { scales } from "./gate_scales.js";
import { strip } from "./gate_strip.js";
import { visitsOf } from "./gate_visits.js";
import { element, getJson, listen, name, when } from "./live.js";
import { newest } from "./newest.js";
import { small } from "./pictures.js";
import { late } from "./times.js";
import { t } from "./words.js";

const PAGE = 30;
const KEPT = 60;
const DRAW_MS = 250;
const BURST_MS = 1000; // between two heroes while events follow each other faster than anybody reads
const asked = new URLSearchParams(location.search);
const chosen = { station: asked.get("station") ?? "", checkpoint: asked.get("checkpoint") ?? "" };
const query = chosen.station ? `?station=${encodeURIComponent(chosen.station)}` : chosen.checkpoint ? `?checkpoint=${encodeURIComponent(chosen.checkpoint)}` : "";
const byId = (id) => document.getElementById(id);
const checkpoints = new Set();
let drawing = null;
let drawn = -BURST_MS;

// What was searched for here is searched for among the records.
const SEARCHED = ["number", "tag", "plate", "from", "to", "success"];
if (SEARCHED.some((key) => asked.has(key))) location.replace(`/records${location.search}`);

function isChosen(event) {
  if (chosen.station) return event.kind === "capture" && event.place === chosen.station;
  return !chosen.checkpoint || (event.kind === "detection" && event.place === chosen.checkpoint);
}

// Two scales never share one hero.
const hero = heroes(byId("heroes"), (events) => !query && [...events.keys()].filter((key) => key !== "plates").length > 1, (event) => visits.of(event));
const visits = visitsOf((ids) => hero.redraw(ids));
const today = day(byId("day"), query);
const weights = scales(byId("scales"), chosen.checkpoint);
const states = strip(byId("strip"), chosen.station);

function card(event) {
  const { tone, word } = verdict(event);
  const [first] = pictures(event);
  const happened = event.kind === "capture" ? event.record.captured_at : event.record.occurred_at;
  const delayed = late(event.kind === "capture" && event.record.finished_ts ? event.record.finished_ts * 1000 : happened, event.received_at);
  return element("article", { class: `event ${tone}` },
    element("a", { href: event.address },
      first ? small(first.address, "") : element("span", { class: "none" }),
      element("span", { class: "number" }, name(digits(event) || word)),
      element("span", { class: "tag" }, event.kind === "capture" ? name(event.record.tag || t("no tag")) : null),
      element("span", { class: "word", text: word }),
      element("span", { class: "when" }, when(happened, !delayed), " ", name(event.place), delayed ? element("span", { class: "late", text: ` ${delayed}` }) : null)));
}

// Both kinds in one list. What newest.js asks of a search is answered by two requests.
const list = newest({
  holder: byId("list"), limit: PAGE, card, kept: KEPT,
  rows: (events) => events, id: (event) => event.id, time: (event) => event.at, found: () => "",
  empty: t("No event yet. The next one appears here by itself."),
  source: ({ show }) => ({
    load: async () => {
      const events = await stored();
      show(events, false, false);
      for (const event of events) hero.offer(event);
      hero.draw(true);
    },
    searching: () => false, hasOlder: () => {},
  }),
});

async function captures(more) { return (await getJson(`/api/captures?limit=${PAGE}${more}`)).captures.map((record) => eventOf("capture", record)); }

async function detections(more) { return (await getJson(`/api/records?limit=${PAGE}&order=time${more}`)).records.map((record) => eventOf("detection", record)); }

// The newest of a station are found by arrival: an index has those at once.
async function stored() {
  if (chosen.station) return captures(`&station=${encodeURIComponent(chosen.station)}`);
  if (chosen.checkpoint) return detections(`&checkpoint=${encodeURIComponent(chosen.checkpoint)}`);
  return (await Promise.all([captures("&order=time"), detections("")])).flat();
}

// A station that has captured nothing for long has its hero all the same.
async function missingHeroes() {
  if (query) return;
  const known = hero.known();
  const lacking = states.names().filter((station) => !known.includes(`station ${station}`)).slice(0, 4);
  const found = await Promise.all(lacking.map((station) => getJson(`/api/captures?limit=1&station=${encodeURIComponent(station)}`)));
  for (const body of found) for (const record of body.captures) hero.offer(eventOf("capture", record));
  hero.draw();
}

function offer(event) {
  if (!hero.offer(event)) return;
  drawing ??= setTimeout(() => {
    drawing = null;
    drawn = performance.now();
    hero.draw();
  }, Math.max(DRAW_MS, drawn + BURST_MS - performance.now()));
}

// live.js asks each kind what it missed; both go into the one list.
let stale = false;
function kind(kindName) {
  let last = "";
  const events = (records) => records.map((record) => eventOf(kindName, record));
  return {
    last: () => last,
    load: async () => { stale = true; },
    start: (records) => { if (records.length) last = events(records)[0].id; },
    arrived: (record) => {
      const event = eventOf(kindName, record);
      last = event.id;
      today.soon();
      if (!isChosen(event)) return;
      list.arrived(event);
      offer(event);
    },
    missed: (records) => {
      const all = events(records);
      if (all.length) last = all[0].id;
      const shown = all.filter(isChosen);
      shown.forEach(offer);
      return list.missed(shown);
    },
  };
}

function showPlaces() {
  const select = byId("place").querySelector("select");
  const options = [["", t("everything"), ""]];
  for (const station of states.names().sort()) options.push([`station=${encodeURIComponent(station)}`, t("Station {name}", { name: station }), chosen.station === station]);
  for (const place of [...checkpoints].sort()) options.push([`checkpoint=${encodeURIComponent(place)}`, t("Plates at {name}", { name: place }), chosen.checkpoint === place]);
  if (query && !options.some(([, , selected]) => selected)) options.push([query.slice(1), chosen.station || chosen.checkpoint, true]);
  byId("place").hidden = options.length < 3 && !query;
  if (document.activeElement !== select) select.replaceChildren(...options.map(([value, text, selected]) => element("option", { value, text, selected: Boolean(selected) })));
  select.onchange = () => location.assign(select.value ? `/?${select.value}` : "/");
}

// Somebody corrected what is shown here.
function corrected({ kind: of, id, field, index, value }) {
  const event = hero.find(id);
  if (event) {
    if (of === "capture" && field === "number") event.record.corrected_number = value;
    else if (of === "detection") {
      if (!event.record.plates.length && !index) event.record.plates.push({ text: "", plate: "", confidence: null, box: null });
      if (event.record.plates[index]) event.record.plates[index].corrected = value;
    }
    hero.draw(true);
  }
  const row = byId("list").querySelector(`[data-id="${CSS.escape(id)}"] .number bdi`);
  if (row && (of === "capture" || !index)) row.textContent = value;
}

byId("records").href = `/records${query}`;
listen({
  lists: { capture: kind("capture"), detection: kind("detection") },
  onCut: () => { states.cut(); weights.cut(); },
  onOpen: async () => {
    const cameras = getJson("/api/cameras").then((body) => { for (const camera of body.cameras) checkpoints.add(camera.checkpoint_id); });
    today.load().catch(() => {}); // the first count of a large day takes a second: nobody waits for it
    await Promise.all([cameras, states.load(), weights.load(), visits.load(), stale ? list.load() : null]);
    stale = false;
    showPlaces();
    await missingHeroes();
  },
  onMessage: (message) => {
    if (message.event === "station") {
      states.station(message.station);
      if (byId("place").hidden) showPlaces();
    } else if (message.event === "camera") states.soon();
    else if (message.event === "scale") weights.arrived(message.scale);
    else if (message.event === "visit" || message.event === "visit_update") visits.arrived(message.visit);
    else if (message.event === "correction") corrected(message.correction);
  },
});
