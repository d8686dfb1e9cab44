// The page of visits: those that wait first, then all of them; live, searched.
import { getJson, listen } from "./live.js";
import { newest } from "./newest.js";
import { row } from "./visits_row.js";
import { counted, number, t } from "./words.js";

const PAGE = 50;
const WAITING = 10;      // on top of the page
const MOST_WAITING = 50; // that are known
const REMEMBERED = 1000;
const FLUSH_MS = 250;    // at most four changes of the page a second
const MOST_CHANGES = 5;  // pages of what changed while the page was cut off
const byId = (id) => document.getElementById(id);
const form = byId("search");
const latest = new Map(); // id -> the visit as it is now
const waiting = new Map(); // id -> a visit that waits
const shownAs = new Map(); // id -> [change, row] of those on top
const changed = new Set(); // ids that are drawn next
let change = 0;
let timer = null;
let opened = false;
let moreWait = false;

function remember(visit) {
  const known = latest.get(visit.id);
  if (known && known.change > visit.change) return known;
  latest.delete(visit.id);
  latest.set(visit.id, visit);
  if (latest.size > REMEMBERED) latest.delete(latest.keys().next().value);
  change = Math.max(change, visit.change);
  if (visit.waits && waiting.size < MOST_WAITING) waiting.set(visit.id, visit);
  else waiting.delete(visit.id);
  return visit;
}

byId("further").open = [...byId("further").querySelectorAll("[name]")].some((field) => new URLSearchParams(location.search).get(field.name));
form.addEventListener("reset", () => { form.elements.vehicle.value = ""; });

const visits = newest({
  holder: byId("visits"), address: "/api/visits", limit: PAGE, starts: [], parts: [],
  card: (visit) => row(remember(visit)),
  rows: (body) => { setTimeout(showWaiting); return body.visits; }, id: (visit) => visit.id, time: (visit) => visit.started_at,
  found: (body, shown) => {
    const [first] = body.visits;
    const count = t("{count} found", { count: `${number(shown)}${body.next_cursor ? "+" : ""}` });
    return form.elements.vehicle.value && first?.vehicle ? `${count} · ${first.vehicle.name}` : count;
  },
  empty: t("No visit yet. The next one appears here by itself."),
});

function showWaiting() {
  const all = [...waiting.values()].sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  byId("waiting").hidden = !all.length || visits.asked().size > 0;
  byId("waiting").querySelector("h2 span").textContent = moreWait ? t("More than {count} visits wait for a decision", { count: all.length }) : counted(all.length, "{count} visit waits for a decision", "{count} visits wait for a decision");
  byId("waiting").querySelector("a").hidden = all.length <= WAITING;
  const rows = all.slice(0, WAITING).map((visit) => {
    const [drawn, node] = shownAs.get(visit.id) ?? [];
    if (drawn === visit.change) return node;
    const made = row(visit);
    shownAs.set(visit.id, [visit.change, made]);
    return made;
  });
  for (const id of shownAs.keys()) if (!waiting.has(id)) shownAs.delete(id);
  const holder = byId("waiting").querySelector(".visit-list");
  if (rows.length !== holder.children.length || rows.some((node, place) => holder.children[place] !== node)) holder.replaceChildren(...rows);
}

// A row that is shown is drawn anew in its place.
function redraw(id) {
  const node = byId("visits").querySelector(`[data-id="${CSS.escape(id)}"]`);
  const visit = latest.get(id);
  if (!node || !visit) return;
  const focused = node.contains(document.activeElement);
  const made = row(visit);
  Object.assign(made.dataset, node.dataset);
  node.replaceWith(made);
  if (focused) made.querySelector("a").focus({ preventScroll: true });
}

function flush() {
  timer = null;
  for (const id of changed) redraw(id);
  changed.clear();
  showWaiting();
}

function update(visit) {
  remember(visit);
  changed.add(visit.id);
  timer ??= setTimeout(flush, FLUSH_MS);
}

async function loadWaiting() {
  const body = await getJson(`/api/visits?waits=true&limit=${MOST_WAITING}`);
  waiting.clear();
  moreWait = body.next_cursor !== null;
  for (const visit of body.visits) remember(visit);
  showWaiting();
}

// What changed while the page was cut off.
async function catchUp() {
  for (let page = 0; page < MOST_CHANGES; page += 1) {
    const body = await getJson(`/api/visits?after=${change}&limit=${PAGE}`);
    for (const visit of body.visits) update(visit);
    if (body.visits.length < PAGE) return;
    change = Math.max(change, Number(body.next_after));
  }
  await visits.load();
}

listen({
  lists: { visit: visits },
  onOpen: async () => {
    if (opened && change) await catchUp();
    opened = true;
    await loadWaiting();
  },
  onMessage: (message) => { if (message.event === "visit" || message.event === "visit_update") update(message.visit); },
});
