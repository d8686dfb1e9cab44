// The page of the audit log: who changed what, newest first.
import { element, name, when } from "./live.js";
import { search } from "./search.js";

const PAGE = 50;
const list = document.getElementById("entries");

const WORDS = {
  "account.add": "added the account", "account.change": "changed the account", "account.password": "gave a new password to",
  "login": "logged in", "logout": "logged out", "login.failed": "failed to log in",
  "watchlist.add": "listed the plate", "watchlist.change": "changed the listed plate", "watchlist.remove": "no longer lists the plate",
  "backup.start": "started a backup", "backup.stop": "stopped a backup or check", "verify.start": "started a check of the data",
  "damage.read": "read the report of a damaged database",
  "device.approve": "approved the registration of", "device.reject": "rejected the registration of",
  "device.admit": "let in", "device.block": "blocked", "device.rename": "renamed", "device.remove": "took the decision back about",
  "pairing.admit": "gave a token, after pairing, to", "pairing.refuse": "refused to pair",
  "token.make": "made a token for", "token.rename": "renamed the token", "token.revoke": "revoked the token of",
  "capture.protect": "protected the capture", "capture.release": "no longer protects the capture",
  "detection.protect": "protected the detection", "detection.release": "no longer protects the detection",
  "capture.correct": "corrected the capture", "detection.correct": "corrected the detection",
  "alert.test": "tried the alerts", "person.delete": "deleted the person", "video.interval": "set the interval of pictures of",
};

function detail(values) {
  return Object.entries(values).map(([key, value]) => `${key}: ${typeof value === "object" && value !== null ? JSON.stringify(value) : value}`).join(", ");
}

function row(entry) {
  const own = entry.target === entry.who;
  return element("li", { class: entry.action === "login.failed" ? "bad" : "", "data-action": entry.action },
    when(entry.received_at, false),
    element("span", { class: "by" }, element("b", {}, name(entry.who || "a stranger")), element("small", { text: entry.address || entry.kind })),
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
    if (!list.children.length) list.append(element("li", { class: "notice", text: searching ? "Nothing found." : "Nothing has been changed yet." }));
    return "";
  },
}).load().catch(() => {});
