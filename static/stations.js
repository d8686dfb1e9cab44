// Cards of stations with their reader and cameras. While the hub is gone nobody knows how they are.
import { element, name } from "./dom.js";
import { stateWord } from "./states.js";
import { moment } from "./times.js";
import { counted, said, t } from "./words.js";

const GOOD = new Set(["connected", "live", "waiting", "capturing"]);
const CAMERAS = { primary: t("Primary camera"), secondary: t("Secondary camera") };
const PENDING = new Set(["connecting", "opening", "starting"]);

export function light(state) {
  return GOOD.has(state) ? "good" : PENDING.has(state) ? "pending" : "bad";
}

function device(title, status, online) {
  if (!status) return null;
  const state = online ? light(status.state) : "off";
  const note = said(status.error || (state === "good" ? "" : status.message));
  return element("li", { class: state, title: [status.address, said(status.message)].filter(Boolean).join(" – ") },
    element("i", { class: "dot" }), element("span", { text: title }),
    element("span", { class: "state", text: online ? stateWord(status.state) : t("unknown") }), note && online ? element("small", { text: note }) : null);
}

function cameraTitle(role) {
  return CAMERAS[role] ?? t("{role} camera", { role: `${role[0]?.toUpperCase() ?? ""}${role.slice(1)}` });
}

function stationCard(shown, cut) {
  const station = cut ? { ...shown, online: false } : shown;
  const devices = [device(t("Reader"), station.reader, station.online)];
  for (const camera of station.cameras) devices.push(device(cameraTitle(camera.role), camera, station.online));
  const outbox = station.outbox;
  const notes = [];
  if (outbox.waiting) notes.push(counted(outbox.waiting, "{count} waiting to be sent", "{count} waiting to be sent"));
  for (const [thread, { restarts, error }] of Object.entries(station.threads)) if (restarts) notes.push(counted(restarts, "{thread} broke down {count} time ({error})", "{thread} broke down {count} times ({error})", { thread, error }));
  if (outbox.shelved) notes.push(counted(outbox.shelved, "{count} refused by the hub", "{count} refused by the hub"));
  return element("article", { class: `station ${station.online ? light(station.state) : "off"}`, "data-station": station.station },
    element("h2", {}, element("i", { class: "dot" }), name(station.station),
      station.simulated ? element("b", { class: "badge", text: t("simulated gate") }) : null),
    element("p", { class: "message", text: cut ? t("State unknown while cut off") : station.online ? said(station.message) || stateWord(station.state) : t("Not heard since {time}", { time: moment(station.last_seen) }) }),
    element("ul", {}, ...devices),
    notes.length ? element("p", { class: "outbox", text: notes.join(", ") }) : null,
    ...outbox.shelf.slice(0, 3).map((row) => element("p", { class: "outbox", text: `${row.tag}: ${said(row.reason)}` })));
}

// cut: the hub is gone, so that these states are the last known ones.
export function showStations(holder, stations, cut = false) {
  const rows = [...stations].sort((a, b) => a.station.localeCompare(b.station));
  holder.replaceChildren(...rows.map((station) => stationCard(station, cut)));
  if (!rows.length) holder.append(element("p", { class: "notice", text: t("No station has reported yet. Start one with: {command}", { command: "python agent.py" }) }));
}
