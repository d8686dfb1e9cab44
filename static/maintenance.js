// The page of backups and checks: what there is, what runs, start and stop.
import { element, getJson, moment } from "./live.js";

const byId = (id) => document.getElementById(id);
const QUIET_MS = 5000, BUSY_MS = 700;
const WORDS = { good: "whole", note: "note", bad: "damaged" };
let timer = 0, wasBusy = false;

function tell(text, good) {
  const told = byId("told");
  told.hidden = !text;
  told.className = `answer ${good ? "good" : "bad"}`;
  told.textContent = text;
}

function size(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e5 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1000)} KB`;
}

function showRunning(state) {
  const running = state.running;
  byId("start").disabled = byId("check").disabled = state.waiting;
  byId("stop").hidden = !state.waiting;
  byId("running").hidden = !state.waiting;
  if (!state.waiting) return;
  const progress = byId("progress");
  const what = running?.action === "verify" ? "Checking" : "Backing up";
  const known = running && running.total_bytes > 0;
  if (known) {
    progress.max = running.total_bytes;
    progress.value = running.done_bytes;
  } else {
    progress.removeAttribute("value");
  }
  byId("running-text").textContent = running
    ? `${what}: ${running.phase}${known ? `, ${size(running.done_bytes)} of ${size(running.total_bytes)}` : ""}` : `${what} begins`;
}

function hours(list) {
  return list.map((hour) => `${String(hour).padStart(2, "0")}:00`).join(", ");
}

function showSchedule(state) {
  const { hours: at, every_hours: every, keep, next_at: next } = state.schedule;
  const parts = [at.length ? `every day at ${hours(at)}` : "", every ? `when the newest is ${every} hours old` : ""].filter(Boolean);
  byId("schedule").textContent = parts.length
    ? `${parts.join(" and ")}; the newest ${keep} are kept; next: ${moment(next)}`
    : "none: nobody makes backups but you. Write in hub.toml under [backup]: hours = [3]";
  byId("folder").replaceChildren(state.folder, state.same_disk
    ? element("div", { class: "hint", text: "This is the disk of the hub: when it fails, the backups are gone as well. Set backup.folder to another one." }) : "");
}

function backupRow(backup) {
  const notes = backup.error || backup.notes.join(" ") || `whole, ${backup.files} files`;
  return element("tr", { class: backup.error ? "bad" : "" },
    element("td", { text: backup.made_at ? moment(backup.made_at) : "-" }), element("td", { text: backup.name }),
    element("td", { text: size(backup.size_bytes) }), element("td", { text: notes }));
}

function showBackups(state) {
  byId("backups").replaceChildren(...state.backups.map(backupRow));
  if (!state.backups.length) byId("backups").append(element("tr", {}, element("td", { colspan: 4, text: "There is no backup yet." })));
  const whole = state.backups.find((backup) => !backup.error);
  byId("command").textContent = `python app.py restore "${state.folder}/${whole ? whole.name : "FILE"}" --instance "${state.instance}"`;
  byId("copies").replaceChildren(...(state.copies.length ? [element("p", { class: "hint",
    text: `Databases as they were before a new version changed them, which can be put back the same way: ${state.copies.map((copy) => copy.name).join(", ")}` })] : []));
  const last = state.last_backup;
  byId("last").className = last && !last.good ? "bad" : "";
  byId("last").textContent = last ? `${moment(last.at)}, ${last.trigger}: ${last.good ? "" : "failed. "}${last.message}` : "none since the hub was started";
}

function showCheck(state) {
  const check = state.last_check;
  byId("checked").textContent = check ? `${moment(check.at)}: ${check.good ? "everything is whole." : "something is damaged or missing, or the check did not end."} ${check.message}`
    : "Not checked since the hub was started. A check reads the whole database and every picture and changes nothing.";
  byId("findings").replaceChildren(...(check?.findings ?? []).map((finding) =>
    element("li", { class: finding.kind }, element("b", { text: WORDS[finding.kind] }), element("span", { text: finding.text }))));
}

function showNotices(state) {
  byId("notices").hidden = !state.notices.length;
  byId("notice-texts").replaceChildren(...state.notices.map((text) => element("p", { text })));
}

async function load() {
  clearTimeout(timer);
  let busy = false;
  try {
    const state = await getJson("/api/maintenance");
    busy = state.waiting;
    if (wasBusy && !busy) tell("", true); // what has begun has ended, as the page shows below
    wasBusy = busy;
    for (const show of [showRunning, showSchedule, showBackups, showCheck, showNotices]) show(state);
  } catch (error) {
    tell(error.message, false);
  }
  timer = setTimeout(load, busy ? BUSY_MS : QUIET_MS);
}

async function send(method, address) {
  try {
    const response = await fetch(address, { method, headers: { Accept: "application/json" } });
    const answer = await response.json();
    tell(answer.message, response.ok);
  } catch (error) {
    tell(error.message, false);
  }
  await load();
}

byId("start").onclick = () => send("POST", "/api/backups");
byId("check").onclick = () => send("POST", "/api/verify");
byId("stop").onclick = () => send("DELETE", "/api/maintenance/running");
byId("read").onclick = () => send("DELETE", "/api/maintenance/notices");
load();
