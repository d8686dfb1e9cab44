// Whether what a page shows of a camera is live: by the age of the picture that is drawn, not by what a connection promises.
import { duration, now } from "./times.js";
import { t } from "./words.js";

const LATE_MS = 3000;
const OFFLINE_MS = 60000;

// row: of /api/frames, undefined where the hub knows no such camera; drawn: when the hub got the picture that is shown
// (milliseconds by the hub's clock), null before the first. {light, text}, light as the dots of gatehouse.css have it.
export function stateOf(row, drawn, cut) {
  if (cut) return { light: "off", text: drawn === null ? t("cut off") : t("cut off; picture {age} old", { age: duration(age(drawn)) }) };
  if (drawn === null) return row ? { light: "pending", text: t("waiting for a picture") } : { light: "bad", text: t("offline, no picture yet") };
  // A camera that sends one picture in ten seconds is live with one that is ten seconds old.
  const usual = row?.interval_ms ?? 0;
  const old = age(drawn);
  if (old <= Math.max(LATE_MS, 2.5 * usual)) return { light: "good", text: t("live") };
  if (old <= Math.max(OFFLINE_MS, 6 * usual)) return { light: "pending", text: t("stale, {age} old", { age: duration(old) }) };
  return { light: "bad", text: t("offline for {age}", { age: duration(old) }) };
}

function age(drawn) { return Math.max(0, now() - drawn); }

// A dot and its word; the page is touched only where something has changed.
export function showState(node, { light, text }, extra = "") {
  const wanted = `state ${light}`;
  const words = extra ? `${text}, ${extra}` : text;
  if (node.className !== wanted) node.className = wanted;
  const label = node.querySelector("span");
  if (label.textContent !== words) label.textContent = words;
}
