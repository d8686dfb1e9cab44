// The page of live pictures: one camera in large with its metrics, and a wall of all cameras.
import { element, getJson, listen } from "./live.js";
import { draw, open } from "./video_socket.js";

const byId = (id) => document.getElementById(id);
const choice = byId("choice").elements.camera;
const picture = byId("picture");
const WALL_FPS = 5;
const LATE_SECONDS = 3;
const SHADES = { EXCELLENT: "good", OPTIMAL: "good", GOOD: "good", FAST: "good", OK: "pending", FAIR: "pending", HIGH: "bad", POOR: "bad", SLOW: "bad" };
let chosen = new URLSearchParams(location.search).get("camera");
let live = null;   // the socket of the large picture
let cut = false;   // the hub is gone
let wall = null;   // the socket of the small ones
const tiles = new Map(); // camera -> {node, canvas, rate}

function choose(camera) {
  chosen = camera;
  history.replaceState(null, "", `?camera=${encodeURIComponent(camera)}`);
  byId("name").textContent = camera;
  byId("stream").href = `/video/stream?camera=${encodeURIComponent(camera)}`;
  choice.value = camera;
  for (const [name, tile] of tiles) tile.node.setAttribute("aria-pressed", name === camera);
  picture.hidden = true;
  byId("none").hidden = false;
  watch();
  figures().catch(() => {});
}

function watch() {
  live?.close();
  live = null;
  if (!chosen || document.hidden) return;
  const camera = chosen;
  live = open(`?camera=${encodeURIComponent(camera)}`, (frame) => {
    if (camera !== chosen) return frame.bitmap.close();
    draw(picture, frame);
    picture.hidden = false;
    byId("none").hidden = true;
  });
}

function watchWall() {
  const wanted = tiles.size > 1 && !document.hidden;
  byId("wall").hidden = tiles.size < 2;
  if (!wanted) { wall?.close(); wall = null; return; }
  wall ??= open(`?fps=${WALL_FPS}`, (frame) => {
    const tile = tiles.get(frame.camera);
    if (tile) draw(tile.canvas, frame);
    else frame.bitmap.close();
  });
}

function showCameras(rows) {
  const names = rows.map((row) => row.camera);
  for (const [name, tile] of tiles) if (!names.includes(name)) { tile.node.remove(); tiles.delete(name); }
  for (const row of rows) {
    if (!tiles.has(row.camera)) {
      const canvas = element("canvas", { width: 160, height: 90 });
      const rate = element("i");
      const node = element("button", { type: "button", "aria-pressed": String(row.camera === chosen) }, canvas, element("span", {}, element("b", { text: row.camera, title: row.camera, dir: "auto" }), rate));
      node.onclick = () => choose(row.camera);
      tiles.set(row.camera, { node, canvas, rate });
      byId("wall").append(node);
      wall?.close(); // a new camera's newest picture comes with a new connection, even when it sends no more
      wall = null;
    }
    tiles.get(row.camera).rate.textContent = row.age_seconds > LATE_SECONDS ? `${duration(row.age_seconds)} ago` : `${row.current_fps.toFixed(1)} fps`;
  }
  const shown = [...choice.options].map((option) => option.value);
  if (shown.join("\n") !== names.join("\n")) choice.replaceChildren(...names.map((name) => element("option", { value: name, text: name, selected: name === chosen })));
  watchWall();
}

function duration(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function word(id, text) {
  const node = byId(id);
  node.textContent = text;
  node.className = `word ${SHADES[text] ?? ""}`;
}

function plot(name, values) {
  const most = Math.max(...values);
  const top = most || 1;
  const points = values.map((value, x) => `${x},${(29 - (value / top) * 28).toFixed(2)}`).join(" ");
  const shape = (kind, value) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", kind);
    node.setAttribute("points", value);
    return node;
  };
  byId(`${name}-plot`).replaceChildren(shape("polygon", `0,30 ${points} 59,30`), shape("polyline", points));
  byId(`${name}-most`).textContent = most ? `max ${Number.isInteger(most) ? most : most.toFixed(most < 10 ? 2 : 1)}` : "";
}

function showFigures(row) {
  const known = row.recommendation !== "WAITING_FOR_DATA";
  byId("fps").textContent = row.current_fps.toFixed(2);
  byId("target").textContent = row.target_fps ? `target ${row.target_fps}` : "";
  byId("jitter").textContent = known ? `${row.jitter.toFixed(3)} s` : "–";
  byId("efficiency").textContent = row.words.efficiency ? `${row.efficiency.toFixed(1)} %` : "–";
  byId("processing").textContent = known ? `${row.avg_processing.toFixed(2)} ms` : "–";
  for (const name of ["jitter", "efficiency", "processing"]) word(`${name}-word`, row.words[name]);
  byId("recommendation").textContent = known ? row.recommendation : "Waiting for more pictures.";
  if (cut) return;
  const late = row.age_seconds > LATE_SECONDS;
  byId("state").textContent = late ? `last picture ${duration(row.age_seconds)} ago` : "live";
  byId("state").className = `state ${late ? "late" : ""}`;
  byId("size").textContent = `${row.resolution}, ${Math.max(1, Math.round(row.size / 1000))} KB, ${row.total_frames} pictures, by ${row.source}`;
  plot("fps", row.history.fps);
  plot("gap", row.history.longest_gap_ms);
  plot("work", row.history.processing_ms);
}

async function figures() {
  if (!chosen) return;
  const camera = chosen;
  const row = (await getJson(`/api/frames?camera=${encodeURIComponent(camera)}`)).cameras[0];
  if (camera === chosen) showFigures(row);
}

async function refresh() {
  const rows = (await getJson("/api/frames")).cameras;
  showCameras(rows);
  if (!chosen && rows.length) choose(rows.reduce((a, b) => (a.seq > b.seq ? a : b)).camera);
  await figures();
}

function again() {
  const done = document.hidden ? Promise.resolve() : refresh();
  done.catch(() => {}).finally(() => setTimeout(again, 1000));
}

choice.onchange = () => choose(choice.value);
byId("choice").onsubmit = (event) => event.preventDefault();
byId("interval").onsubmit = async (event) => {
  event.preventDefault();
  const interval = Number(new FormData(event.target).get("interval_ms"));
  try {
    const response = await fetch("/set_video_interval", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ interval_ms: interval }) });
    const body = await response.json();
    byId("told").textContent = response.ok ? `${body.told} told` : body.errors[0];
  } catch {
    byId("told").textContent = "The hub cannot be reached.";
  }
};
document.addEventListener("visibilitychange", () => { watch(); watchWall(); });

if (chosen) choose(chosen);
listen({
  onOpen: () => { cut = false; return refresh(); },
  onCut: () => {
    cut = true;
    byId("state").textContent = picture.hidden ? "cut off" : "cut off; this is the last picture";
    byId("state").className = "state late";
    for (const name of ["jitter", "efficiency", "processing"]) word(`${name}-word`, "");
    for (const tile of tiles.values()) tile.rate.textContent = "cut off";
  },
});
again();
