// What is kept, what would be deleted now and what was deleted: the part of the page /maintenance about retention.
import { element, getJson, moment } from "./live.js";

const NAMES = { captures: "Captures", detections: "Detections", health: "Health reports", readings: "Tag readings", matches: "Matches of persons", audit: "Audit log", alerts: "Alerts", "alert messages": "Messages about alerts", "events for MQTT": "Events for MQTT" };
const HEADS = ["kind", "is deleted", "would go now", "protected", "oldest that stays", "last run", "deleted in all"];
const SECONDS = 15;
const byId = (id) => document.getElementById(id);

function size(bytes) { return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`; }

function amount({ records, bytes }) { return records ? `${records} (${size(bytes)})` : "none"; }

function rule(kind, budget) {
  const parts = [kind.days && `after ${kind.days} days`, budget && kind.in_budget && `oldest first beyond ${size(budget)}`];
  return parts.filter(Boolean).join(", ") || "never";
}

function row(kind, budget) {
  const last = kind.last_run.at ? `${amount(kind.last_run)}, ${moment(kind.last_run.at)}` : "none";
  const cells = [NAMES[kind.kind] ?? kind.kind, rule(kind, budget), amount(kind.would_delete), String(kind.protected), kind.oldest_kept ? moment(kind.oldest_kept) : "–", last, amount(kind.total)];
  return element("tr", {}, ...cells.map((text, place) => element(place ? "td" : "th", { text })));
}

function notes(body) {
  const ahead = body.kinds.find((kind) => kind.clock_ahead_days !== null);
  return [
    body.running && "Records are being deleted now.",
    body.last_error && `The last run stopped early: ${body.last_error}`,
    ahead && `This machine's clock is ${Math.round(ahead.clock_ahead_days)} days ahead of what the hub knows, so nothing is deleted by age. If it is wrong, set it right.`,
  ].filter(Boolean).join(" ");
}

function show(body) {
  const used = body.used;
  byId("retention-used").textContent = `The data takes ${size(used.total_bytes)}: database ${size(used.database_bytes)}, pictures of captures ${size(used.image_bytes)}, of detections ${size(used.pack_bytes)}. ` +
    (body.budget_bytes ? `The budget is ${size(body.budget_bytes)}.` : "There is no budget.");
  byId("retention-kinds").replaceChildren(element("tr", {}, ...HEADS.map((text) => element("th", { text }))), ...body.kinds.map((kind) => row(kind, body.budget_bytes)));
  byId("retention-notes").textContent = notes(body);
}

async function refresh() {
  try {
    show(await getJson("/api/retention"));
  } catch (error) {
    byId("retention-notes").textContent = error.message;
  }
  setTimeout(refresh, SECONDS * 1000);
}

refresh();
