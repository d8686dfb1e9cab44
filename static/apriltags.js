// The page of AprilTags: live readings, boards, stored readings.
import { element, getJson, listen, moment, name, when } from "./live.js";
import { search } from "./search.js";
import { stateWord } from "./states.js";
import { agoText, duration } from "./times.js";
import { counted, number, t } from "./words.js";

const byId = (id) => document.getElementById(id);
const OLD_SECONDS = 10;
const LOOK_MS = 3000;
const MAX_ROWS = 500;
const NOTHING = t("Nothing is stored yet.");
const COLUMNS = [
  ["x", "x_cm"], ["y", "y_cm"], ["z", "z_cm"], [t("Range"), "range_cm"], [t("Yaw"), "yaw"], [t("Pitch"), "pitch", "extra"], [t("Roll"), "roll", "extra"], [t("Margin"), "decision_margin", "extra"],
];
const CM = t("cm");
const UNITS = { x_cm: CM, y_cm: CM, z_cm: CM, range_cm: CM, yaw: "°", pitch: "°", roll: "°" };
const seen = new Map();   // board and tag -> { row, node, at }
let missed = false;
let boards = [];

const shown = (value) => typeof value === "number" ? number(value, { maximumFractionDigits: 1, useGrouping: false }) : "–";
const tagText = (row) => row.tag_id === null ? "?" : String(row.tag_id);

function head(when) {
  return element("tr", {}, ...[t("Tag"), t("Board"), when].map((text) => element("th", { text })),
    ...COLUMNS.map(([title, field, kind]) => element("th", { class: `figure ${kind ?? ""}` }, title, UNITS[field] ? element("small", { text: UNITS[field] }) : null)));
}

function cells(row, when) {
  return [element("td", { class: "tag", text: tagText(row) }),
    element("td", { class: "board", title: row.board }, element("span", { text: row.board }), row.source && row.source !== "board" ? element("small", { text: row.source }) : null),
    when, ...COLUMNS.map(([, field, kind]) => element("td", { class: `figure ${kind ?? ""}`, text: shown(row[field]) }))];
}

function since(seconds) { return seconds < 1 ? t("now") : duration(Math.floor(seconds) * 1000); }

function age(entry) {
  const seconds = (performance.now() - entry.at) / 1000;
  entry.age.textContent = since(seconds);
  entry.node.classList.toggle("old", seconds > OLD_SECONDS);
}

function note(row, flash) {
  const key = JSON.stringify([row.board, row.tag_id]);
  let entry = seen.get(key);
  if (!entry) {
    entry = { node: element("tr", {}) };
    seen.set(key, entry);
  }
  Object.assign(entry, { row, at: performance.now() - row.age_seconds * 1000, age: element("td", {}) });
  entry.node.replaceChildren(...cells(row, entry.age));
  entry.node.classList.remove("changed");
  if (flash) requestAnimationFrame(() => entry.node.classList.add("changed"));
  age(entry);
  return entry;
}

function order() {
  const rows = [...seen.values()].sort((a, b) => a.row.board.localeCompare(b.row.board, undefined, { numeric: true }) || (a.row.tag_id ?? -1) - (b.row.tag_id ?? -1));
  byId("live").replaceChildren(head(t("Age")), ...rows.map((entry) => entry.node));
  if (!rows.length) byId("live").replaceChildren(element("tr", {}, element("td", { class: "empty", text: t("No tag has been seen since the hub started. The next reading appears here by itself.") })));
  byId("count").textContent = rows.length ? counted(rows.length, "{count} tag", "{count} tags") : "";
}

function arrived(tags) {
  const before = seen.size;
  for (const row of tags) note(row, true);
  if (seen.size > MAX_ROWS) look().catch(() => {});
  else if (seen.size !== before) order();
  if (byId("stored").textContent === NOTHING) stored.load().catch(() => {});
}

function heardText(board) {
  if (!board.since) return t("last heard {time}", { time: moment(board.heard_at) });
  const time = moment(board.since);
  if (board.silent_seconds < 1) return t("here since {time}, last heard now", { time });
  return t("here since {time}, last heard {ago}", { time, ago: agoText(board.silent_seconds * 1000) });
}

function boardCard(board, cut) {
  const state = cut ? "off" : board.state === "connected" ? "good" : board.state === "stale" ? "pending" : "off";
  const facts = [board.name, t("by {door}", { door: board.door }), counted(board.messages, "{count} message", "{count} messages"), board.reboots ? counted(board.reboots, "{count} reboot", "{count} reboots") : ""].filter(Boolean).join(" · ");
  return element("article", { class: `station ${state}` },
    element("h2", {}, element("i", { class: "dot" }), name(board.address), element("small", { class: "found", text: cut ? t("unknown while cut off") : stateWord(board.state) })),
    element("p", { class: "message", text: facts }),
    element("p", { class: "found", text: heardText(board) }));
}

// Boards and games are polled, since they change slowly; readings are pushed over the WebSocket.
async function look() {
  const body = await getJson("/api/apriltags/newest");
  const known = new Set(body.tags.map((row) => JSON.stringify([row.board, row.tag_id])));
  for (const key of seen.keys()) if (!known.has(key)) seen.delete(key);
  for (const row of body.tags) note(row, false);
  order();
  boards = body.boards.sort((a, b) => (a.state === "connected") - (b.state === "connected") || a.address.localeCompare(b.address, undefined, { numeric: true }));
  showBoards();
}

// Those in trouble first, then by address, so that nothing jumps about.
function showBoards(cut = false) {
  byId("boards").replaceChildren(...boards.map((board) => boardCard(board, cut)));
  if (!boards.length) byId("boards").append(element("p", { class: "notice", text: t("No board has been heard yet. Give a board this machine's address and the token; docs/apriltag.md has the lines.") }));
}

const stored = search({
  address: "/api/apriltags", limit: 20,
  show: (body, append, searching) => {
    const rows = body.apriltags.map((row) => element("tr", {}, ...cells(row, element("td", {}, when(row.received_at, false)))));
    if (append) byId("stored").append(...rows);
    else byId("stored").replaceChildren(...(rows.length ? [head(t("When")), ...rows] : [element("tr", {}, element("td", { class: "empty", text: searching ? t("Nothing found.") : NOTHING }))]));
    return "";
  },
});

listen({
  onCut: () => showBoards(true),
  onOpen: async () => {
    await look();
    if (!byId("stored").children.length || missed) await stored.load();
    missed = true;
  },
  onMessage: (message) => { if (message.event === "tags") arrived(message.tags); },
});
setInterval(() => { for (const entry of seen.values()) age(entry); }, 1000);
setInterval(() => { if (document.visibilityState === "visible" && !document.body.classList.contains("cut-off")) look().catch(() => {}); }, LOOK_MS);
