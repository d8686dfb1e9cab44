// What a row of the list of devices says; what is not known is a dash that says why.
import { element, name, when } from "./live.js";
import { number, said, t } from "./words.js";

export const STATES = ["pending", "troubled", "offline", "unknown", "good"];
const SAME_SECONDS = 2; // clocks that differ by less are the same: messages are under way for a moment
const KINDS = {
  camera: () => t("plate camera"), station: () => t("station agent"), device: () => t("at a station"), board: () => t("AprilTag board"),
  scale: () => t("scale"), video: () => t("video camera"), game: () => t("game"), tracking: () => t("tracking"), other: () => t("device"),
};
const STATE_WORDS = { pending: () => t("waiting to be let in"), troubled: () => t("in trouble"), offline: () => t("offline"), unknown: () => t("unknown"), good: () => t("good") };
const FACES = { in: () => t("drives in"), out: () => t("drives out"), both: () => t("both ways") };

export function kindWord(kind) { return (KINDS[kind] ?? KINDS.other)(); }

// The words that a search finds a device by.
export function words(device) {
  return [device.name, device.id, kindWord(device.kind), device.address, device.checkpoint, device.parent, device.version, device.trouble, device.word, device.transport, STATE_WORDS[device.state]()].join(" ");
}

function none(why) { return element("span", { class: "none", title: why, role: "img", "aria-label": why, text: "–" }); }

// 3.4 s, 12 min, 3 h, 14 days.
function span(seconds) {
  if (seconds < 60) return t("{count} s", { count: number(seconds, { maximumFractionDigits: seconds < 10 ? 1 : 0 }) });
  if (seconds < 5400) return t("{count} min", { count: number(Math.round(seconds / 60)) });
  if (seconds < 172800) return t("{count} h", { count: number(Math.round(seconds / 3600)) });
  return t("{count} days", { count: number(Math.round(seconds / 86400)) });
}

function clock(device) {
  const offset = device.clock_offset_seconds;
  if (offset === null) return none(device.kind === "board" ? t("Boards have no clock that tells the time") : device.kind === "scale" ? t("Scales have no clock that tells the time") : t("It has not told its time since the hub started"));
  const size = Math.abs(offset);
  if (size < SAME_SECONDS) return element("span", { title: t("Its clock is that of the hub"), text: t("right") });
  const late = offset < 0 ? t("Behind the hub's clock; a device that delivers late looks so, too") : t("Ahead of the hub's clock");
  return element("span", { class: size > 30 ? "wrong" : "", title: late, text: offset < 0 ? t("{span} behind", { span: span(size) }) : t("{span} ahead", { span: span(size) }) });
}

function state(device, cut) {
  const word = cut ? t("unknown while cut off") : STATE_WORDS[device.state]();
  return [element("i", { class: "dot" }), element("b", { text: word }), !cut && device.trouble ? element("small", { class: "why" }, name(said(device.trouble))) : null];
}

function identity(device) {
  const shown = device.name === device.id ? null : element("small", {}, name(device.id));
  const kind = [kindWord(device.kind), device.transport, device.detail].filter(Boolean).join(" · ");
  return [element("strong", {}, name(device.kind === "device" ? said(device.name) : device.name)), shown, element("small", { class: "kind" }, kind)];
}

function checkpoint(device) {
  const where = device.checkpoint ? name(device.checkpoint) : none(t("It belongs to no checkpoint"));
  return [where, device.facing ? element("small", { text: FACES[device.facing]() }) : null];
}

function cell(label, ...children) { return element("td", { "data-label": label }, element("div", {}, ...children)); }

export function cells(device, cut, button) {
  return [
    element("td", { class: "state" }, element("div", {}, ...state(device, cut))),
    element("td", { class: "device" }, element("div", {}, ...identity(device))),
    cell(t("Checkpoint"), ...checkpoint(device)),
    cell(t("Last heard"), device.last_seen ? when(device.last_seen) : none(t("It was never heard"))),
    cell(t("Pictures/s"), device.fps === null ? none(t("No live pictures come from it")) : number(device.fps, { maximumFractionDigits: 1 })),
    cell(t("Clock"), clock(device)),
    cell(t("Queue"), device.queue === null ? none(t("It does not tell what waits at it")) : number(device.queue)),
    cell(t("Version"), device.version ? name(device.version) : none(t("It does not tell its version"))),
    cell(t("Address"), device.address ? name(device.address) : none(t("It has not been heard since the hub started"))),
    element("td", { class: "do" }, button),
  ];
}
