// A wall of cameras: tiles whose pictures come scaled down to the size that they are shown at.
import { element, name } from "./dom.js";
import { showState, stateOf } from "./video_state.js";
import { draw, open } from "./video_socket.js";
import { number, t } from "./words.js";

const FPS = 15;          // more than the eye asks of a small tile
const STEP = 160;        // widths are rounded up to it: a window that is moved a little needs no new connection
const RESIZE_MS = 300;
const DRAW_MS = 60;      // tiles are drawn together: each change of the page is composed anew, whether one has changed or all

// onOpen(camera): a tile was chosen.
export function wall(holder, onOpen) {
  const tiles = new Map(); // camera -> {node, canvas, state, drawn, frames}
  let names = [];
  let socket = null;
  let query = "";
  let counted = performance.now();
  let timer = 0;
  const arrived = new Map(); // camera -> its newest frame that is not drawn yet
  let drawing = false;

  function tile(camera) {
    const canvas = element("canvas", { width: 320, height: 180 });
    const state = element("span", { class: "state off" }, element("i", { class: "dot" }), element("span"));
    const button = element("button", { type: "button" }, canvas,
      element("span", { class: "label" }, element("b", {}, name(camera, { title: camera })), state));
    button.onclick = () => onOpen(camera);
    return { node: element("li", { "data-camera": camera }, button), button, canvas, state, drawn: null, frames: 0, rate: "" };
  }

  function show(wanted, layout) {
    holder.dataset.layout = layout;
    if (wanted.join("\n") === names.join("\n")) return watch();
    for (const [camera, one] of tiles) if (!wanted.includes(camera)) { one.node.remove(); tiles.delete(camera); }
    for (const camera of wanted) if (!tiles.has(camera)) tiles.set(camera, tile(camera));
    wanted.forEach((camera, place) => {
      const { node } = tiles.get(camera);
      if (holder.children[place] !== node) holder.insertBefore(node, holder.children[place] ?? null);
    });
    names = wanted;
    watch();
  }

  // Device pixels that a picture of 16:9 has in a tile.
  function shownWidth() {
    const canvas = tiles.get(names[0]).canvas;
    const width = Math.min(canvas.clientWidth, canvas.clientHeight * 16 / 9) * devicePixelRatio;
    return Math.max(1, Math.ceil(width / STEP)) * STEP;
  }

  function watch() {
    const seen = names.length && !document.hidden && !holder.hidden;
    const wanted = seen ? `?fps=${FPS}&width=${shownWidth()}${names.map((camera) => `&camera=${encodeURIComponent(camera)}`).join("")}` : "";
    if (wanted === query) return;
    query = wanted;
    socket?.close();
    socket = wanted ? open(wanted, (frame) => {
      arrived.get(frame.camera)?.bitmap.close();
      arrived.set(frame.camera, frame);
      if (!drawing) setTimeout(() => requestAnimationFrame(drawAll), DRAW_MS);
      drawing = true;
    }) : null;
  }

  function drawAll() {
    drawing = false;
    for (const [camera, frame] of arrived) {
      const one = tiles.get(camera);
      if (!one) {
        frame.bitmap.close();
        continue;
      }
      draw(one.canvas, frame);
      one.drawn = frame.timestamp * 1000;
      one.frames += 1;
    }
    arrived.clear();
  }

  function states(rows, cut) {
    const passed = (performance.now() - counted) / 1000;
    const due = passed >= 2;
    if (due) counted = performance.now();
    for (const [camera, one] of tiles) {
      if (due) {
        one.rate = one.frames ? t("{rate}/s", { rate: number(one.frames / passed, { maximumFractionDigits: 1 }) }) : "";
        one.frames = 0;
      }
      const state = stateOf(rows.get(camera), one.drawn, cut);
      showState(one.state, state, state.light === "good" ? one.rate : "");
    }
  }

  // Move the focus by so many tiles; from nowhere to the first.
  function move(step) {
    const at = names.findIndex((camera) => tiles.get(camera).button === document.activeElement);
    const next = at < 0 ? 0 : at + step;
    if (next >= 0 && next < names.length) tiles.get(names[next]).button.focus();
    return next;
  }

  function focus(camera) { tiles.get(camera)?.button.focus(); }

  new ResizeObserver(() => { clearTimeout(timer); timer = setTimeout(watch, RESIZE_MS); }).observe(holder);
  document.addEventListener("visibilitychange", watch);
  return { show, watch, states, move, focus };
}
