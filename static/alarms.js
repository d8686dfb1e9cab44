// Alarms over every page, until somebody has seen them: banners, a sound, their number in the title.
import { acknowledge, address, isUrgent, sentence, times, word } from "./alarm_words.js";
import { element, getJson } from "./dom.js";
import { isMuted, ring, state as soundState, turn, watch } from "./sound.js";
import { when } from "./times.js";
import { prefix } from "./title.js";
import { counted, number, t } from "./words.js";

const SHOWN = matchMedia("(max-width: 560px)").matches ? 1 : 2; // banners; of the others it is said how many there are
const STILL_MS = 3000;   // while the pointer is on a banner it does not move away under it, for so long
const AGAIN_MS = 5000;
const holder = document.getElementById("alarms");
const bell = document.getElementById("bell");
const sound = document.getElementById("sound");
const mayAcknowledge = holder.dataset.operator === "yes";
let newest = null;       // the newest alarm that this page has rung for; null until it knows what is old
let summary = { count: 0, is_exact: true, newest: 0, alarms: [] };
let drawnAt = 0;
let later = null;
let problem = "";

function seenButton(alarm) {
  if (!mayAcknowledge) return null;
  const button = element("button", { type: "button", class: "seen", text: t("Seen") });
  button.onclick = async () => {
    button.disabled = true;
    problem = "";
    try {
      await acknowledge(`${alarm.id}/acknowledge`);
      holder.dataset.seen = alarm.id;
    } catch (error) {
      problem = error.message;
    }
    drawnAt = 0;
    await load();
    if (problem) draw();
  };
  return button;
}

// last: what stands at the end of the last banner.
function banner(alarm, last) {
  const link = address(alarm);
  return element("div", { class: `alarm ${alarm.state === "cleared" ? "over" : isUrgent(alarm) ? "urgent" : "plain"}`, "data-kind": alarm.kind },
    element("strong", { class: "word", text: word(alarm) }),
    element("p", {}, element("span", { text: sentence(alarm) }), " ", when(alarm.last_at),
      times(alarm) ? element("span", { class: "times", text: times(alarm) }) : null),
    last, element("span", { class: "do" }, link ? element("a", { href: link, text: t("Look") }) : null, seenButton(alarm)));
}

// Browsers play nothing before somebody has pressed something: so it is said where it counts.
function silent() {
  if (soundState() === "on" || isMuted()) return null;
  const button = element("button", { type: "button", class: "louder", text: t("Turn sound on") });
  button.onclick = () => turn(true);
  return button;
}

function rest(shown) {
  const more = summary.count - shown;
  const louder = silent();
  if (more <= 0 && !louder && !problem) return null;
  const text = more <= 0 ? "" : !summary.is_exact ? t("and more than {count} more", { count: number(more) }) : counted(more, "and {count} more", "and {count} more");
  return element("span", { class: "rest" }, text ? element("a", { href: "/alarms", text }) : null, louder, problem ? element("span", { class: "problem", role: "alert", text: problem }) : null);
}

function draw() {
  clearTimeout(later);
  const waited = performance.now() - drawnAt;
  if (holder.matches(":hover") && waited < STILL_MS) {
    later = setTimeout(draw, STILL_MS - waited);
    return;
  }
  drawnAt = performance.now();
  const focused = holder.contains(document.activeElement);
  const alarms = summary.alarms.slice(0, SHOWN);
  holder.replaceChildren(...alarms.map((alarm, place) => banner(alarm, place === alarms.length - 1 ? rest(alarms.length) : null)));
  holder.hidden = !alarms.length;
  if (focused) (holder.querySelector("button, a") ?? document.getElementById("main")).focus({ preventScroll: true });
  prefix("alarms", summary.count ? `(${number(summary.count)}${summary.is_exact ? "" : "+"})` : "");
  bell.querySelector("b").textContent = summary.count ? number(summary.count) : "";
  bell.classList.toggle("some", summary.count > 0);
}

// What is new since this page knows it is heard; what was there before is old.
function receive(found) {
  const fresh = newest === null ? [] : found.alarms.filter((alarm) => alarm.seq > newest && alarm.state !== "cleared");
  const same = JSON.stringify(found) === JSON.stringify(summary);
  summary = found;
  newest = Math.max(newest ?? 0, found.newest);
  if (!same) draw();
  if (fresh.length) ring(fresh.some(isUrgent));
}

async function load() {
  try {
    receive(await getJson("/api/alerts/unseen"));
  } catch { // the page says itself that it is cut off; until then what was there stays
    setTimeout(() => { if (newest === null) load(); }, AGAIN_MS);
    draw();
  }
}

function showSound() {
  const now = soundState();
  sound.setAttribute("aria-pressed", String(now === "on"));
  sound.title = { on: t("The sound of alarms is on. Press to mute it."), off: t("The sound of alarms is off. Press to turn it on."), blocked: t("The sound begins when you press something on this page.") }[now];
  sound.dataset.state = now;
  sound.querySelector("span").textContent = sound.title;
  sound.hidden = false;
  draw();
}

addEventListener("alarms", (event) => receive(event.detail));
addEventListener("hub-open", load);
sound.onclick = () => turn(soundState() !== "on");
watch(showSound);
load();
// A page without live data of its own has a connection for alarms.
if (!document.getElementById("link")) import("./live.js").then(({ listen }) => listen({}));
