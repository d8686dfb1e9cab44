// The page of plates: live detections or the results of a search, the cameras, the watchlist.
import { element, getJson, listen, moment } from "./live.js";
import { search } from "./search.js";

const byId = (id) => document.getElementById(id);
const list = byId("plates");
const KEPT = 200;
const PAGE = 30;
const ALERTS = 5;
let camerasDue = null;

function badge(match) {
  const differs = match.differences.map((row) => `${row.read} read, ${row.listed} listed`).join(", ");
  return element("b", { class: `mark ${match.action}`, text: [match.action, match.reason, match.exact ? "" : `similar to ${match.plate}: ${differs}`].filter(Boolean).join(" · ") });
}

function pictureOf(record) {
  const sent = record.pictures ?? record;
  return sent.original_image || sent.annotated_image || sent.image || sent.cropped_plates?.[0] || null;
}

function card(record) {
  const address = pictureOf(record);
  const link = address ? element("a", { class: "shot", href: address, target: "_blank", rel: "noopener" }, element("img", { src: address, alt: "picture of this detection", loading: "lazy", decoding: "async" })) : element("div", { class: "shot none", text: "no picture" });
  const plates = record.plates.map((plate) => element("p", { class: "plate" }, element("span", { text: plate.text, dir: "auto" }),
    plate.confidence === null ? null : element("small", { text: `${Math.round(plate.confidence * 100)} %` })));
  return element("article", { class: "detection", "data-id": record.detection_id }, link,
    element("div", { class: "facts" },
      ...(plates.length ? plates : [element("p", { class: "plate none", text: record.vehicles_count ? "vehicle, no plate" : "no plate" })]),
      ...(record.watchlist ?? []).map(badge),
      element("p", { class: "when" }, element("time", { datetime: record.occurred_at, text: moment(record.occurred_at) }),
        element("span", { text: ` camera ${record.camera_id} · ${record.checkpoint_id}` })),
      ...(record.warnings ?? []).map((text) => element("p", { class: "warning", text }))));
}

const detections = search({
  address: "/api/records", limit: PAGE,
  show: (body, append, searching) => {
    const cards = body.records.reverse().map(card);
    if (append) list.append(...cards);
    else list.replaceChildren(...cards);
    if (!list.children.length) list.append(element("p", { class: "notice", text: searching ? "Nothing found." : "No plate yet. The next one appears here by itself." }));
    return searching ? `${body.total_count}${body.total_is_exact ? "" : "+"} found` : "";
  },
});

function arrived(record) {
  if (detections.searching() || list.querySelector(`[data-id="${record.detection_id}"]`)) return;
  list.querySelector(":scope > .notice")?.remove();
  const node = card(record);
  node.classList.add("new");
  list.prepend(node);
  while (list.children.length > KEPT) list.lastElementChild.remove();
}

function cameraCard(camera) {
  const state = !camera.online ? "off" : camera.health_status === "error" ? "bad" : camera.health_status === "warning" ? "pending" : "good";
  const troubled = camera.components.filter((row) => row.status !== "ok").map((row) => `${row.component}: ${row.message || row.status}`);
  return element("article", { class: `station ${state}` },
    element("h2", {}, element("i", { class: "dot" }), element("span", { text: `Camera ${camera.camera_id}` })),
    element("p", { class: "message", text: camera.online ? `${camera.checkpoint_id} · ${camera.detection_count} detections · last heard ${moment(camera.last_seen)}` : `Not heard since ${moment(camera.last_seen)}` }),
    ...troubled.slice(0, 3).map((text) => element("p", { class: "outbox", text })));
}

async function loadCameras() {
  camerasDue = null;
  const rows = (await getJson("/api/cameras")).cameras.slice(0, 24);
  byId("cameras").replaceChildren(...rows.map(cameraCard));
  if (!rows.length) byId("cameras").append(element("p", { class: "notice", text: "No camera has sent anything yet. Type this machine's address with port 8765 into a camera." }));
}

// Cameras change with every record; redrawing them every few seconds is enough.
function camerasSoon(pause = 3000) { camerasDue ??= setTimeout(() => loadCameras().catch(() => {}), pause); }

function showAlert(alert) {
  const holder = byId("alerts");
  holder.prepend(element("p", { class: `alert ${alert.action}` }, element("strong", { text: alert.read, dir: "auto" }), badge(alert),
    element("span", { text: `camera ${alert.camera_id}, ${moment(alert.occurred_at)}` })));
  while (holder.children.length > ALERTS) holder.lastElementChild.remove();
}

async function loadWatchlist() {
  const rows = (await getJson("/api/watchlist")).watchlist;
  byId("watchlist").replaceChildren(...rows.map((entry) => {
    const remove = element("button", { type: "button", class: "quiet", "aria-label": `Remove ${entry.plate}`, text: "Remove" });
    remove.onclick = () => change(`/api/watchlist/${entry.id}`, "DELETE");
    return element("li", {}, element("b", { class: `mark ${entry.action}`, text: entry.action }), element("span", { text: entry.plate, dir: "auto" }),
      element("small", { text: [entry.reason, entry.expired ? "expired" : ""].filter(Boolean).join(" · ") }), remove);
  }));
}

async function change(address, method, body = null) {
  const response = await fetch(address, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  const told = await response.json();
  byId("told").textContent = told.message;
  await loadWatchlist();
  return response.ok;
}

byId("watch").onsubmit = async (event) => {
  event.preventDefault();
  if (await change("/api/watchlist", "POST", Object.fromEntries(new FormData(event.target)))) event.target.reset();
};

listen({
  onOpen: async () => {
    if (list.childElementCount <= PAGE) await detections.load();
    await Promise.all([loadCameras(), loadWatchlist()]);
  },
  onMessage: (message) => {
    if (message.event === "detection") arrived(message.detection);
    if (message.event === "alert") showAlert(message.alert);
    if (message.event === "detection" || message.event === "camera") camerasSoon();
  },
});
