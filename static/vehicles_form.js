// The form that registers a vehicle or changes it. /vehicles?tag=..&number=..&plate=.. opens it filled in.
import { t } from "./words.js";

const LISTS = { tags: "tag", numbers: "number", plates: "plate" };
const TEXTS = ["name", "owner", "permission", "reason", "note", "match"];
const TIMES = ["valid_from", "valid_until"];
const MANY = /[,;|\n]/;

const { zone, offset } = document.documentElement.dataset;
const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: zone || "UTC", dateStyle: "short", timeStyle: "short" });

// The site's time, to the minute, as an input of the type datetime-local takes it; what it holds is sent as the site's time.
function local(text) {
  return text ? clock.format(new Date(Date.parse(text) + (zone ? 0 : Number(offset) * 60000))).replace(" ", "T") : "";
}

// send(address, method, body) resolves to { ok, message }; saved(message) is called once a vehicle is stored.
export function vehicleForm(send, saved) {
  const [section, form, title, refused] = ["editing", "vehicle", "form-title", "refused"].map((id) => document.getElementById(id));
  const fields = form.elements;
  let asked = new URLSearchParams([...new URLSearchParams(location.search)].filter(([key]) => Object.values(LISTS).includes(key)));
  let changed = null;  // the vehicle that is changed; null: a new one

  function open(vehicle, given = {}) {
    changed = vehicle;
    form.reset();
    refused.hidden = true;
    title.textContent = vehicle ? t("Change the vehicle") : t("Register a vehicle");
    for (const key of TEXTS) if (vehicle) fields[key].value = vehicle[key];
    for (const key of TIMES) fields[key].value = vehicle ? local(vehicle[key]) : "";
    for (const [key, one] of Object.entries(LISTS)) fields[key].value = vehicle ? vehicle[key].join(", ") : given[one] ?? "";
    section.hidden = false;
    section.scrollIntoView({ block: "nearest" });
    fields.name.focus();
  }

  function close() {
    section.hidden = true;
    if (asked.size) history.replaceState(null, "", location.pathname);  // a reload does not ask again
    asked = new URLSearchParams();
  }

  function sent() {
    const body = Object.fromEntries(TEXTS.map((key) => [key, fields[key].value.trim()]));
    for (const key of Object.keys(LISTS)) body[key] = fields[key].value.split(MANY).map((text) => text.trim()).filter(Boolean);
    for (const key of TIMES) if (!changed || fields[key].value !== local(changed[key])) body[key] = fields[key].value || null;
    return body;
  }

  form.onsubmit = async (event) => {
    event.preventDefault();
    const told = await send(changed ? `/api/vehicles/${encodeURIComponent(changed.id)}` : "/api/vehicles", changed ? "PUT" : "POST", sent());
    refused.hidden = told.ok;
    refused.textContent = told.ok ? "" : told.message;
    if (!told.ok) return;
    close();
    saved(told.message);
  };
  document.getElementById("cancel").onclick = close;
  document.getElementById("add").onclick = () => open(null);
  if (asked.size) open(null, Object.fromEntries(asked));
  return { edit: open };
}
