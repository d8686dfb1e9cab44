// The page of alarms: all of them, the newest first, who has seen each and when.
import { acknowledge, address, isUrgent, sentence, times, word } from "./alarm_words.js";
import { element, listen, name, when } from "./live.js";
import { search } from "./search.js";
import { said, t } from "./words.js";

const PAGE = 50;
const SOON_MS = 2000;
const list = document.getElementById("list");
const found = document.getElementById("found");
const mayAcknowledge = document.getElementById("alarms").dataset.operator === "yes";
const all = element("button", { type: "button", class: "quiet all", text: t("All of these seen"), hidden: true });
let newest = null; // the alarm of this list that came last
let timer = null;

async function see(path, body) {
  try {
    found.textContent = said((await acknowledge(path, body)).message);
  } catch (error) {
    found.textContent = error.message;
    return;
  }
  await alarms.load().catch(() => {});
}

function seen(alarm) {
  if (alarm.acknowledged_at) {
    const by = alarm.acknowledged_by ? name(alarm.acknowledged_by) : element("span", { text: t("over before this was kept") });
    return element("p", { class: "by" }, t("Seen: "), by, " ", when(alarm.acknowledged_at, false));
  }
  if (!mayAcknowledge) return element("p", { class: "by", text: t("Seen by nobody yet") });
  const button = element("button", { type: "button", class: "seen", text: t("Seen") });
  button.onclick = () => see(`${alarm.id}/acknowledge`);
  return element("p", { class: "by" }, button);
}

function row(alarm) {
  const link = address(alarm);
  const tone = alarm.acknowledged_at ? "done" : alarm.state === "cleared" ? "over" : isUrgent(alarm) ? "urgent" : "plain";
  return element("li", { class: tone, "data-id": alarm.id },
    element("strong", { class: "word", text: word(alarm) }),
    element("div", {},
      element("p", {}, element("span", { text: sentence(alarm) }), " ", link ? element("a", { href: link, text: t("Look") }) : null),
      element("p", { class: "when" }, when(alarm.raised_at),
        alarm.count > 1 ? element("span", {}, times(alarm), " · ", t("the last at"), " ", when(alarm.last_at, false)) : null,
        alarm.cleared_at ? element("span", {}, t("over since"), " ", when(alarm.cleared_at, false)) : null,
        alarm.state === "raised" ? element("span", { text: t("goes on") }) : null)),
    seen(alarm));
}

const alarms = search({
  address: "/api/alerts", limit: PAGE,
  show: (body, append, searching) => {
    if (!append) list.replaceChildren();
    list.append(...body.alerts.map(row));
    // Compared as text, which has microseconds: a Date has milliseconds, and a hub notes several alarms in one.
    if (!append) newest = body.alerts.map((alarm) => alarm.last_at).sort().at(-1) ?? null;
    if (!list.children.length) list.append(element("li", { class: "notice", text: searching ? t("Nothing found.") : t("No alarm yet. What needs an operator appears here and over every page.") }));
    all.hidden = !mayAcknowledge || searching || !list.querySelector("button.seen");
    return "";
  },
});
all.onclick = () => see("acknowledge", { until: newest });
list.before(element("p", { class: "all-of-them" }, all));

// Loading anew would take older ones away from whoever reads them.
function soon() { if (scrollY < 100 && list.children.length <= PAGE) timer ??= setTimeout(() => { timer = null; alarms.load().catch(() => {}); }, SOON_MS); }

addEventListener("alarms", soon);
listen({ onOpen: () => alarms.load() });
