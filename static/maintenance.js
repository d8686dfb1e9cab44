// The page of backups and checks: what there is, what runs, start and stop.
import { element, getJson, moment, name } from "./live.js";
import { sizeText } from "./sizes.js";
import { counted, said, t } from "./words.js";

const byId = (id) => document.getElementById(id);
const QUIET_MS = 5000, BUSY_MS = 700;
const WORDS = { good: t("whole"), note: t("note"), bad: t("damaged") };
const PHASES = {
  beginning: t("beginning"), database: t("database"), pictures: t("pictures"), records: t("records"), "newest pictures": t("newest pictures"),
  "settings and secrets": t("settings and secrets"), end: t("end"),
};
const TRIGGERS = { "by hand": t("by hand"), "by schedule": t("by schedule") };
let timer = 0, wasBusy = false;

function tell(text, good) {
  const told = byId("told");
  told.hidden = !text;
  told.className = `answer ${good ? "good" : "bad"}`;
  told.textContent = text;
}

function showRunning(state) {
  const running = state.running;
  byId("start").disabled = byId("check").disabled = state.waiting;
  byId("stop").hidden = !state.waiting;
  byId("running").hidden = !state.waiting;
  if (!state.waiting) return;
  const progress = byId("progress");
  const what = running?.action === "verify" ? t("Checking") : t("Backing up");
  const known = running && running.total_bytes > 0;
  if (known) {
    progress.max = running.total_bytes;
    progress.value = running.done_bytes;
  } else {
    progress.removeAttribute("value");
  }
  byId("running-text").textContent = running
    ? [`${what}: ${PHASES[running.phase] ?? running.phase}`, known ? t("{done} of {total}", { done: sizeText(running.done_bytes), total: sizeText(running.total_bytes) }) : ""].filter(Boolean).join(", ")
    : t("{what} begins", { what });
}

function hours(list) {
  return list.map((hour) => `${String(hour).padStart(2, "0")}:00`).join(", ");
}

function showSchedule(state) {
  const { hours: at, every_hours: every, keep, next_at: next } = state.schedule;
  const parts = [at.length ? t("every day at {times}", { times: hours(at) }) : "", every ? counted(every, "when the newest is {count} hour old", "when the newest is {count} hours old") : ""].filter(Boolean);
  byId("schedule").textContent = parts.length
    ? t("{times}; the newest {count} are kept; next: {next}", { times: parts.join(t(" and ")), count: keep, next: moment(next) })
    : t("none: nobody makes backups but you. Write in hub.toml under [backup]: {line}", { line: "hours = [3]" });
  byId("folder").replaceChildren(name(state.folder), state.same_disk
    ? element("div", { class: "hint", text: t("This is the disk of the hub: when it fails, the backups are gone as well. Set backup.folder to another one.") }) : "");
}

function backupRow(backup) {
  const notes = said(backup.error || backup.notes.join(" ")) || counted(backup.files, "whole, {count} file", "whole, {count} files");
  return element("tr", { class: backup.error ? "bad" : "" },
    element("td", { text: backup.made_at ? moment(backup.made_at) : "-" }), element("td", {}, name(backup.name)),
    element("td", { text: sizeText(backup.size_bytes) }), element("td", { text: notes }));
}

function showBackups(state) {
  byId("backups").replaceChildren(...state.backups.map(backupRow));
  if (!state.backups.length) byId("backups").append(element("tr", {}, element("td", { colspan: 4, text: t("There is no backup yet.") })));
  const whole = state.backups.find((backup) => !backup.error);
  byId("command").textContent = `python app.py restore "${state.folder}/${whole ? whole.name : "FILE"}" --instance "${state.instance}"`;
  byId("copies").replaceChildren(...(state.copies.length ? [element("p", { class: "hint",
    text: t("Databases as they were before a new version changed them, which can be put back the same way: {names}", { names: state.copies.map((copy) => copy.name).join(", ") }) })] : []));
  const last = state.last_backup;
  byId("last").className = last && !last.good ? "bad" : "";
  byId("last").textContent = last ? `${moment(last.at)}${t(", ")}${TRIGGERS[last.trigger] ?? last.trigger}: ${last.good ? "" : `${t("failed.")} `}${said(last.message)}` : t("none since the hub was started");
}

function showCheck(state) {
  const check = state.last_check;
  byId("checked").textContent = check ? `${moment(check.at)}: ${check.good ? t("everything is whole.") : t("something is damaged or missing, or the check did not end.")} ${said(check.message)}`
    : t("Not checked since the hub was started. A check reads the whole database and every picture and changes nothing.");
  byId("findings").replaceChildren(...(check?.findings ?? []).map((finding) =>
    element("li", { class: finding.kind }, element("b", { text: WORDS[finding.kind] }), element("span", { text: said(finding.text) }))));
}

function showNotices(state) {
  byId("notices").hidden = !state.notices.length;
  byId("notice-texts").replaceChildren(...state.notices.map((text) => element("p", { text: said(text) })));
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
    tell(said(answer.message), response.ok);
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
