// Times as a site reads them: in its own zone, 24 hours, with the date where it is not today, and how long ago.
import { element } from "./dom.js";
import { counted, leftToRight, number, t, writeTimes } from "./words.js";

const { zone, offset, lang } = { lang: document.documentElement.lang, ...document.documentElement.dataset };
const LANGUAGE = lang === "en" ? "en-GB" : lang;
const DAY_MS = 86400000;
const LATE_MS = 120000;
const TICK_MS = 10000;
// Where the zone has no name that browsers know, its offset in minutes is added and the result read as UTC.
const SHIFT_MS = zone ? 0 : Number(offset) * 60000;
const FORMAT = { timeZone: zone || "UTC", hourCycle: "h23" };
const digits = new Intl.DateTimeFormat("en-GB", { ...FORMAT, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dates = new Intl.DateTimeFormat(LANGUAGE, { ...FORMAT, weekday: "short", day: "numeric", month: "short", year: "numeric" });
const weekdays = new Intl.DateTimeFormat(LANGUAGE, { ...FORMAT, weekday: "long", day: "numeric", month: "short" });
let skew = 0; // the hub's clock less this browser's

// The hub's clock counts: an old screen's own may be wrong by hours.
export function setClock(text) { skew = Date.parse(text) - Date.now(); }

export function now() { return Date.now() + skew; }

function fields(ms) {
  const found = {};
  for (const { type, value } of digits.formatToParts(ms + SHIFT_MS)) found[type] = value;
  return found;
}

// Minutes that the site's zone is ahead of UTC at a moment.
function offsetAt(ms, at = fields(ms)) {
  return Math.round((Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second) - ms) / 60000);
}

function two(value) { return number(Number(value), { minimumIntegerDigits: 2, useGrouping: false }); }

function offsetText(minutes) {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

// Milliseconds of a text; one without a zone is the site's time.
export function parse(text) {
  if (typeof text !== "string") return text === null || text === undefined ? NaN : Number(text);
  if (/(z|[+-]\d\d:?\d\d)$/i.test(text)) return Date.parse(text);
  const local = Date.parse(`${text.length > 10 ? text : `${text}T00:00:00`}Z`);
  return local - offsetAt(local) * 60000;
}

// 2026-11-27 of a moment; `back` days earlier.
export function day(ms = now(), back = 0) {
  const at = fields(ms - back * DAY_MS);
  return `${at.year}-${at.month}-${at.day}`;
}

export function dayName(ms) { return weekdays.format(ms + SHIFT_MS); }

function clock(ms, always) {
  const at = fields(ms);
  const minutes = offsetAt(ms, at);
  const elsewhere = always || minutes !== -new Date(ms).getTimezoneOffset();
  return leftToRight(`${two(at.hour)}:${two(at.minute)}:${two(at.second)}${elsewhere ? ` ${offsetText(minutes)}` : ""}`);
}

// 14:37:05, or Thu, 26 Nov 2026, 14:37:05; with the site's offset where the browser's is another.
export function moment(text) {
  const ms = parse(text);
  if (Number.isNaN(ms)) return String(text ?? "–");
  return day(ms) === day() ? clock(ms) : dated(ms, clock(ms));
}

writeTimes(moment);

// Thu, 26 Nov 2026, of parts, since some languages' own order of a weekday and a year reads oddly.
export function dateText(ms) {
  const { weekday, day, month, year } = Object.fromEntries(dates.formatToParts(ms + SHIFT_MS).map(({ type, value }) => [type, value]));
  return t("{weekday}, {day} {month} {year}", { weekday, day, month, year });
}

function dated(ms, time) { return t("{date}, {time}", { date: dateText(ms), time }); }

// As papers have it: with its date and the site's offset.
export function whole(ms) { return dated(ms, clock(ms, true)); }

export function duration(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return t("{count} s", { count: seconds });
  if (seconds < 3600) return t("{count} min", { count: Math.floor(seconds / 60) });
  if (seconds < 172800) return t("{count} h", { count: Math.floor(seconds / 3600) });
  return counted(Math.floor(seconds / 86400), "{count} day", "{count} days");
}

// "5 min ago"
export function agoText(passed) { return t("{duration} ago", { duration: duration(passed) }); }

function ago(ms) {
  const passed = now() - ms;
  if (passed < -60000) return t("{duration} ahead of the hub's clock", { duration: duration(-passed) });
  return passed < 60000 ? t("just now") : agoText(passed);
}

// A moment as an element that stays true while the page is open: absolute, and relative beside it.
export function when(text, relative = true) {
  const ms = parse(text);
  if (Number.isNaN(ms)) return element("time", { text: moment(text) });
  const time = element("time", { datetime: new Date(ms).toISOString(), title: whole(ms), text: moment(ms) });
  return relative ? element("span", { class: "at" }, time, " ", element("small", { class: "ago", text: ago(ms) })) : time;
}

// "arrived 12 min late", where a record came long after it was made.
export function late(happened, received) {
  const passed = received ? parse(received) - parse(happened) : 0;
  return passed > LATE_MS ? t("arrived {duration} late", { duration: duration(passed) }) : "";
}

function update(node, text) { if (node && node.textContent !== text) node.textContent = text; }

setInterval(() => {
  if (document.hidden) return;
  for (const node of document.querySelectorAll("time[datetime]:not([data-form])")) {
    const ms = Date.parse(node.dateTime);
    update(node, moment(ms));
    update(node.parentNode.querySelector(":scope > .ago"), ago(ms));
  }
}, TICK_MS);
