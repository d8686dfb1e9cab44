// Barriers: their state as the hub tells it, and the buttons that open them, for every page.
//
//   import { barrierButtons } from "./barriers.js";
//   holder.append(barrierButtons(visit.checkpoint, visit.id));
//
// The buttons keep themselves up to date as long as they stand on the page; without a barrier they are empty and hidden.
import { element, getJson, name, sendJson } from "./dom.js";
import { when } from "./times.js";
import { said, t } from "./words.js";

const GUARD_MS = 3000; // a button that was pressed is no button for so long
const AGAIN_MS = 5000;
const watchers = new Set();
const pressed = new Map(); // name of a barrier -> until when its buttons wait
const problems = new Map(); // name of a barrier -> what its last wish was answered
let state = null;

export const mayOpen = document.getElementById("barriers-stopped")?.dataset.operator === "yes";

function tell() { for (const watcher of [...watchers]) watcher(state); }

function receive(found) {
  state = found;
  tell();
}

async function load() {
  try {
    receive(await getJson("/api/barriers"));
  } catch { // the page says itself that it is cut off
    setTimeout(() => { if (state === null) load(); }, AGAIN_MS);
  }
}

// watcher(state) is called with the answer of GET /api/barriers, now and whenever it changes; what it returns ends that.
export function watchBarriers(watcher) {
  watchers.add(watcher);
  if (state) watcher(state);
  return () => watchers.delete(watcher);
}

function post(path, body) { return sendJson("POST", `/api/barriers/${path}`, body); }

// true: stop all barriers; false: release them.
export async function stopBarriers(stopped) { receive(await post("stop", { stopped })); }

export async function openBarrier(barrier, visit = "", note = "") { return post(`${encodeURIComponent(barrier)}/open`, { visit, note }); }

async function press(barrier, visit) {
  if (performance.now() < (pressed.get(barrier) ?? 0)) return;
  pressed.set(barrier, Infinity);
  problems.delete(barrier);
  tell();
  const began = performance.now();
  try {
    await openBarrier(barrier, visit);
  } catch (error) {
    problems.set(barrier, error.message);
  }
  const left = Math.max(0, GUARD_MS - (performance.now() - began));
  pressed.set(barrier, performance.now() + left);
  setTimeout(tell, left + 20);
  tell();
}

function lastOf(barrier, visit) {
  const problem = problems.get(barrier.name) || said(barrier.error);
  if (problem) return element("span", { class: "barrier-last bad", role: "alert", text: problem });
  if (!barrier.last) return element("span", { class: "barrier-last", text: t("Not opened yet") });
  const elsewhere = visit && barrier.last.visit !== visit;
  const text = elsewhere ? t("Last opened for another visit") : barrier.last.automatic ? t("Opened by itself") : t("Opened by {who}", { who: said(barrier.last.who) });
  return element("span", { class: "barrier-last" }, text, " ", when(barrier.last.at));
}

// The name of a checkpoint as the hub compares it.
function place(text) { return text.toLowerCase().split(/\s+/).filter(Boolean).join(" "); }

function row(barrier, visit) {
  const waits = state.stopped || performance.now() < (pressed.get(barrier.name) ?? 0);
  const button = element("button", { type: "button", class: "barrier-open", disabled: waits }, t("Open"), " ", name(barrier.name));
  button.onclick = () => press(barrier.name, visit);
  return element("div", { class: "barrier", "data-barrier": barrier.name }, mayOpen ? button : name(barrier.name), lastOf(barrier, visit));
}

// The barriers of a checkpoint with their buttons; null: of all checkpoints. `visit`: for whom they are opened.
export function barrierButtons(checkpoint = null, visit = "") {
  const holder = element("div", { class: "barriers", hidden: true });
  let stood = false;
  function draw() {
    if (stood && !holder.isConnected) {
      watchers.delete(draw);
      return;
    }
    stood = holder.isConnected;
    const mine = state.barriers.filter((one) => one.enabled && (checkpoint === null || place(one.checkpoint) === place(checkpoint)));
    const focused = holder.contains(document.activeElement) ? document.activeElement.closest("[data-barrier]")?.dataset.barrier : null;
    holder.replaceChildren(...mine.map((one) => row(one, visit)));
    if (focused) holder.querySelector(`[data-barrier="${CSS.escape(focused)}"] button:enabled`)?.focus({ preventScroll: true });
    holder.hidden = !mine.length;
  }
  watchBarriers(draw);
  return holder;
}

addEventListener("barriers", (event) => receive(event.detail));
addEventListener("hub-open", load);
load();
