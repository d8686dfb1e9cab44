// What an alarm is about, in the reader's language.
import { sendJson } from "./dom.js";
import { counted, said, t } from "./words.js";

export function isUrgent(alarm) { return alarm.kind === "visit_denied" || (alarm.kind === "watchlist_hit" && alarm.details.action === "deny"); }

// One word that stands before the sentence.
export function word(alarm) {
  if (alarm.state === "cleared") return t("Over");
  if (alarm.kind === "watchlist_hit") return isUrgent(alarm) ? t("Stop") : t("Let in");
  if (alarm.kind === "capture_failed") return t("Not read");
  if (alarm.kind.endsWith("_offline")) return t("Offline");
  if (alarm.kind === "disk_low") return t("Disk");
  if (alarm.kind === "backup_failed") return t("Backup");
  if (alarm.kind === "barrier_failed") return t("Barrier");
  if (alarm.kind === "visit_denied") return t("Stop");
  if (alarm.kind === "visit_mismatch") return t("Mismatch");
  if (alarm.kind === "rule") return t("Rule");
  return t("Test");
}

function offline(alarm, name) {
  const over = alarm.state === "cleared";
  if (alarm.kind === "camera_offline") return over ? t("The camera {name} was offline; it is over.", { name }) : t("The camera {name} is offline. Check its power and its network.", { name });
  if (alarm.kind === "station_offline") return over ? t("The station {name} was offline; it is over.", { name }) : t("The station {name} is offline. Is its agent running, and does its PC reach the hub?", { name });
  if (alarm.kind === "board_offline") return over ? t("The board {name} was offline; it is over.", { name }) : t("The board {name} is offline. Switch it off and on; check its network.", { name });
  if (alarm.kind === "scale_offline") return over ? t("The scale {name} was offline; it is over.", { name }) : t("The scale {name} is offline. Check its indicator's power, cable and address.", { name });
  return over ? t("The {name} did not answer; it is over.", { name }) : t("The {name} does not answer its station. Check its power, cable and address.", { name });
}

export function sentence(alarm) {
  const { details } = alarm;
  if (alarm.kind === "watchlist_hit") {
    const values = { plate: details.plate, camera: details.camera_id };
    return [isUrgent(alarm) ? t("{plate}, which is to be stopped, was read by the camera {camera}.", values) : t("{plate}, which may come in, was read by the camera {camera}.", values), [details.reason, details.note].filter(Boolean).join(" · ")].filter(Boolean).join(" ");
  }
  if (alarm.kind === "capture_failed") {
    const values = { station: details.station, tag: details.tag };
    if (alarm.count > 1) return counted(alarm.count, "The station {station} read no number of {count} vehicle.", "The station {station} read no number of {count} vehicles.", values);
    return details.tag ? t("The station {station} read no number of the vehicle with the tag {tag}.", values) : t("The station {station} read no number of a vehicle.", values);
  }
  if (alarm.kind === "rule" && alarm.sentence.startsWith(`${details.rule}: `)) return `${said(details.rule)}: ${said(alarm.sentence.slice(details.rule.length + 2))}`;
  return alarm.kind.endsWith("_offline") ? offline(alarm, said(details.name ?? alarm.subject)) : said(alarm.sentence);
}

// How often it came, where its sentence does not say so.
export function times(alarm) {
  return alarm.count > 1 && alarm.kind !== "capture_failed" ? counted(alarm.count, "{count} time", "{count} times") : "";
}

// The page that shows the record, "" where there is none.
export function address(alarm) {
  const { capture_id: capture, detection_id: detection, visit_id: visit } = alarm.details;
  if (visit) return `/visits/${encodeURIComponent(visit)}`;
  if (capture) return `/records/capture/${encodeURIComponent(capture)}`;
  if (detection) return `/records/detection/${encodeURIComponent(detection)}`;
  if (alarm.kind.endsWith("_offline")) return "/devices";
  if (alarm.kind === "barrier_failed") return "/";
  return alarm.kind === "test" ? "" : "/status";
}

export function acknowledge(path, body = null) { return sendJson("POST", `/api/alerts/${path}`, body); }
