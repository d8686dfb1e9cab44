// The page of the audit log: who changed what, newest first.
import { element, name, when } from "./live.js";
import { search } from "./search.js";
import { said, t } from "./words.js";

const PAGE = 50;
const list = document.getElementById("entries");

const WORDS = {
  "account.add": t("added the account"), "account.change": t("changed the account"), "account.password": t("gave a new password to"),
  "login": t("logged in"), "logout": t("logged out"), "login.failed": t("failed to log in"),
  "watchlist.add": t("listed the plate"), "watchlist.change": t("changed the listed plate"), "watchlist.remove": t("no longer lists the plate"),
  "vehicle.add": t("registered the vehicle"), "vehicle.change": t("changed the vehicle"), "vehicle.retire": t("retired the vehicle"),
  "vehicle.restore": t("restored the vehicle"), "vehicle.import": t("imported vehicles"),
  "backup.start": t("started a backup"), "backup.stop": t("stopped a backup or check"), "verify.start": t("started a check of the data"),
  "damage.read": t("read the report of a damaged database"),
  "device.approve": t("approved the registration of"), "device.reject": t("rejected the registration of"),
  "device.admit": t("let in"), "device.block": t("blocked"), "device.rename": t("renamed"), "device.remove": t("took the decision back about"),
  "pairing.admit": t("gave a token, after pairing, to"), "pairing.refuse": t("refused to pair"),
  "token.make": t("made a token for"), "token.rename": t("renamed the token"), "token.revoke": t("revoked the token of"),
  "capture.protect": t("protected the capture"), "capture.release": t("no longer protects the capture"),
  "detection.protect": t("protected the detection"), "detection.release": t("no longer protects the detection"),
  "alert.test": t("tried the alerts"), "person.delete": t("deleted the person"), "video.interval": t("set the interval of pictures of"),
  "barrier.open": t("opened the barrier"), "barrier.fail": t("tried to open the barrier"), "barrier.refuse": t("was refused to open the barrier"),
  "barrier.stop": t("stopped"), "barrier.release": t("released"),
  "device.label": t("named the device"),
  "alert.acknowledge": t("has seen the alarm about"),
  "rule.add": t("added the rule"), "rule.change": t("changed the rule"), "rule.delete": t("deleted the rule"), "rule.mail_test": t("tried the mail to"),
  "capture.correct": t("corrected the capture"),
  "visit.confirm": t("confirmed the visit"),
  "visit.correct": t("corrected the visit"),
  "visit.reject": t("rejected the visit"),
  "detection.correct": t("corrected the detection"),
};

function detail(values) {
  return Object.entries(values).map(([key, value]) => `${key}: ${typeof value === "object" && value !== null ? JSON.stringify(value) : value}`).join(", ");
}

function row(entry) {
  const own = entry.target === entry.who;
  return element("li", { class: entry.action === "login.failed" ? "bad" : "", "data-action": entry.action },
    when(entry.received_at, false),
    element("span", { class: "by" }, element("b", {}, name(entry.who === "this machine" ? said(entry.who) : entry.who || t("a stranger"))), element("small", { text: entry.address || entry.kind })),
    element("span", { class: "what", title: entry.action }, element("b", { text: WORDS[entry.action] ?? entry.action }), " ",
      entry.target && !(own && ["login", "logout"].includes(entry.action)) ? name(entry.target) : "",
      Object.keys(entry.detail).length ? element("div", { class: "detail", text: detail(entry.detail) }) : null));
}

search({
  address: "/api/audit", limit: PAGE,
  show: (body, append, searching) => {
    const rows = body.audit.map(row);
    if (append) list.append(...rows);
    else list.replaceChildren(...rows);
    if (!list.children.length) list.append(element("li", { class: "notice", text: searching ? t("Nothing found.") : t("Nothing has been changed yet.") }));
    return "";
  },
}).load().catch(() => {});
