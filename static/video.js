// The page of live pictures: a wall of cameras, or one of them in large with its figures. The address keeps what is shown.
import { element, getJson, listen, name } from "./live.js";
import { clearWords, showFigures } from "./video_figures.js";
import { draw, open } from "./video_socket.js";
import { showState, stateOf } from "./video_state.js";
import { wall } from "./video_wall.js";
import { counted, number, said, t } from "./words.js";

const byId = (id) => document.getElementById(id);
const LAYOUTS = [1, 4, 9, 16];
const KEYS = { 1: 1, 4: 4, 9: 9, 6: 16 }; // 1, 6 makes 16
const byName = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare; // gate 2 before gate 10
const POLL_MS = 1000;
const TICK_MS = 500;
const picture = byId("picture");
const stage = byId("stage");
const tiles = wall(byId("wall"), (camera) => go({ layout: 1, cameras: [camera], page: 0 }));
let shown = fromAddress();
let rows = new Map();  // camera -> its row of /api/frames
let cut = false;       // the hub is gone
let live = null;       // {camera, socket} of the large picture
let drawn = null;      // when the hub got the picture that is shown in large
let first = null;      // the large one where the address names none

function fromAddress() {
  const query = new URLSearchParams(location.search);
  const cameras = query.getAll("camera").slice(0, 100);
  const layout = Number(query.get("layout"));
  return {
    layout: LAYOUTS.includes(layout) ? layout : cameras.length === 1 ? 1 : 0, // 0: as many as there are cameras
    cameras,
    page: Math.max(0, Math.floor(Number(query.get("page")) || 1) - 1),
  };
}

function address({ layout, cameras, page }) {
  const query = new URLSearchParams();
  if (layout) query.set("layout", layout);
  for (const camera of cameras) query.append("camera", camera);
  if (page) query.set("page", page + 1);
  return `${location.pathname}${query.size ? `?${query}` : ""}`;
}

// Show something else; the way back leads to what was shown before.
function go(next, replace = false) {
  const wasWall = current().layout !== 1;
  shown = { ...shown, ...next };
  if (replace) history.replaceState(history.state, "", address(shown));
  else history.pushState({ wasWall }, "", address(shown));
  show();
}

// What is shown now, where the address leaves something open.
function current() {
  const all = shown.cameras.length && shown.layout !== 1 ? shown.cameras : [...rows.keys()];
  const layout = shown.layout || LAYOUTS.find((count) => count >= all.length) || 16;
  const pages = Math.max(1, Math.ceil(all.length / layout));
  const page = Math.min(shown.page, pages - 1);
  return { layout, all, page, pages, names: layout === 1 ? [] : all.slice(page * layout, (page + 1) * layout) };
}

// The large camera: that of the address, else the one that sent last when the page was opened.
function single() {
  if (current().layout !== 1) return null;
  if (shown.cameras.length) return shown.cameras[0];
  if (!rows.has(first)) first = rows.size ? [...rows.values()].reduce((a, b) => (a.seq > b.seq ? a : b)).camera : null;
  return first;
}

function show() {
  const { layout, names, page, pages } = current();
  const alone = layout === 1;
  byId("watching").classList.toggle("walls", !alone);
  const empty = !rows.size && !shown.cameras.length;
  byId("figures").hidden = byId("single").hidden = !alone || empty;
  byId("wall").hidden = alone || !names.length;
  byId("nothing").hidden = !empty;
  for (const button of byId("layouts").children) button.setAttribute("aria-pressed", Number(button.value) === layout);
  byId("pages").hidden = pages < 2 || alone;
  byId("page").textContent = t("{page} of {pages}", { page: number(page + 1), pages: number(pages) });
  byId("previous").disabled = page === 0;
  byId("next").disabled = page >= pages - 1;
  byId("back").hidden = !alone || rows.size < 2;
  tiles.show(names, layout);
  large(single());
  showChoices();
  states();
}

function large(camera) {
  const wanted = document.hidden ? null : camera;
  if (live?.camera === wanted) return;
  live?.socket.close();
  live = null;
  if (!wanted) return;
  if (byId("name").dataset.camera !== wanted) {
    byId("name").dataset.camera = wanted;
    byId("name").replaceChildren(name(wanted));
    byId("stream").href = `/video/stream?camera=${encodeURIComponent(wanted)}`;
    byId("size").textContent = "";
    picture.hidden = true;
    byId("none").hidden = false;
    drawn = null;
    figures().catch(() => {});
  }
  const mine = live = { camera: wanted, socket: open(`?camera=${encodeURIComponent(wanted)}`, (frame) => {
    if (mine !== live) return frame.bitmap.close();
    draw(picture, frame);
    drawn = frame.timestamp * 1000;
    picture.hidden = false;
    byId("none").hidden = true;
  }) };
}

// The list of one camera, and the boxes of those on the wall.
function showChoices() {
  const names = [...new Set([...rows.keys(), ...shown.cameras])];
  const choice = byId("choice").elements.camera;
  if ([...choice.options].map((option) => option.value).join("\n") !== names.join("\n")) choice.replaceChildren(...names.map((camera) => element("option", { value: camera, text: camera })));
  choice.value = single() ?? "";
  const boxes = byId("boxes");
  if ([...boxes.querySelectorAll("input")].map((box) => box.value).join("\n") !== names.join("\n")) {
    boxes.replaceChildren(...names.map((camera) => element("label", {}, element("input", { type: "checkbox", value: camera }), name(camera))));
  }
  const picked = current().layout === 1 ? [] : shown.cameras;
  for (const box of boxes.querySelectorAll("input")) box.checked = picked.includes(box.value);
  byId("picked").textContent = picked.length ? counted(picked.length, "{count} camera chosen", "{count} cameras chosen") : counted(names.length, "{count} camera in all", "{count} cameras in all");
}

function states() {
  tiles.states(rows, cut);
  if (live) showState(byId("state"), stateOf(rows.get(live.camera), drawn, cut));
}

async function figures() {
  if (!live) return;
  const { camera } = live;
  const row = (await getJson(`/api/frames?camera=${encodeURIComponent(camera)}`)).cameras[0];
  if (live?.camera === camera && !cut) showFigures(row);
}

async function refresh() {
  const found = (await getJson("/api/frames")).cameras.sort((a, b) => byName(a.camera, b.camera));
  const known = [...rows.keys()].join("\n");
  rows = new Map(found.map((row) => [row.camera, row]));
  if (known !== [...rows.keys()].join("\n") || !byId("layouts").querySelector("[aria-pressed=true]")) show();
  await figures();
}

function again() {
  const done = document.hidden || cut ? Promise.resolve() : refresh();
  done.catch(() => {}).finally(() => setTimeout(again, POLL_MS));
}

function setLayout(layout) {
  const { names } = current();
  if (layout !== 1) return go({ layout, cameras: current().layout === 1 ? [] : shown.cameras, page: 0 });
  const focused = document.activeElement?.closest("[data-camera]")?.dataset.camera;
  const camera = focused ?? single() ?? names[0];
  go({ layout: 1, cameras: camera ? [camera] : [], page: 0 });
}

function back() {
  const camera = single();
  if (history.state?.wasWall) history.back();
  else go({ layout: 0, cameras: [], page: 0 });
  setTimeout(() => tiles.focus(camera), 50);
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else stage.requestFullscreen?.().catch(() => {});
}

// One camera on, on the single view; round at the ends.
function other(step) {
  const names = [...rows.keys()];
  if (!names.length) return;
  const at = names.indexOf(single());
  go({ layout: 1, cameras: [names[(at + step + names.length) % names.length]] }, true);
}

function turn(step) {
  const { page, pages } = current();
  if (page + step >= 0 && page + step < pages) go({ page: page + step });
}

function arrow(key) {
  const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const along = key === forward ? 1 : -1;
  const { layout, page, pages, names } = current();
  if (layout === 1) return other(key === "ArrowUp" ? -1 : key === "ArrowDown" ? 1 : along);
  const step = key === "ArrowUp" || key === "ArrowDown" ? Math.sqrt(layout) * (key === "ArrowDown" ? 1 : -1) : along;
  const next = tiles.move(step);
  if (next < 0 && page > 0) turn(-1);
  else if (next >= names.length && page < pages - 1) turn(1);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) return;
  // By its place on the keyboard: with a Thai or Persian layout the same keys write something else.
  const key = /^(?:Digit|Numpad|Key)(.)$/.exec(event.code)?.[1].toLowerCase() ?? event.key;
  if (KEYS[key]) setLayout(KEYS[key]);
  else if (key === "f") fullScreen();
  else if (event.key.startsWith("Arrow")) arrow(event.key);
  else if (event.key === "PageDown" || event.key === "PageUp") turn(event.key === "PageDown" ? 1 : -1);
  else if (event.key === "Escape" && current().layout === 1 && rows.size > 1) back();
  else return;
  event.preventDefault();
});
byId("layouts").onclick = (event) => { if (event.target.value) setLayout(Number(event.target.value)); };
byId("previous").onclick = () => turn(-1);
byId("next").onclick = () => turn(1);
byId("back").onclick = back;
byId("full").hidden = !document.fullscreenEnabled;
byId("full").onclick = fullScreen;
document.addEventListener("fullscreenchange", () => byId("full").setAttribute("aria-pressed", document.fullscreenElement !== null));
byId("boxes").onchange = (event) => {
  const cameras = current().layout === 1 ? [] : shown.cameras.filter((camera) => camera !== event.target.value);
  if (event.target.checked) cameras.push(event.target.value);
  const { layout } = current();
  go({ layout: layout === 1 ? 4 : layout, cameras, page: 0 });
};
byId("every").onclick = () => go({ cameras: [], layout: shown.layout === 1 ? 0 : shown.layout, page: 0 });
byId("choice").elements.camera.onchange = (event) => go({ layout: 1, cameras: [event.target.value] }, true);
byId("choice").onsubmit = (event) => event.preventDefault();
byId("interval").onsubmit = async (event) => {
  event.preventDefault();
  const interval = Number(new FormData(event.target).get("interval_ms"));
  try {
    const response = await fetch("/set_video_interval", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ interval_ms: interval }) });
    const body = await response.json();
    byId("told").textContent = response.ok ? counted(body.told, "{count} board was told.", "{count} boards were told.") : said(body.errors[0]);
  } catch {
    byId("told").textContent = t("The hub cannot be reached.");
  }
};
document.addEventListener("visibilitychange", show);
addEventListener("popstate", () => { shown = fromAddress(); show(); });

listen({
  onOpen: () => { cut = false; return refresh(); },
  onCut: () => { cut = true; clearWords(); states(); },
});
setInterval(states, TICK_MS);
show();
again();
