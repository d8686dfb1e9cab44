// The state of the hub, polled every two seconds.
import { element, getJson, listen, moment } from "./live.js";
import { showStations } from "./stations.js";

function table(id, rows, head, last = null) {
  const node = document.getElementById(id);
  node.replaceChildren();
  if (head) node.append(element("tr", {}, ...head.map((text) => element("th", { text, scope: "col" }))));
  for (const row of rows) node.append(element("tr", {}, ...row.map((text, column) => element(column || head ? "td" : "th", { text, class: column === row.length - 1 ? last : null }))));
}

function duration(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const hours = Math.floor(seconds / 3600);
  return hours ? `${hours} h ${Math.floor(seconds / 60) % 60} min` : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

function showBoards({ boards = [], games }) {
  table("boards", boards.map((row) => [row.address, row.state, duration(row.silent_seconds), row.name]), ["address", "state", "silent for", "name"], "long");
  table("games", games.games.map((row) => [row.address, row.behind ? `${row.queue}, behind` : String(row.queue), String(row.sent), String(row.dropped), row.name]), ["address", "waiting", "sent", "skipped", "name"], "long");
}

function showDetection({ vision, cameras }) {
  document.getElementById("detection-part").hidden = cameras.length === 0;
  table("detection", cameras.map((row) => [row.camera, row.seen.join(", ") || "none", String(row.per_second), String(row.milliseconds)]), ["camera", "tags", "a second", "ms each"]);
  const errors = cameras.filter((row) => row.error).map((row) => element("p", { class: "found", text: `${row.camera}: ${row.error}` }));
  document.getElementById("vision").replaceChildren(...errors, element("p", { class: "found", text: `Vision process: ${vision.state}, ${vision.restarts} restarts` }));
}

function showPresence({ vision, cameras }) {
  document.getElementById("presence-part").hidden = cameras.length === 0;
  const vehicle = (row) => (row.present === null ? "unknown" : row.present ? `${row.kind} since ${moment(row.since)}` : "none");
  table("presence", cameras.map((row) => [row.camera, vehicle(row), String(row.per_second), String(row.milliseconds)]), ["camera", "vehicle", "a second", "ms each"]);
  const notes = cameras.filter((row) => row.note || row.error).map((row) => element("p", { class: "found", text: `${row.camera}: ${row.note || row.error}` }));
  document.getElementById("presence-vision").replaceChildren(...notes, element("p", { class: "found", text: `Vision process: ${vision.state}, ${vision.restarts} restarts` }));
}

function viewers(row) {
  return { name: "live pictures", listeners: row.viewers, sent: row.sent, dropped_listeners: row.dropped };
}

let cut = false;
let newest = [];

const stations = () => showStations(document.getElementById("stations"), newest, cut);

async function refresh() {
  const status = await getJson("/status");
  if (cut) return;
  newest = status.stations;
  document.getElementById("warnings").replaceChildren(...status.warnings.map((text) => element("p", { class: "notice bad", text })));
  stations();
  table("hub", [
    ["Running for", duration(status.uptime_seconds)],
    ["Memory", `${status.memory_mb} MB`],
    ["Captures stored", String(status.captures.stored)],
    ["Newest capture", status.captures.newest_received_at ? moment(status.captures.newest_received_at) : "none yet"],
    ["Event loop held over 50 ms", `${status.event_loop.stalls} times in ten minutes, longest ${status.event_loop.longest_ms} ms`],
    ["Records waiting to be written", String(status.writer.waiting)],
    ["Longest commit", `${status.writer.longest_commit_ms} ms`],
    ["Free on the disk", status.disk.free_mb === null ? "unknown" : `${Math.round(status.disk.free_mb)} MB of ${Math.round(status.disk.total_mb)} MB`],
    ["Refused as too busy", status.lanes.filter((lane) => lane.refused).map((lane) => `${lane.name}: ${lane.refused}`).join(", ") || "none"],
    ["Last store error", status.writer.last_error || "none"],
    ["Data folder", status.instance],
  ]);
  table("ports", Object.entries({ ...status.listeners, ...(status.udp ? { "apriltag (UDP)": status.udp.port } : {}) }).map(([name, port]) => [name, String(port)]));
  table("listeners", [status.result_listeners, status.pages, viewers(status.video.watched_by)].map((row) => [row.name, String(row.listeners), String(row.sent), String(row.dropped_listeners)]), ["name", "now", "sent", "dropped"]);
  showBoards(status);
  showDetection(status.tag_detection);
  showPresence(status.presence);
  table("tasks", status.tasks.map((task) => [task.name, task.running ? "running" : "ended", String(task.restarts), task.error]), ["task", "state", "restarts", "last error"]);
}

function again() { refresh().catch(() => {}).finally(() => setTimeout(again, 2000)); }
listen({
  onOpen: () => { cut = false; return refresh(); },
  onCut: () => { cut = true; stations(); },
});
again();
