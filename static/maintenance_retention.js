// What is kept, what would be deleted now and what was deleted: the part of the page /maintenance about retention.
import { element, getJson, moment } from "./live.js";
import { sizeText } from "./sizes.js";
import { counted, number, t } from "./words.js";

const NAMES = {
  captures: t("Captures"), detections: t("Detections"), health: t("Health reports"), readings: t("Tag readings"), matches: t("Matches of persons"), audit: t("Audit log"),
  alerts: t("Alerts"), "alert messages": t("Messages about alerts"), "events for MQTT": t("Events for MQTT"),
};
const HEADS = [t("kind"), t("is deleted"), t("would go now"), t("protected"), t("oldest that stays"), t("last run"), t("deleted in all")];
const SECONDS = 15;
const byId = (id) => document.getElementById(id);

function amount({ records, bytes }) { return records ? `${number(records)} (${sizeText(bytes)})` : t("none"); }

function rule(kind, budget) {
  const parts = [kind.days && counted(kind.days, "after {count} day", "after {count} days"), budget && kind.in_budget && t("oldest first beyond {size}", { size: sizeText(budget) })];
  return parts.filter(Boolean).join(", ") || t("never");
}

function row(kind, budget) {
  const last = kind.last_run.at ? `${amount(kind.last_run)}, ${moment(kind.last_run.at)}` : t("none");
  const cells = [NAMES[kind.kind] ?? kind.kind, rule(kind, budget), amount(kind.would_delete), number(kind.protected), kind.oldest_kept ? moment(kind.oldest_kept) : "–", last, amount(kind.total)];
  return element("tr", {}, ...cells.map((text, place) => element(place ? "td" : "th", { text })));
}

function notes(body) {
  const ahead = body.kinds.find((kind) => kind.clock_ahead_days !== null);
  return [
    body.running && t("Records are being deleted now."),
    body.last_error && t("The last run stopped early: {error}", { error: body.last_error }),
    ahead && counted(Math.round(ahead.clock_ahead_days), "This machine's clock is {count} day ahead of what the hub knows, so nothing is deleted by age. If it is wrong, set it right.", "This machine's clock is {count} days ahead of what the hub knows, so nothing is deleted by age. If it is wrong, set it right."),
  ].filter(Boolean).join(" ");
}

function show(body) {
  const used = body.used;
  byId("retention-used").textContent = [
    t("The data takes {total}: database {database}, pictures of captures {images}, of detections {packs}.",
      { total: sizeText(used.total_bytes), database: sizeText(used.database_bytes), images: sizeText(used.image_bytes), packs: sizeText(used.pack_bytes) }),
    body.budget_bytes ? t("The budget is {size}.", { size: sizeText(body.budget_bytes) }) : t("There is no budget."),
  ].join(" ");
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
