// The rules on the page of alarms: each in a sentence, on and off, and what was sent.
import { sendJson } from "./dom.js";
import { element, getJson, name, when } from "./live.js";
import { dayNames, KINDS, openRule, STATES } from "./rules_form.js";
import { number, said, t } from "./words.js";

const PAGE = 20;
const MAIL_MS = 60000; // a test mail waits for the mail server
const byId = (id) => document.getElementById(id);
const mayChange = byId("alarms").dataset.operator === "yes";
const dialog = byId("rule");
const NEW = { name: "", version: 1, pause_minutes: 5, quiet: [], quiet_mail: false, when: { kind: "visit", states: ["mismatch", "denied"], checkpoint: "", device: "", permission: "", vehicle: "", minutes: 30, times: [] }, then: { banner: true, webhook: false, mqtt: false, mail: [] } };
let cursor = null;

function send(method, path, body) { return sendJson(method, `/api/rules${path}`, body, MAIL_MS); }

function told(text) { byId("rules-told").textContent = text; }

async function act(method, path, body) {
  try {
    told(said((await send(method, path, body)).message));
  } catch (error) {
    told(error.message);
  }
  await load();
}

const ARROW = document.documentElement.dir === "rtl" ? "←" : "→";

// Times stay in their order in a line from right to left.
function spans(times) { return times.map(({ days, begin, end }) => `${dayNames(days)} \u2066${begin}–${end}\u2069`).join(", "); }

// The rule in plain words.
function words({ when: given, then, quiet, quiet_mail: quietMail }) {
  const states = given.states.map((state) => STATES[state]).join(", ");
  const whom = [then.banner && t("banner and sound"), then.webhook && t("webhook"), then.mqtt && "MQTT"].filter(Boolean);
  return [
    `${KINDS[given.kind] ?? given.kind}${states ? ` (${states})` : ""}`,
    given.kind.endsWith("_silent") ? t("for {minutes} minutes", { minutes: number(given.minutes) }) : "",
    given.checkpoint ? t("at {place}", { place: given.checkpoint }) : "", given.device,
    given.times.length ? spans(given.times) : "",
    `${ARROW} ${[...whom, ...then.mail].join(", ")}`,
    quiet.length ? `${t("quiet:")} ${spans(quiet)}${quietMail ? ` (${t("mail all the same")})` : ""}` : "",
  ].filter(Boolean).join(" · ");
}

function row(rule) {
  const node = element("li", { class: rule.enabled ? "on" : "off", "data-id": rule.id },
    element("div", {}, element("p", {}, element("strong", {}, name(rule.fixed ? said(rule.name) : rule.name)), " ", element("span", { class: "word", text: rule.enabled ? t("on") : t("off") })), element("p", { class: "words", text: words(rule) })));
  if (!mayChange) return node;
  const turn = element("button", { type: "button", class: "quiet", text: rule.enabled ? t("Switch off") : t("Switch on") });
  turn.onclick = () => act("PUT", `/${rule.id}`, { version: rule.version, enabled: !rule.enabled });
  const edit = element("button", { type: "button", class: "quiet", text: t("Change") });
  edit.onclick = () => openRule(dialog, rule, async (body) => { told(said((await send("PUT", `/${rule.id}`, body)).message)); await load(); });
  const gone = element("button", { type: "button", class: "quiet", text: t("Delete") });
  gone.onclick = () => { if (confirm(t("Delete the rule {name}?", { name: rule.name }))) act("DELETE", `/${rule.id}`); };
  node.append(element("p", { class: "by" }, turn, edit, rule.fixed ? null : gone));
  return node;
}

const MAIL = { waiting: t("mail waits"), delivered: t("mail delivered"), failed: t("mail not delivered") };

function sent(one) {
  const channels = one.quiet ? t("nobody, a quiet time") : one.channels.map((channel) => ({ banner: t("banner and sound"), webhook: t("webhook"), mqtt: "MQTT", mail: one.mail.to.join(", ") })[channel] ?? channel).join(", ");
  return element("li", { class: one.mail.state === "failed" ? "urgent" : "done" },
    element("strong", { class: "word" }, name(said(one.rule))),
    element("div", {}, element("p", {}, element("bdi", { text: said(one.sentence) })), element("p", { class: "when" }, when(one.at), element("span", { text: `${ARROW} ${channels}` }))),
    one.mail.state ? element("p", { class: "by", text: [MAIL[one.mail.state] ?? one.mail.state, said(one.mail.problem)].filter(Boolean).join(": ") }) : null);
}

async function loadSent(more = false) {
  const body = await getJson(`/api/rules/history?limit=${PAGE}${more && cursor ? `&cursor=${cursor}` : ""}`);
  if (!more) byId("sent").replaceChildren();
  byId("sent").append(...body.history.map(sent));
  if (!byId("sent").children.length) byId("sent").append(element("li", { class: "notice", text: t("No rule has told anybody of anything yet.") }));
  cursor = body.next_cursor;
  byId("sent-more").hidden = !cursor;
}

async function load() {
  byId("rules").replaceChildren(...(await getJson("/api/rules")).rules.map(row));
  await loadSent();
}

byId("sent-more").onclick = () => loadSent(true).catch((error) => told(error.message));
if (mayChange) {
  byId("rule-new").hidden = byId("mail-test").hidden = false;
  byId("rule-new").onclick = () => openRule(dialog, NEW, async ({ version, ...body }) => { told(said((await send("POST", "", body)).message)); await load(); });
  byId("mail-test").onsubmit = (event) => { event.preventDefault(); act("POST", "/mail-test", { to: event.target.elements.to.value.trim() }); };
}
addEventListener("alarms", () => { if (!dialog.open) loadSent().catch(() => {}); });
load().catch((error) => told(error.message));
