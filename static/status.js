// The state of the hub, polled every two seconds: tables, plots of the last hour, and for admins the log.
import { element, getJson, listen, moment, name, when } from "./live.js";
import { stateWord } from "./states.js";
import { showStations } from "./stations.js";
import { logView } from "./status_log.js";
import { plots } from "./status_plots.js";
import { counted, number, said, t } from "./words.js";

const POLL_MS = 2000;
const byId = (id) => document.getElementById(id);
const drawn = new Map(); // id of a table -> what it shows
const NONE = t("none");

// Rows of texts or nodes; with `head` a row of headings, else the first cell of each row is one. Unchanged rows stay.
function table(id, rows, head, last = null) {
  const key = JSON.stringify(rows.map((row) => row.map((cell) => cell?.textContent ?? cell)));
  if (drawn.get(id) === key) return;
  drawn.set(id, key);
  const cell = (content, column, row) => {
    const node = element(column || head ? "td" : "th", { class: column === row.length - 1 ? last : null, scope: column || head ? null : "row" });
    node.append(content ?? "");
    return node;
  };
  const lines = rows.map((row) => element("tr", {}, ...row.map((content, column) => cell(content, column, row))));
  if (head && rows.length) lines.unshift(element("tr", {}, ...head.map((text) => element("th", { text, scope: "col" }))));
  if (!rows.length) lines.push(element("tr", {}, element("td", { class: "found", text: NONE })));
  byId(id).replaceChildren(...lines);
}

function duration(seconds) {
  if (seconds < 60) return t("{seconds} s", { seconds: Math.floor(seconds) });
  const hours = Math.floor(seconds / 3600);
  if (!hours) return t("{minutes} min {seconds} s", { minutes: Math.floor(seconds / 60), seconds: Math.floor(seconds % 60) });
  return t("{hours} h {minutes} min", { hours, minutes: Math.floor(seconds / 60) % 60 });
}

// A dot and a word: colour alone says nothing.
function state(good, text) {
  return element("span", { class: `lamp ${good ? "good" : "bad"}` }, element("i", { class: "dot" }), text);
}

function megabytes(value) { return t("{count} MB", { count: number(Math.round(value)) }); }

// Only a hub with others beside it has a row for them.
function otherHubs(live) {
  if (!live) return [];
  const there = t("{count} connected through Redis", { count: number(live.hubs.length) });
  return [[t("Other hubs"), live.connected ? state(true, there) : state(false, t("cut off: Redis is away"))]];
}

function showHub(status) {
  table("hub", [
    [t("Running for"), duration(status.uptime_seconds)],
    [t("Memory"), megabytes(status.memory_mb)],
    [t("Captures stored"), number(status.captures.stored)],
    [t("Newest capture"), status.captures.newest_received_at ? when(status.captures.newest_received_at) : t("none yet")],
    [t("Event loop held over 50 ms"), t("{times} in ten minutes, longest {longest} ms", { times: counted(status.event_loop.stalls, "once", "{count} times"), longest: number(status.event_loop.longest_ms) })],
    [t("Records stored since the start"), number(status.writer.records)],
    [t("Records refused"), number(status.writer.not_stored)],
    [t("Longest commit"), t("{count} ms", { count: number(status.writer.longest_commit_ms) })],
    [t("Last store error"), said(status.writer.last_error) || NONE],
    [t("Connections"), status.connections ? t("{open} open, {refused} refused", { open: number(status.connections.connections), refused: number(status.connections.refused) }) : NONE],
    ...otherHubs(status.live),
    [t("Log since the start"), t("{warnings} warnings, {errors} errors", { warnings: number(status.log.lines.WARNING ?? 0), errors: number((status.log.lines.ERROR ?? 0) + (status.log.lines.CRITICAL ?? 0)) })],
  ]);
  table("disk", [
    [t("Free"), status.disk.free_mb === null ? t("unknown") : t("{free} of {total}", { free: megabytes(status.disk.free_mb), total: megabytes(status.disk.total_mb) })],
    [t("State"), status.disk.refusing ? state(false, t("full: records are refused")) : state(true, t("records are stored"))],
    [t("Refused for want of room"), number(status.disk.refused_for_room)],
    [t("Data folder"), name(status.instance, { dir: "ltr" })],
  ]);
  table("versions", Object.entries(status.versions));
  const ports = Object.entries({ ...status.listeners, ...(status.udp ? { "apriltag (UDP)": status.udp.port } : {}) });
  const closed = status.closed_listeners.filter((port) => port !== "udp" || !status.udp);
  table("ports", [...ports.map(([port, at]) => [port, String(at), state(true, t("open"))]), ...closed.map((port) => [port, "–", state(false, t("not open; see the log"))])], [t("port"), t("number"), t("state")]);
}

function showQueues(status) {
  const rows = [[t("records to be stored"), number(status.writer.waiting), number(status.writer.limit), number(status.writer.records), number(status.writer.not_stored), t("{count} ms", { count: number(status.writer.longest_commit_ms) })]];
  for (const lane of status.lanes) rows.push([lane.name, number(lane.pending), number(lane.limit), number(lane.done), number(lane.refused), t("{count} ms", { count: number(lane.longest_ms) })]);
  table("queues", rows, [t("queue"), t("waiting"), t("at most"), t("done"), t("refused"), t("longest")]);
  const video = status.video.watched_by;
  const listeners = [status.result_listeners, status.pages, { name: t("live pictures"), listeners: video.viewers, sent: video.sent, dropped_listeners: video.dropped }];
  table("listeners", listeners.map((row) => [row.name, number(row.listeners), number(row.sent), number(row.dropped_listeners)]), [t("name"), t("now"), t("sent"), t("dropped")]);
}

function showDeliveries(rows) {
  byId("deliveries-part").hidden = rows.length === 0;
  table("deliveries", rows.map((row) => [
    row.name, name(row.target), row.failing ? state(false, t("not delivered")) : state(true, t("in order")), number(row.waiting), number(row.delivered),
    number(row.left_out + row.rejected), row.last_success ? when(row.last_success) : t("none since the start"), said(row.problem),
  ]), [t("to"), t("address"), t("state"), t("waiting"), t("delivered"), t("left out or refused"), t("last success"), t("problem")], "long");
}

function showBoards({ boards = [], games }) {
  table("boards", boards.map((row) => [row.address, stateWord(row.state), duration(row.silent_seconds), name(row.name)]), [t("address"), t("state"), t("silent for"), t("name")], "long");
  table("games", games.games.map((row) => [row.address, row.behind ? t("{count}, behind", { count: number(row.queue) }) : number(row.queue), number(row.sent), number(row.dropped), name(row.name)]), [t("address"), t("waiting"), t("sent"), t("skipped"), t("name")], "long");
}

function notes(holder, rows, vision) {
  const found = rows.map((row) => element("p", { class: "found" }, name(row.camera), ": ", name(said(row.note || row.error))));
  byId(holder).replaceChildren(...found, element("p", { class: "found", text: t("Vision process: {state}, {restarts}", { state: stateWord(vision.state), restarts: counted(vision.restarts, "{count} restart", "{count} restarts") }) }));
}

function showDetection({ vision, cameras }) {
  byId("detection-part").hidden = cameras.length === 0;
  table("detection", cameras.map((row) => [name(row.camera), row.seen.join(", ") || NONE, number(row.per_second), number(row.milliseconds)]), [t("camera"), t("tags"), t("a second"), t("ms each")]);
  notes("vision", cameras.filter((row) => row.error), vision);
}

function showPresence({ vision, cameras }) {
  byId("presence-part").hidden = cameras.length === 0;
  const vehicle = (row) => (row.present === null ? t("unknown") : row.present ? t("{kind} since {time}", { kind: row.kind, time: moment(row.since) }) : NONE);
  table("presence", cameras.map((row) => [name(row.camera), vehicle(row), number(row.per_second), number(row.milliseconds)]), [t("camera"), t("vehicle"), t("a second"), t("ms each")]);
  notes("presence-vision", cameras.filter((row) => row.note || row.error), vision);
}

// Those that have ended come first.
function showTasks(tasks) {
  const rows = [...tasks].sort((a, b) => a.running - b.running || b.restarts - a.restarts);
  table("tasks", rows.map((task) => [task.name, task.running ? state(true, t("running")) : state(!task.error, t("ended")), number(task.restarts), task.error]), [t("task"), t("state"), t("restarts"), t("last error")], "long");
}

let cut = false;
let newest = [];

const stations = () => showStations(byId("stations"), newest, cut);

async function refresh() {
  const status = await getJson("/status");
  if (cut) return;
  newest = status.stations;
  byId("warnings").replaceChildren(...status.warnings.map((text) => element("p", { class: "notice bad", text: said(text) })));
  stations();
  showHub(status);
  showQueues(status);
  showDeliveries(status.deliveries);
  showBoards(status);
  showDetection(status.tag_detection);
  showPresence(status.presence);
  showTasks(status.tasks);
}

function again() {
  const done = document.hidden ? Promise.resolve() : refresh();
  done.catch(() => {}).finally(() => setTimeout(again, POLL_MS));
}

const log = byId("log") ? logView(byId("log")) : null;
plots(byId("hour"), byId("hour-table"));
let started = false;
listen({
  onOpen: () => {
    cut = false;
    if (started) log?.load().catch(() => {}); // a hub that was started again numbers its lines anew
    started = true;
    return refresh();
  },
  onCut: () => { cut = true; stations(); log?.cut(Date.now()); },
});
again();
