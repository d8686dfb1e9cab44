// Cards of stations with their reader and cameras. While the hub is gone nobody knows how they are.
import { element, name } from "./dom.js";
import { moment } from "./times.js";

const GOOD = new Set(["connected", "live", "waiting", "capturing"]);
const PENDING = new Set(["connecting", "opening", "starting"]);

export function light(state) {
  return GOOD.has(state) ? "good" : PENDING.has(state) ? "pending" : "bad";
}

function device(title, status, online) {
  if (!status) return null;
  const state = online ? light(status.state) : "off";
  const note = status.error || (state === "good" ? "" : status.message);
  return element("li", { class: state, title: [status.address, status.message].filter(Boolean).join(" – ") },
    element("i", { class: "dot" }), element("span", { text: title }),
    element("span", { class: "state", text: online ? status.state : "unknown" }), note && online ? element("small", { text: note }) : null);
}

function stationCard(shown, cut) {
  const station = cut ? { ...shown, online: false } : shown;
  const devices = [device("Reader", station.reader, station.online)];
  for (const camera of station.cameras) devices.push(device(`${camera.role[0]?.toUpperCase() ?? ""}${camera.role.slice(1)} camera`, camera, station.online));
  const outbox = station.outbox;
  const notes = [];
  if (outbox.waiting) notes.push(`${outbox.waiting} waiting to be sent`);
  for (const [name, thread] of Object.entries(station.threads)) if (thread.restarts) notes.push(`${name} broke down ${thread.restarts} times (${thread.error})`);
  if (outbox.shelved) notes.push(`${outbox.shelved} refused by the hub`);
  return element("article", { class: `station ${station.online ? light(station.state) : "off"}`, "data-station": station.station },
    element("h2", {}, element("i", { class: "dot" }), name(station.station),
      station.simulated ? element("b", { class: "badge", text: "simulated gate" }) : null),
    element("p", { class: "message", text: cut ? "State unknown while cut off" : station.online ? station.message || station.state : `Not heard since ${moment(station.last_seen)}` }),
    element("ul", {}, ...devices),
    notes.length ? element("p", { class: "outbox", text: notes.join(", ") }) : null,
    ...outbox.shelf.slice(0, 3).map((row) => element("p", { class: "outbox", text: `${row.tag}: ${row.reason}` })));
}

// cut: the hub is gone, so that these states are the last known ones.
export function showStations(holder, stations, cut = false) {
  const rows = [...stations].sort((a, b) => a.station.localeCompare(b.station));
  holder.replaceChildren(...rows.map((station) => stationCard(station, cut)));
  if (!rows.length) holder.append(element("p", { class: "notice", text: "No station has reported yet. Start one with: python agent.py" }));
}
