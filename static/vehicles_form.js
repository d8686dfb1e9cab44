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
  let changed = null;  // the vehicle that is changed; null: a new one
  let before = {};     // what the form held when it was opened
  let opener = null;   // what has the focus again when the form is closed

  function open(vehicle, given = {}) {
    changed = vehicle;
    opener = document.activeElement;
    form.reset();
    refused.hidden = true;
    title.textContent = vehicle ? t("Change the vehicle") : t("Register a vehicle");
    for (const key of TEXTS) if (vehicle) fields[key].value = vehicle[key];
    for (const key of TIMES) fields[key].value = vehicle ? local(vehicle[key]) : "";
    for (const [key, one] of Object.entries(LISTS)) fields[key].value = vehicle ? vehicle[key].join("\n") : given[one] ?? "";
    before = vehicle ? all() : {};
    section.hidden = false;
    section.scrollIntoView({ block: "nearest" });
    fields.name.focus();
  }

  function close() {
    section.hidden = true;
    if (asked.size) history.replaceState(null, "", location.pathname);  // a reload does not ask again
    asked = new URLSearchParams();
  }

  function all() {
    const body = Object.fromEntries(TEXTS.map((key) => [key, fields[key].value.trim()]));
    for (const key of Object.keys(LISTS)) body[key] = fields[key].value.split(MANY).map((text) => text.trim()).filter(Boolean);
    for (const key of TIMES) body[key] = fields[key].value || null;
    return body;
  }

  // Only what was changed here: what somebody else has changed meanwhile stays, and so do the seconds of times.
  function sent() {
    return Object.fromEntries(Object.entries(all()).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key])));
  }

  form.onsubmit = async (event) => {
    event.preventDefault();
    const told = await send(changed ? `/api/vehicles/${encodeURIComponent(changed.id)}` : "/api/vehicles", changed ? "PUT" : "POST", sent());
    refused.hidden = told.ok;
    refused.replaceChildren(...(told.ok ? [] : refusal(told.message)));
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
