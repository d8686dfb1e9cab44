// The form of a rule, in a dialog: when something happens, who is told, and when nobody is.
import { element } from "./dom.js";
import { t } from "./words.js";

export const KINDS = {
  visit: t("a visit is judged"), watchlist_hit: t("a listed plate is read"), capture_failed: t("a station reads no number"), capture: t("a station captures a vehicle"),
  detection: t("a camera reads a plate"), device_offline: t("a device goes offline"), camera_silent: t("a camera is silent"), station_silent: t("a station captures nothing"),
};
export const STATES = { ok: t("in order"), unknown: t("unknown"), mismatch: t("mismatch"), denied: t("denied") };
const PERMISSIONS = { "": t("any vehicle"), allow: t("vehicles to let in"), deny: t("vehicles to stop"), watch: t("vehicles to tell of") };
const SILENT = ["camera_silent", "station_silent"];
const DAYS = [t("Mon"), t("Tue"), t("Wed"), t("Thu"), t("Fri"), t("Sat"), t("Sun")];

export function dayNames(days) { return days.length === 7 ? t("every day") : days.map((day) => DAYS[day]).join(" "); }

function labelled(text, field) { return element("label", {}, element("span", { text }), field); }

function choices(values, chosen) {
  return element("select", {}, ...Object.entries(values).map(([value, text]) => element("option", { value, text, selected: value === chosen })));
}

function box(text, checked) {
  const field = element("input", { type: "checkbox", checked });
  return [field, element("label", { class: "box" }, field, element("span", { text }))];
}

// Rows of days and times; read() is what they say.
function timeRows(title, given, empty) {
  const rows = element("div", { class: "times" });
  function add({ days, begin, end } = { days: [0, 1, 2, 3, 4], begin: "06:00", end: "18:00" }) {
    const boxes = DAYS.map((text, day) => box(text, days.includes(day)));
    const [from, until] = [begin, end].map((value) => element("input", { type: "time", value, required: true }));
    const gone = element("button", { type: "button", class: "quiet", text: t("Take away") });
    const row = element("div", { class: "span" }, element("span", { class: "days", role: "group", "aria-label": t("Days") }, ...boxes.map(([, label]) => label)), labelled(t("from"), from), labelled(t("until"), until), gone);
    row.read = () => ({ days: boxes.flatMap(([field], day) => (field.checked ? [day] : [])), begin: from.value, end: until.value });
    gone.onclick = () => { row.remove(); none.hidden = rows.children.length > 0; };
    rows.append(row);
    none.hidden = true;
  }
  const none = element("p", { class: "hint", text: empty });
  const more = element("button", { type: "button", class: "quiet", text: t("Add times") });
  more.onclick = () => add();
  given.forEach(add);
  none.hidden = given.length > 0;
  return { node: element("fieldset", {}, element("legend", { text: title }), none, rows, more), read: () => [...rows.children].map((row) => row.read()) };
}

// Opens the form; save(body) returns a promise, whose error is shown.
export function openRule(dialog, rule, save) {
  const { when, then } = rule;
  const title = element("input", { required: true, maxlength: 100, value: rule.name, autocomplete: "off" });
  const kind = choices(KINDS, when.kind);
  const states = Object.entries(STATES).map(([value, text]) => [value, ...box(text, when.states.includes(value))]);
  const minutes = element("input", { type: "number", min: 1, max: 100000, value: when.minutes, required: true });
  const checkpoint = element("input", { maxlength: 200, value: when.checkpoint, autocomplete: "off" });
  const device = element("input", { maxlength: 300, value: when.device, autocomplete: "off" });
  const permission = choices(PERMISSIONS, when.permission);
  const times = timeRows(t("Only at these times"), when.times, t("At any time."));
  const quiet = timeRows(t("Quiet times"), rule.quiet, t("None: somebody is always told."));
  const [banner, bannerBox] = box(t("a banner and a sound on every page"), then.banner);
  const [webhook, webhookBox] = box(t("the webhook of the settings"), then.webhook);
  const [mqtt, mqttBox] = box(t("the MQTT broker of the settings"), then.mqtt);
  const mail = element("input", { type: "email", multiple: true, value: then.mail.join(", "), autocomplete: "off" });
  const [quietMail, quietMailBox] = box(t("send mail in quiet times all the same"), rule.quiet_mail);
  const pause = element("input", { type: "number", min: 0, max: 100000, step: "any", value: rule.pause_minutes, required: true });
  const told = element("p", { class: "found", role: "status" });
  const statesPart = element("fieldset", {}, element("legend", { text: t("and it is (none: whatever it is)") }), ...states.map(([, , label]) => label));
  const minutesPart = labelled(t("for so many minutes"), minutes);
  const permissionPart = labelled(t("of"), permission);
  const show = () => {
    statesPart.hidden = kind.value !== "visit";
    permissionPart.hidden = !["visit", "watchlist_hit"].includes(kind.value);
    minutesPart.hidden = minutes.disabled = !SILENT.includes(kind.value);
  };
  kind.onchange = show;
  show();
  const cancel = element("button", { type: "button", class: "quiet", text: t("Cancel") });
  cancel.onclick = () => dialog.close();
  const form = element("form", { class: "rule-form" },
    element("h2", { text: rule.id ? t("Change a rule") : t("New rule") }), labelled(t("Name"), title),
    element("fieldset", {}, element("legend", { text: t("When") }), labelled(t("this happens"), kind), minutesPart, permissionPart, labelled(t("at the checkpoint (empty: any)"), checkpoint), labelled(t("camera or station (empty: any)"), device)),
    statesPart, times.node,
    element("fieldset", {}, element("legend", { text: t("Then tell") }), bannerBox, webhookBox, mqttBox, labelled(t("by mail, these addresses"), mail)),
    quiet.node, quietMailBox, labelled(t("minutes before the same is told again"), pause),
    element("p", { class: "go" }, element("button", { type: "submit", text: t("Save") }), cancel), told);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const body = {
      name: title.value, version: rule.version, pause_minutes: Number(pause.value), quiet: quiet.read(), quiet_mail: quietMail.checked,
      when: { ...when, kind: kind.value, states: kind.value === "visit" ? states.flatMap(([value, field]) => (field.checked ? [value] : [])) : [], permission: permissionPart.hidden ? "" : permission.value, minutes: Number(minutes.value) || 30, checkpoint: checkpoint.value.trim(), device: device.value.trim(), times: times.read() },
      then: { banner: banner.checked, webhook: webhook.checked, mqtt: mqtt.checked, mail: mail.value.split(",").map((text) => text.trim()).filter(Boolean) },
    };
    try {
      await save(body);
      dialog.close();
    } catch (error) {
      told.textContent = error.message;
    }
  };
  dialog.replaceChildren(form);
  dialog.showModal();
}
