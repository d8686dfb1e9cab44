// The page of plates: live detections or the results of a search, the cameras, the watchlist.
import { element, getJson, listen, moment, name, when } from "./live.js";
import { newest } from "./newest.js";
import { small } from "./pictures.js";
import { addressOf } from "./records_words.js";
import { stateWord } from "./states.js";
import { late } from "./times.js";
import { badge, watchlist } from "./watchlist.js";
import { counted, number, said, t } from "./words.js";

const byId = (id) => document.getElementById(id);
const PAGE = 30;
const ALERTS = 5;
const FEW = 8;
const ORDER = ["bad", "off", "pending", "good"];
let cameras = [];
let camerasDue = null;
const listed = watchlist();

function pictureOf(record) {
  const sent = record.pictures ?? record;
  return sent.original_image || sent.annotated_image || sent.image || sent.cropped_plates?.[0] || null;
}

function card(record) {
  const address = pictureOf(record);
  const delayed = late(record.occurred_at, record.received_at);
  const page = addressOf("detection", record.detection_id);
  const link = address ? element("a", { class: "shot", href: page }, small(address, t("picture of this detection"))) : element("a", { class: "shot none", href: page, text: t("no picture") });
  const plates = record.plates.map((plate) => element("p", { class: "plate" }, name(plate.corrected ?? plate.text),
    plate.corrected ? element("small", {}, t("was"), " ", name(plate.text)) : null,
    plate.confidence === null ? null : element("small", { text: number(plate.confidence, { style: "percent", maximumFractionDigits: 0 }) })));
  return element("article", { class: "detection" }, link,
    element("div", { class: "facts" },
      ...(plates.length ? plates : [element("p", { class: "plate none", text: record.vehicles_count ? t("vehicle, no plate") : t("no plate") })]),
      ...(record.watchlist ?? []).map(badge),
      element("p", { class: "when" }, when(record.occurred_at),
        element("span", {}, t("Camera"), " ", name(record.camera_id), " · ", name(record.checkpoint_id)), delayed ? element("span", { class: "late", text: delayed }) : null),
      ...(record.warnings ?? []).map((text) => element("p", { class: "warning", text: said(text) }))));
}

const detections = newest({
  holder: byId("plates"), address: "/api/records", limit: PAGE, card, starts: [], parts: ["plate"],
  rows: (body) => body.records, id: (record) => record.detection_id, time: (record) => record.occurred_at,
  found: (body) => t("{count} found", { count: `${number(body.total_count)}${body.total_is_exact ? "" : "+"}` }),
  empty: t("No plate yet. The next one appears here by itself."),
});

function cameraState(camera) {
  return !camera.online ? "off" : camera.health_status === "error" ? "bad" : camera.health_status === "warning" ? "pending" : "good";
}

function cameraCard(camera, state, cut) {
  const troubled = camera.components.filter((row) => row.status !== "ok").map((row) => `${row.component}: ${said(row.message) || stateWord(row.status)}`);
  return element("article", { class: `station ${state}` },
    element("h2", {}, element("i", { class: "dot" }), element("span", {}, t("Camera"), " ", name(camera.camera_id))),
    element("p", { class: "message", text: cut ? t("State unknown while cut off") : camera.online ? `${camera.checkpoint_id} · ${detectionsOf(camera)} · ${lastHeard(camera)}` : t("Not heard since {when}", { when: moment(camera.last_seen) }) }),
    ...troubled.slice(0, 3).map((text) => element("p", { class: "outbox", text })));
}

function detectionsOf(camera) { return counted(camera.detection_count, "{count} detection", "{count} detections"); }

function lastHeard(camera) { return t("last heard {when}", { when: moment(camera.last_seen) }); }

// Cameras that are well take a line, or one for all of them where they are many.
function strip(cameras, cut) {
  if (!cameras.length) return [];
  const items = cameras.map((camera) => element("li", { class: cut ? "off" : "good", title: lastHeard(camera) }, element("i", { class: "dot" }), name(camera.camera_id),
    element("small", { text: cut ? t("unknown") : detectionsOf(camera) })));
  const list = element("ul", { class: "strip" }, ...items);
  if (cameras.length <= FEW) return [list];
  const open = byId("cameras").querySelector("details")?.open;
  return [element("details", { open }, element("summary", { text: cut ? counted(cameras.length, "{count} camera, unknown while cut off", "{count} cameras, unknown while cut off") : counted(cameras.length, "{count} camera is online and well", "{count} cameras are online and well") }), list)];
}

async function loadCameras() {
  camerasDue = null;
  cameras = (await getJson("/api/cameras")).cameras;
  showCameras();
}

// Who is offline or in trouble stands first, the others in the order of their names, so that nothing jumps about.
function showCameras(cut = false) {
  const rows = cameras.map((camera) => ({ camera, state: cameraState(camera) }));
  rows.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.camera.camera_id.localeCompare(b.camera.camera_id, undefined, { numeric: true }));
  const well = rows.filter((row) => row.state === "good").map((row) => row.camera);
  const others = rows.filter((row) => row.state !== "good");
  byId("cameras").replaceChildren(...others.map(({ camera, state }) => cameraCard(camera, cut ? "off" : state, cut)), ...strip(well, cut));
  if (!rows.length) byId("cameras").append(element("p", { class: "notice", text: t("No camera has sent anything yet. Type this machine's address with port 8765 into a camera.") }));
}

// Cameras change with every record; redrawing them every few seconds is enough.
function camerasSoon(pause = 3000) { camerasDue ??= setTimeout(() => loadCameras().catch(() => {}), pause); }

function showAlert(alert) {
  const holder = byId("alerts");
  holder.prepend(element("p", { class: `alert ${alert.action}` }, element("strong", {}, name(alert.read)), badge(alert),
    element("span", {}, t("Camera"), " ", name(alert.camera_id), ", ", moment(alert.occurred_at))));
  while (holder.children.length > ALERTS) holder.lastElementChild.remove();
}

listen({
  lists: { detection: detections },
  onCut: () => showCameras(true),
  onOpen: async () => {
    await Promise.all([loadCameras(), listed.load()]);
  },
  onMessage: (message) => {
    if (message.event === "alert") showAlert(message.alert);
    if (message.event === "detection" || message.event === "camera") camerasSoon();
  },
});
