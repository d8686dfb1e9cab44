// The page of vehicles: the list, its history, and what makes it another.
import { became, element, getJson, listen, name, when } from "./live.js";
import { search } from "./search.js";
import { moment } from "./times.js";
import { vehicleForm } from "./vehicles_form.js";
import { vehicleImport } from "./vehicles_import.js";
import { number, said, t } from "./words.js";

const PAGE = 50;
const byId = (id) => document.getElementById(id);
const list = byId("vehicles");
const isOperator = list.dataset.operator === "yes";

const PERMISSIONS = { allow: t("let in"), watch: t("let in and tell"), deny: t("stop") };
const STATES = { early: t("not valid yet"), expired: t("expired"), retired: t("retired") };
const ACTIONS = { add: t("registered"), change: t("changed"), retire: t("retired"), restore: t("restored"), import: t("imported") };
const FIELDS = {
  name: t("Name"), owner: t("Owner or carrier"), tags: t("Tags"), numbers: t("Label numbers"), plates: t("Plates"), permission: t("Permission"),
  reason: t("Reason"), note: t("Note"), match: t("Match"), valid_from: t("Valid from"), valid_until: t("Valid until"), retired: t("Retired"),
};

function title(vehicle) { return vehicle.name || [...vehicle.plates, ...vehicle.numbers, ...vehicle.tags][0] || vehicle.id; }

function addressOf(vehicle) { return `/vehicles?${new URLSearchParams({ id: vehicle.id })}`; }

function button(text, label, run) {
  const made = element("button", { type: "button", text, "aria-label": label });
  made.onclick = run;
  return made;
}

function owned(term, texts) {
  return texts.length ? element("div", {}, element("dt", { text: term }), ...texts.map((text) => element("dd", {}, name(text)))) : null;
}

function validity(vehicle) {
  return [
    STATES[vehicle.state] ?? "",
    vehicle.valid_from ? t("from {when}", { when: moment(vehicle.valid_from) }) : "",
    vehicle.valid_until ? t("until {when}", { when: moment(vehicle.valid_until) }) : "",
    vehicle.match === "exact" ? t("exactly") : "",
  ].filter(Boolean).join(" · ");
}

async function send(address, method, body = null) {
  const response = await fetch(address, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) }).catch(() => null);
  if (!response) return { ok: false, message: t("The hub does not answer. Try again when it is back.") };
  const told = await response.json().catch(() => ({}));
  return { ok: response.ok, status: response.status, vehicle: told.vehicle, message: told.message ? said(told.message) : t("The hub answered {status}.", { status: response.status }) };
}

function tell(message, ...more) { byId("told").replaceChildren(name(message), ...more.flatMap((one) => [" ", one])); }

// The list, and the one vehicle that the address names (?id=..), as they are now.
function refresh() { return Promise.all([showOne(), vehicles.load().catch(() => {})]); }

// The keyboard goes on where it was: at the vehicle, else at the message.
function focusOn(id) {
  const card = [...document.querySelectorAll(".vehicle")].find((each) => each.dataset.id === id && each.checkVisibility());
  (card?.querySelector("button") ?? byId("told")).focus();
}

async function act(vehicle, method, action = "") {
  const told = await send(`/api/vehicles/${encodeURIComponent(vehicle.id)}${action}`, method);
  tell(told.message, ...(told.ok && method === "DELETE" ? [button(t("Restore"), t("Restore {vehicle}", { vehicle: title(vehicle) }), () => act(vehicle, "POST", "/restore"))] : []));
  if (!told.ok) return;
  await refresh();
  focusOn(vehicle.id);
}

function card(vehicle) {
  const called = title(vehicle);
  const retired = vehicle.state === "retired";
  return element("article", { class: `vehicle ${vehicle.permission} ${vehicle.state}`, "data-id": vehicle.id },
    element("div", {}, element("h2", {}, element("a", { href: addressOf(vehicle) }, name(called))), element("small", {}, name(vehicle.owner))),
    element("dl", { class: "owned" }, owned(t("Plates"), vehicle.plates), owned(t("Label numbers"), vehicle.numbers), owned(t("Tags"), vehicle.tags)),
    element("div", {}, element("b", { class: `mark ${vehicle.permission}`, text: PERMISSIONS[vehicle.permission] ?? vehicle.permission }), " ",
      element("small", { text: [validity(vehicle), vehicle.reason, vehicle.note].filter(Boolean).join(" · ") })),
    element("div", { class: "do" },
      isOperator && !retired ? button(t("Edit"), t("Edit {vehicle}", { vehicle: called }), () => form.edit(vehicle)) : null,
      isOperator ? retired ? button(t("Restore"), t("Restore {vehicle}", { vehicle: called }), () => act(vehicle, "POST", "/restore"))
        : button(t("Retire"), t("Retire {vehicle}", { vehicle: called }), () => act(vehicle, "DELETE")) : null,
      button(t("History"), t("History of {vehicle}", { vehicle: called }), () => showHistory(vehicle))));
}

function shown(key, value) {
  if (value === null || value === "" || (Array.isArray(value) && !value.length)) return "–";
  if (key === "permission") return PERMISSIONS[value] ?? value;
  if (key === "match") return value === "exact" ? t("exactly") : t("look-alikes too");
  if (key === "retired") return value ? t("yes") : t("no");
  return Array.isArray(value) ? value.join(", ") : key.startsWith("valid_") ? moment(value) : String(value);
}

function changed(row) {
  const keys = Object.keys(row.after).filter((key) => key in row.before || (row.after[key] !== null && row.after[key] !== "" && row.after[key].length !== 0));
  return keys.map((key) => element("div", {}, `${FIELDS[key] ?? key}: `, ...(key in row.before ? became(shown(key, row.before[key]), shown(key, row.after[key])) : [name(shown(key, row.after[key]))])));
}

async function showHistory(vehicle) {
  const dialog = byId("history");
  const rows = dialog.querySelector("ol");
  byId("history-title").textContent = t("History of {vehicle}", { vehicle: title(vehicle) });
  try {
    const { changes } = await getJson(`/api/vehicles/${encodeURIComponent(vehicle.id)}/history?limit=200`);
    rows.replaceChildren(...changes.map((row) => element("li", {}, when(row.at, false), " ", element("b", {}, name(said(row.who))), " ", ACTIONS[row.action] ?? row.action, ...changed(row))));
    if (!changes.length) rows.append(element("li", { text: t("Nobody has changed anything.") }));
  } catch (error) {
    rows.replaceChildren(element("li", { text: error.message }));
  }
  dialog.showModal();
}

const vehicles = search({
  address: "/api/vehicles", limit: PAGE,
  show: (body, append, searching) => {
    const cards = body.vehicles.map(card);
    if (append) list.append(...cards);
    else list.replaceChildren(...cards);
    if (!list.children.length) list.append(element("p", { class: "notice", text: searching ? t("Nothing found.") : t("No vehicle is registered yet.") }));
    byId("export").href = `/api/vehicles/export.csv?${vehicles.filters()}`;
    const count = list.querySelectorAll(".vehicle").length;
    return count ? t("{count} found", { count: `${number(count)}${body.next_cursor ? "+" : ""}` }) : "";
  },
});

// The vehicle that the address names stands there alone; a search leads back to the list.
async function showOne() {
  const id = new URLSearchParams(location.search).get("id");
  byId("one").hidden = !id;
  for (const part of [list, byId("found"), document.querySelector(".more")]) part.hidden = Boolean(id);
  if (!id) return;
  const shown = await getJson(`/api/vehicles/${encodeURIComponent(id)}`).then(({ vehicle }) => card(vehicle), (error) => element("p", { class: "notice bad", text: error.message }));
  if (new URLSearchParams(location.search).get("id") === id) byId("only").replaceChildren(shown);
}

const form = isOperator ? vehicleForm(send, async (message, vehicle) => {
  tell(message);
  await refresh();
  focusOn(vehicle?.id);
}) : null;
if (isOperator) vehicleImport(() => vehicles.load().catch(() => {}));
for (const event of ["submit", "reset"]) byId("search").addEventListener(event, () => setTimeout(showOne));
addEventListener("popstate", showOne);
listen({ onOpen: refresh });
