// The stage: a live picture, and over it the box of each person with its distance.
// A match has a solid green box, anybody else a dashed yellow one; each says its distance in words too.
import { number, t } from "./words.js";

const STALE_MS = 3000; // boxes older than this are of another moment
const MATCH = { line: "#35e08c", ground: "#0b5c36", dash: [] };
const OTHER = { line: "#ffd166", ground: "#3d3a2b", dash: [7, 5] };
const FONT = "600 13px system-ui, 'Segoe UI', sans-serif";

// 0.38 as the reader writes it.
export function distanceText(distance) { return number(distance, { minimumFractionDigits: 2, maximumFractionDigits: 2 }); }

export function label(distance, limit) {
  const shown = { distance: distanceText(distance) };
  return distance < limit ? t("match {distance}", shown) : t("other {distance}", shown);
}

// `frame` is the element that gets the picture's shape; `picture` and `boxes` are canvases in it.
export function createStage(frame, picture, boxes) {
  let people = [];
  let size = { width: 640, height: 360 };
  let limit = 0.38;
  let painted = 0;
  let video = null;

  function shape(width, height) {
    if (!width || !height) return;
    size = { width, height };
    frame.style.setProperty("--ratio", String(width / height));
  }

  function fit() {
    const sharp = window.devicePixelRatio || 1;
    const width = Math.round(boxes.clientWidth * sharp);
    const height = Math.round(boxes.clientHeight * sharp);
    if (boxes.width !== width || boxes.height !== height) { boxes.width = width; boxes.height = height; }
    const context = boxes.getContext("2d");
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    context.clearRect(0, 0, boxes.clientWidth, boxes.clientHeight);
    return context;
  }

  function paintOne(context, person) {
    const [x1, y1, x2, y2] = person.bbox;
    const across = boxes.clientWidth / person.width;
    const down = boxes.clientHeight / person.height;
    const style = person.distance < limit ? MATCH : OTHER;
    const area = [x1 * across, y1 * down, (x2 - x1) * across, (y2 - y1) * down];
    if (person.image) context.drawImage(person.image, ...area);
    context.setLineDash([]);
    context.lineWidth = 5;
    context.strokeStyle = "#000000a0";
    context.strokeRect(...area);
    context.setLineDash(style.dash);
    context.lineWidth = 3;
    context.strokeStyle = style.line;
    context.strokeRect(...area);
    const text = label(person.distance, limit);
    const width = context.measureText(text).width + 12;
    const left = Math.max(0, Math.min(area[0] - 2, boxes.clientWidth - width));
    const top = area[1] >= 22 ? area[1] - 22 : area[1] + 2;
    context.fillStyle = style.ground;
    context.fillRect(left, top, width, 20);
    context.fillStyle = "#ffffff";
    context.fillText(text, left + 6, top + 14.5);
  }

  function paint() {
    const context = fit();
    context.font = FONT;
    const ordered = [...people].sort((a, b) => b.distance - a.distance); // the best match lies on top
    for (const person of ordered) paintOne(context, person);
    boxes.dataset.people = String(people.length);
    boxes.dataset.matches = String(people.filter((person) => person.distance < limit).length);
  }

  function drawVideo() {
    if (!video) return;
    if (video.videoWidth) {
      if (picture.width !== video.videoWidth || picture.height !== video.videoHeight) {
        picture.width = video.videoWidth;
        picture.height = video.videoHeight;
        shape(picture.width, picture.height);
      }
      picture.getContext("2d").drawImage(video, 0, 0);
    }
    requestAnimationFrame(drawVideo);
  }

  new ResizeObserver(paint).observe(boxes);
  setInterval(() => { if (people.length && performance.now() - painted > STALE_MS) { people = []; paint(); } }, 500);

  return {
    shape,
    playVideo(element) { video = element; drawVideo(); },
    show(found, width, height) {
      people = found.map((person) => ({ ...person, width, height }));
      painted = performance.now();
      paint();
    },
    setLimit(value) { limit = value; paint(); },
    clearBoxes() { people = []; paint(); },
    clear() {
      video = null;
      people = [];
      paint();
      picture.getContext("2d").clearRect(0, 0, picture.width, picture.height);
    },
    get size() { return size; },
  };
}
