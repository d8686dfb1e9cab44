// The form that registers a vehicle or changes it. /vehicles?tag=..&number=..&plate=.. opens it filled in.
import { element } from "./dom.js";
import { t } from "./words.js";

const LISTS = { tags: "tag", numbers: "number", plates: "plate" };
const TEXTS = ["name", "owner", "permission", "reason", "note", "match"];
const TIMES = ["valid_from", "valid_until"];
const MANY = /[,;|\n]/;
const OTHER = / \(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)/;  // the id of another vehicle in a sentence of the hub

const { zone, offset } = document.documentElement.dataset;
const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: zone || "UTC", dateStyle: "short", timeStyle: "short" });

// The site's time, to the minute, as an input of the type datetime-local takes it; what it holds is sent as the site's time.
function local(text) {
  return text ? clock.format(new Date(Date.parse(text) + (zone ? 0 : Number(offset) * 60000))).replace(" ", "T") : "";
}

// What the form holds of a vehicle.
function textsOf(vehicle) {
  return Object.fromEntries([
    ...TEXTS.map((key) => [key, vehicle[key]]),
    ...TIMES.map((key) => [key, local(vehicle[key])]),
    ...Object.keys(LISTS).map((key) => [key, vehicle[key].join("\n")]),
  ]);
}

// What is sent for what the form holds.
function bodyOf(texts) {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [
    key,
    key in LISTS ? text.split(MANY).map((each) => each.trim()).filter(Boolean) : TIMES.includes(key) ? text || null : text.trim(),
  ]));
}

// The sentence, and a link to the other vehicle where it names one.
function refusal(message) {
  const other = OTHER.exec(message);
  const link = other && element("a", { href: `/vehicles?${new URLSearchParams({ id: other[1] })}`, text: t("Open that vehicle") });
  return [element("bdi", { text: message.replace(OTHER, "") }), ...(link ? [" ", link] : [])];
}

// send(address, method, body) resolves to { ok, message, vehicle }; saved(message, vehicle) is called once one is stored.
export function vehicleForm(send, saved) {
  const [section, form, title, refused] = ["editing", "vehicle", "form-title", "refused"].map((id) => document.getElementById(id));
  const fields = form.elements;
  let asked = new URLSearchParams([...new URLSearchParams(location.search)].filter(([key]) => Object.values(LISTS).includes(key)));
  const meanwhile = document.getElementById("meanwhile");  // what somebody else has changed
  let changed = null;  // the vehicle that is changed; null: a new one
  let before = {};     // what the form held when it was opened
  let opener = null;   // what has the focus again when the form is closed

  function open(vehicle, given = {}) {
    changed = vehicle;
    opener = document.activeElement;
    form.reset();
    refused.hidden = true;
    title.textContent = vehicle ? t("Change the vehicle") : t("Register a vehicle");
    for (const [key, text] of Object.entries(vehicle ? textsOf(vehicle) : {})) fields[key].value = text;
    if (!vehicle) for (const [key, one] of Object.entries(LISTS)) fields[key].value = given[one] ?? "";
    before = vehicle ? all() : {};
    meanwhile.hidden = true;
    section.hidden = false;
    section.scrollIntoView({ block: "nearest" });
    fields.name.focus();
  }

  // Somebody else has saved meanwhile: what was not touched here becomes what is there now, and the rest stays to be saved again.
  function merge(now) {
    const there = textsOf(now);
    const mine = sent();
    const differing = Object.keys(there).filter((key) => JSON.stringify(now[key]) !== JSON.stringify(changed[key]));
    for (const key of Object.keys(there)) if (!(key in mine)) fields[key].value = there[key];
    before = bodyOf(there);
    changed = now;
    meanwhile.hidden = !differing.length;
    meanwhile.replaceChildren(...differing.map((key) => element("li", {}, `${fields[key].labels[0].firstChild.textContent.trim()}: `, element("bdi", { text: shown(key, there[key]) }))));
  }

  // A value as the form shows it: of a choice its word.
  function shown(key, text) {
    if (fields[key].options) return [...fields[key].options].find((each) => each.value === text)?.textContent ?? text;
    return (TIMES.includes(key) ? text.replace("T", " ") : text.replaceAll("\n", ", ")) || "–";
  }

  function close() {
    section.hidden = true;
    if (asked.size) history.replaceState(null, "", location.pathname);  // a reload does not ask again
    asked = new URLSearchParams();
  }

  function all() { return bodyOf(Object.fromEntries([...TEXTS, ...TIMES, ...Object.keys(LISTS)].map((key) => [key, fields[key].value]))); }

  // Only what was changed here: what somebody else has changed meanwhile stays, and so do the seconds of times.
  function sent() {
    return Object.fromEntries(Object.entries(all()).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key])));
  }

  form.onsubmit = async (event) => {
    event.preventDefault();
    const address = changed ? `/api/vehicles/${encodeURIComponent(changed.id)}` : "/api/vehicles";
    const told = await send(address, changed ? "PUT" : "POST", changed ? { ...sent(), version: changed.version } : sent());
    refused.hidden = told.ok;
    refused.replaceChildren(...(told.ok ? [] : refusal(told.message)));
    if (told.status === 409 && changed) {
      const { vehicle } = await send(address, "GET");
      if (vehicle && vehicle.version !== changed.version) merge(vehicle);
    }
    if (!told.ok) return;
    close();
    saved(told.message, told.vehicle);
  };
  function leave() {
    close();
    (opener?.isConnected && opener !== document.body ? opener : document.getElementById("add")).focus();
  }

  form.onkeydown = (event) => { if (event.key === "Escape") leave(); };
  document.getElementById("cancel").onclick = leave;
  document.getElementById("add").onclick = () => open(null);
  if (asked.size) open(null, Object.fromEntries(asked));
  return { edit: open };
}
