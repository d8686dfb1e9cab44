// The states of stations, cameras and boards in one line: silent when all is well; what is not stands first, by name.
import { element, getJson, name } from "./dom.js";
import { stateWord } from "./states.js";
import { light, showStations } from "./stations.js";
import { duration, now, parse } from "./times.js";
import { counted, said, t } from "./words.js";

const NAMED = 6;
const SPOKEN = 3; // stations that say what they do
const SOON_MS = 2000;
const EVERY_MS = 20000;

function silentFor(device) { return t("silent for {time}", { time: duration(Math.max(0, now() - parse(device.last_seen))) }); }

function kindWord(kind) { return { station: t("Station"), camera: t("Camera"), board: t("Board"), scale: t("Scale"), device: "" }[kind]; }

function troubled(device) {
  const what = device.state === "offline" ? (device.kind === "device" ? t("does not answer") : [t("offline"), silentFor(device)].join(t(", "))) : said(device.trouble) || t("not well");
  return element("span", { class: "pill bad" }, element("i", { class: "dot" }), element("b", {}, kindWord(device.kind), " ", name(device.kind === "device" ? said(device.name) : device.name)), " ", element("bdi", { class: "what", text: what }));
}

function speaking(station) {
  return element("span", { class: `pill ${light(station.state)}` }, element("i", { class: "dot" }), element("b", {}, name(station.station)), " ",
    element("bdi", { class: "what", text: said(station.message) || stateWord(station.state) }), station.simulated ? element("small", { class: "badge", text: t("simulated gate") }) : null);
}

function well(kinds, spoken) {
  const words = [];
  const stations = (kinds.station?.well ?? 0) - spoken;
  if (stations > 0) words.push(counted(stations, "{count} station", "{count} stations"));
  if (kinds.camera?.well) words.push(counted(kinds.camera.well, "{count} camera", "{count} cameras"));
  if (kinds.board?.well) words.push(counted(kinds.board.well, "{count} board", "{count} boards"));
  if (kinds.scale?.well) words.push(counted(kinds.scale.well, "{count} scale", "{count} scales"));
  return words.length ? element("span", { class: "pill good" }, element("i", { class: "dot" }), t("{devices} well", { devices: words.join(t(", ")) })) : null;
}

// chosen: the only station whose state is shown, "" for all.
export function strip(holder, chosen) {
  const summary = holder.querySelector("summary");
  const cards = document.getElementById("stations");
  const stations = new Map();
  let states = { kinds: {}, troubled: [], troubled_count: 0 };
  let timer = null;
  let cut = false;

  function draw() {
    const listed = [...stations.values()].filter((station) => !chosen || station.station === chosen).sort((a, b) => a.station.localeCompare(b.station, undefined, { numeric: true }));
    if (holder.open) showStations(cards, listed, cut);
    if (cut) {
      summary.replaceChildren(element("span", { class: "pill off" }, element("i", { class: "dot" }), t("States unknown while cut off")));
      return;
    }
    const speak = listed.filter((station) => station.online).slice(0, SPOKEN);
    const first = states.troubled.slice(0, NAMED);
    const more = states.troubled_count - first.length;
    const nodes = [
      ...first.map(troubled),
      more > 0 ? element("span", { class: "pill bad" }, counted(more, "and {count} more", "and {count} more")) : null,
      ...speak.map(speaking),
      well(states.kinds, speak.length),
    ].filter(Boolean);
    if (!nodes.length) nodes.push(element("span", { class: "pill off" }, t("No station, camera or board yet: connect one under Devices.")));
    summary.replaceChildren(...nodes);
  }

  async function load() {
    clearTimeout(timer);
    timer = null;
    states = await getJson("/api/states");
    cut = false;
    draw();
  }

  const soon = (pause = SOON_MS) => { timer ??= setTimeout(() => load().catch(() => { timer = null; }), pause); };
  setInterval(() => { if (!document.hidden && !cut) soon(0); }, EVERY_MS);
  holder.ontoggle = draw;
  return {
    soon,
    load: async () => {
      stations.clear();
      for (const station of (await getJson("/api/stations")).stations) stations.set(station.station, station);
      await load();
    },
    station: (station) => {
      const before = stations.get(station.station);
      stations.set(station.station, station);
      if (before?.online !== station.online || before?.state !== station.state) soon();
      draw();
    },
    cut: () => { cut = true; draw(); },
    names: () => [...stations.keys()],
  };
}
