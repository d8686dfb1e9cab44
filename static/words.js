// The words of the page in the reader's language. English stands in the code, as literal texts:
// tools/write_languages.py finds them (docs/languages.md).

const { lang: language, dir, dataset } = document.documentElement;
const WAIT_MS = 5000;
const ISOLATE = /[\u2066-\u2068]/;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

async function load() {
  const response = await fetch(dataset.words ?? `/languages/${language}.json`, { signal: AbortSignal.timeout(WAIT_MS) });
  return response.ok ? response.json() : {};
}

const words = language === "en" ? {} : await load().catch(() => ({})); // without them the page is English
const places = words[""] ?? {};                                        // plural category -> place in a list of forms
const rules = new Intl.PluralRules(language);
const formats = new Map();

// A number as the reader writes it.
export function number(value, options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language, options));
  return formats.get(key).format(value);
}

// A name of another direction must not scramble the sentence that it stands in. Where a value has such names in it, it is
// a text of this page, whose own direction browsers would not find: they do not look into what is isolated.
function isolated(text) {
  if (dir !== "rtl") return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text;
  return `${ISOLATE.test(text) ? "\u2067" : "\u2068"}${text}\u2069`;
}

// A text that reads from left to right in every language, such as a time or "1.5 GB".
export function leftToRight(text) { return dir === "rtl" ? `\u2066${text}\u2069` : text; }

function shown(value) { return typeof value === "number" ? number(value) : isolated(String(value)); }

function fill(text, values) { return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? shown(values[key]) : whole)); }

const LONGEST = 600;
const DEPTH = 3; // what stands in a placeholder may be a sentence, too

function pattern(sentence) {
  const literal = sentence.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replace(/\{(\w+)\}/g, "(?<$1>.+?)")}$`, "s");
}

const known = (words["~"] ?? []).map((sentence) => [sentence, pattern(sentence)]);

const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
let timeText = (text) => text;

// How the page writes the times that stand in sentences (times.js, which needs this module).
export function writeTimes(write) { timeText = write; }

// A sentence that the hub or an agent wrote in English (hub/languages/sentences.py); one that is not known stays as it is.
export function said(text) {
  if (typeof text !== "string" || !text) return text;
  const timed = text.replace(TIME, (found) => timeText(found));
  const translated = translate(timed, DEPTH);
  if (dir === "rtl" && translated === timed) return isolated(timed);
  return dir === "rtl" && translated.startsWith("\u2068") ? `\u200f${translated}` : translated; // a name that begins it does not turn it round
}

// What stands in a placeholder of a sentence: a number of things is written as the reader writes numbers.
function part(key, value, depth) {
  if (key === "count" && /^\d{1,15}$/.test(value)) return Number(value);
  return depth ? translate(value, depth - 1) : value;
}

function translate(text, depth) {
  if (text.length > LONGEST) return text;
  if (typeof words[text] === "string") return words[text];
  for (const [sentence, found] of known) {
    const groups = found.exec(text)?.groups;
    if (groups) return t(sentence, Object.fromEntries(Object.entries(groups).map(([key, value]) => [key, part(key, value, depth)])));
  }
  return text;
}

// t("{name} is late", { name }). Values that are numbers are written as the reader writes them; a number of a truck is a text.
export function t(text, values = {}) {
  const translation = words[text];
  return fill(typeof translation === "string" ? translation : text, values);
}

// counted(3, "{count} gate", "{count} gates")
export function counted(count, one, many, values = {}) {
  const forms = words[one];
  const text = Array.isArray(forms) ? forms[places[rules.select(count)] ?? forms.length - 1] : count === 1 ? one : many;
  return fill(text, { count, ...values });
}
