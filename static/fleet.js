// The list of all devices: those that wait first, then by how they are; it moves as little as it can.
import { element, getJson, name } from "./live.js";
import { cells, STATES, words } from "./fleet_cells.js";
import { askLabel } from "./device_label.js";
import { now, parse } from "./times.js";
import { counted, number, t } from "./words.js";

const RELOAD_MS = 10000;
const SOON_MS = 1500;
const BETTER_MS = 60000; // so long a device has to be better before it moves down; what is worse moves up at once
const FILTER_MS = 120;
const WAITING = "waiting";

const holder = document.getElementById("fleet");
const [table, note] = [holder.querySelector("table"), holder.querySelector("p")];
const form = document.getElementById("fleet-filter");
const known = new Map(); // key -> { device, row, filled, text, rank, better }
const collator = new Intl.Collator(document.documentElement.lang, { numeric: true, sensitivity: "base" });
let counts = {};
let cut = false;
let due = null;   // the next load,
let dueAt = 0;    // and when it is
let loading = null;
let onDecide = () => {};
let save = () => {};

const params = new URLSearchParams(location.search);
form.elements.q.value = params.get("q") ?? "";
form.elements.group.checked = params.get("group") === "checkpoint";
let wanted = STATES.includes(params.get("state")) ? params.get("state") : "";

function keyOf(device) { return device.decision ? `? ${device.decision_id}` : `${device.kind} ${device.id}`; }

function remember() {
  const query = new URLSearchParams(Object.entries({ q: form.elements.q.value.trim(), state: wanted, group: form.elements.group.checked ? "checkpoint" : "" }).filter(([, value]) => value));
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

// What of a device is shown; the moment it was heard is written at most every ten seconds.
function print(device) { return JSON.stringify([{ ...device, last_seen: Math.floor(parse(device.last_seen) / 10000) }, cut]); }

function keep(device) {
  const key = keyOf(device);
  const entry = known.get(key) ?? { row: element("tr", { "data-key": key }), rank: STATES.indexOf(device.state), better: null, filled: "" };
  const rank = STATES.indexOf(device.state);
  if (rank <= entry.rank) {
    entry.rank = rank;
    entry.better = null;
  } else {
    entry.better ??= now();
    if (now() - entry.better > BETTER_MS) entry.rank = rank;
  }
  entry.device = device;
  entry.text = words(device).toLocaleLowerCase();
  const filled = print(device);
  if (entry.filled !== filled) {
    const focused = entry.row.contains(document.activeElement);
    entry.filled = filled;
    entry.row.className = cut ? "off" : device.state;
    entry.row.replaceChildren(...cells(device, cut, act(device)));
    if (focused) entry.row.querySelector("button")?.focus();
  }
  known.set(key, entry);
  return key;
}

function act(device) {
  const button = element("button", { type: "button", class: device.decision ? "act yes" : "act", text: device.decision ? t("Decide") : t("Edit"), "aria-label": device.decision ? t("Decide about {name}", { name: device.name }) : t("Edit {name}", { name: device.name }) });
  button.onclick = device.decision ? () => onDecide(device) : () => edit(device);
  return button;
}

async function edit(device) {
  const checkpoints = [...new Set([...known.values()].map((entry) => entry.device.checkpoint).filter(Boolean))].sort(collator.compare);
  const said = await askLabel(device, checkpoints);
  if (said) await save("/api/devices/labels", "PUT", { kind: device.kind, id: device.id, ...said });
}

function compare(a, b) {
  return a.rank - b.rank || collator.compare(a.device.name, b.device.name) || collator.compare(keyOf(a.device), keyOf(b.device));
}

// Puts the rows of a part in order, and moves only those that stand elsewhere.
function place(body, entries) {
  let next = body.querySelector("tr:not(.part)");
  for (const { row } of entries) {
    if (row === next) next = next.nextElementSibling;
    else body.insertBefore(row, next);
  }
}

// Those that wait are a part of their own, the first; those without a checkpoint are the last.
function parts() {
  if (!form.elements.group.checked) return [["", [...known.values()]]];
  const found = new Map();
  for (const entry of known.values()) {
    const part = entry.device.decision ? WAITING : `at ${entry.device.checkpoint}`;
    if (!found.has(part)) found.set(part, []);
    found.get(part).push(entry);
  }
  const last = (part) => (part === WAITING ? 0 : part === "at " ? 2 : 1);
  return [...found].sort(([a], [b]) => last(a) - last(b) || collator.compare(a, b));
}

function heading(part) {
  if (part === WAITING) return t("Waiting to be let in");
  return part === "at " ? t("No checkpoint") : name(part.slice(3));
}

function arrange() {
  const grouped = form.elements.group.checked;
  const bodies = new Map([...table.tBodies].map((body) => [body.dataset.part, body]));
  const focus = document.activeElement;
  for (const [index, [part, entries]] of parts().entries()) {
    const body = bodies.get(part) ?? element("tbody", { "data-part": part });
    bodies.delete(part);
    const head = body.querySelector(".part");
    if (grouped && !head) body.prepend(element("tr", { class: "part" }, element("th", { colspan: "10", scope: "rowgroup" }, heading(part))));
    if (!grouped) head?.remove();
    place(body, entries.sort(compare));
    if (table.tBodies[index] !== body) table.insertBefore(body, table.tBodies[index] ?? null);
  }
  for (const body of bodies.values()) body.remove();
  if (focus !== document.activeElement && table.contains(focus)) focus.focus();
}

function show() {
  const text = form.elements.q.value.trim().toLocaleLowerCase();
  let found = 0;
  for (const { device, row, text: own } of known.values()) {
    row.hidden = (wanted && device.state !== wanted) || !own.includes(text);
    found += !row.hidden;
  }
  for (const body of table.tBodies) {
    const head = body.querySelector(".part");
    if (head) head.hidden = !body.querySelector("tr:not(.part):not([hidden])");
  }
  table.hidden = !found;
  note.hidden = found > 0;
  note.replaceChildren(...(known.size ? [t("No device is like this.")] : [t("No device has been heard yet."), " ", element("a", { href: "/first-steps", text: t("First steps: connect one") })]));
  document.getElementById("fleet-found").textContent = text || wanted ? t("{found} of {count}", { found: number(found), count: number(known.size) }) : counted(known.size, "{count} device", "{count} devices");
  showStates();
}

const STATE_NAMES = { pending: () => t("waiting"), troubled: () => t("in trouble"), offline: () => t("offline"), unknown: () => t("unknown"), good: () => t("good") };
const buttons = new Map(STATES.map((state) => {
  const button = element("button", { type: "button", class: "quiet", "data-state": state });
  button.onclick = () => { wanted = wanted === state ? "" : state; remember(); show(); };
  return [state, button];
}));
document.getElementById("fleet-states").replaceChildren(...buttons.values());

function showStates() {
  for (const [state, button] of buttons) {
    button.hidden = !counts[state] && wanted !== state;
    button.setAttribute("aria-pressed", String(wanted === state));
    button.textContent = `${number(counts[state] ?? 0)} ${STATE_NAMES[state]()}`;
  }
}

async function fetchAll() {
  const devices = [];
  let cursor = "";
  do {
    const page = await getJson(`/api/devices/overview${cursor && `?cursor=${cursor}`}`);
    devices.push(...page.devices);
    counts = page.counts;
    cursor = page.next_cursor;
  } while (cursor);
  return devices;
}

async function reload() {
  const devices = await fetchAll();
  const there = new Set(devices.map(keep));
  for (const [key, entry] of known) {
    if (there.has(key)) continue;
    entry.row.remove();
    known.delete(key);
  }
  arrange();
  show();
}

// One at a time; a failed one is tried again.
export function loadFleet() {
  clearTimeout(due);
  due = null;
  loading ??= reload().finally(() => {
    loading = null;
    fleetSoon(RELOAD_MS);
  });
  return loading;
}

// In so many milliseconds, unless it is due before.
export function fleetSoon(pause = SOON_MS) {
  const at = performance.now() + pause;
  if (due !== null && dueAt <= at) return;
  clearTimeout(due);
  dueAt = at;
  due = setTimeout(() => {
    due = null;
    if (document.hidden) fleetSoon(RELOAD_MS);
    else loadFleet().catch(() => {});
  }, pause);
}

// The hub is gone: nobody knows how the devices are.
export function fleetCut(gone) {
  cut = gone;
  for (const { device } of known.values()) keep(device);
}

// Somebody has said something else about a device.
export function fleetLabel(label) {
  const entry = known.get(`${label.kind} ${label.id}`);
  if (!entry) return;
  const { device } = entry;
  keep({ ...device, label: label.name, name: label.name || (device.name === device.label ? device.id : device.name), checkpoint: label.checkpoint || device.own_checkpoint, facing: label.facing });
  arrange();
  show();
  fleetSoon();
}

// decide(device): what its button does for one that waits; send(address, method, body): a request that tells its result.
export function startFleet({ decide, send }) {
  onDecide = decide;
  save = send;
}

let typed = null;
form.oninput = () => {
  clearTimeout(typed);
  typed = setTimeout(() => { remember(); arrange(); show(); }, FILTER_MS);
};
form.onsubmit = (event) => event.preventDefault();

