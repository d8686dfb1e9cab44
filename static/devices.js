// The page of devices: who waits, the list of all of them, who was let in, tokens, registrations of cameras.
import { fleetCut, fleetLabel, fleetSoon, loadFleet, startFleet } from "./fleet.js";
import { element, getJson, listen, moment } from "./live.js";
import { counted, number, said, t } from "./words.js";

const byId = (id) => document.getElementById(id);
const RELOAD_MS = 15000;
const PAUSE_MS = 300;
const TOLD_MS = 8000;
const TRANSPORTS = { http: "HTTP", websocket: "WebSocket", socketio: "Socket.IO", udp: "UDP", game: "WebSocket" };
let due = null;
let toldUntil = null;
let first = true;
const shown = new Set();

// Over the page, not in it: what is pressed next must not move.
function tell(message, bad = false) {
  const told = byId("told");
  told.textContent = message;
  told.className = bad ? "notice bad" : "notice";
  told.hidden = false;
  clearTimeout(toldUntil);
  toldUntil = setTimeout(() => { told.hidden = true; }, TOLD_MS);
}

async function send(address, method, body = null) {
  try {
    const response = await fetch(address, { method, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body) });
    const answer = await response.json();
    tell(said(answer.message), !response.ok);
    await load();
    fleetSoon(0);
    return response.ok ? answer : null;
  } catch {
    tell(t("The hub does not answer; try again when it is back."), true);
    return null;
  }
}

// A button that does something once; `sure` makes it ask before.
function button(text, kind, act, sure = "") {
  const node = element("button", { type: "button", class: `act ${kind}`, text });
  node.onclick = async () => {
    if (sure && !window.confirm(sure)) return;
    node.disabled = true;
    await act();
    node.disabled = false;
  };
  return node;
}

function nameOf(device) { return device.name || device.claimed || t("device without an id"); }

function reach(device) { return device.claimed ? t("id {id} at {address}", { id: device.claimed, address: device.address }) : t("every device at {address}", { address: device.address }); }

function facts(sent) {
  const { method, path, listener, user_agent, content_type, content_length, ...others } = sent;
  const rows = {
    [t("asked for")]: [method, path].filter(Boolean).join(" "),
    [t("port")]: listener === "main" ? "" : listener,
    [t("program")]: user_agent,
    [t("sent")]: [content_type, content_length && t("{count} bytes", { count: content_length })].filter(Boolean).join(", "),
    ...others,
  };
  const shownRows = Object.entries(rows).filter(([, value]) => value);
  return element("dl", { class: "sent" }, ...shownRows.flatMap(([key, value]) => [element("dt", { text: key }), element("dd", { text: value, dir: "auto" })]));
}

function decision(name, yes, no) {
  const input = element("input", { "aria-label": t("Name for this device"), placeholder: t("name, if you like"), maxlength: "100", autocomplete: "off", value: name || null });
  const form = element("form", {}, input, element("button", { class: "act yes", text: t("Let in") }), button(no.text, "no", no.act));
  form.onsubmit = (event) => { event.preventDefault(); yes(input.value); };
  return form;
}

function applicant(device) {
  const address = `/api/access/devices/${device.id}`;
  return card(device.id, nameOf(device),
    element("p", { class: "where", text: [device.address, TRANSPORTS[device.transport] ?? device.transport, counted(device.tries, "{count} try, {when}", "{count} tries, the last {when}", { when: moment(device.last_seen) })].join(" · ") }),
    facts(device.sent),
    device.claimed ? null : element("p", { class: "where", text: t("It has told no id: letting it in lets every device at this address in.") }),
    decision("", (name) => send(`${address}/admit`, "POST", { name }), { text: t("Block"), act: () => send(`${address}/block`, "POST") }));
}

function pairing(row) {
  const address = `/api/access/pairings/${row.id}`;
  const asked = element("p", { class: "where", text: t("{kind} at {address} asks for a token, until {when}", { kind: row.kind || t("device"), address: row.address, when: moment(row.expires) }) });
  if (row.state === "admitted") return card(row.id, row.name, asked, element("p", { class: "where", text: t("Let in; it fetches its token in a moment.") }));
  return card(row.id, row.name, asked, element("p", { class: "code", text: row.code }),
    element("p", { class: "where", text: t("Let it in only if the device shows the same six digits.") }),
    decision(row.name, (name) => send(`${address}/admit`, "POST", { name }), { text: t("Refuse"), act: () => send(`${address}/refuse`, "POST") }));
}

function card(id, title, ...children) {
  const node = element("article", { class: !first && !shown.has(id) ? "applicant new" : "applicant", "data-id": id }, element("h3", { text: title, dir: "auto" }), ...children);
  shown.add(id);
  return node;
}

function entry(name, what, acts, kind = "") {
  return element("div", { class: `entry ${kind}` }, element("strong", { text: name, dir: "auto" }), element("span", { class: "what", text: what }), element("span", { class: "acts" }, ...acts));
}

function rename(address, name) {
  const given = window.prompt(t("Name of this device"), name);
  return given === null ? null : send(address, "PUT", { name: given });
}

function decided(device) {
  const address = `/api/access/devices/${device.id}`;
  const blocked = device.state === "blocked";
  const named = { name: nameOf(device) };
  return entry(nameOf(device), `${reach(device)} · ${t("last heard {when}", { when: moment(device.last_seen) })}`, [
    blocked ? button(t("Let in"), "yes", () => send(`${address}/admit`, "POST")) : button(t("Rename"), "", () => rename(address, device.name)),
    blocked ? null : button(t("Block"), "no", () => send(`${address}/block`, "POST"), t("Block {name}? It is refused from now on.", named)),
    button(t("Remove"), "", () => send(address, "DELETE"), t("Remove {name}? It waits again as soon as it tries.", named)),
  ]);
}

function registration(device) {
  const address = `/api/devices/${encodeURIComponent(device.id)}`;
  const state = { pending_approval: t("waits for approval"), approved: t("approved"), rejected: t("rejected") }[device.status] ?? device.status;
  return entry(device.serial_number, [device.device_model, device.device_type, device.ip_address, state, t("last heard {when}", { when: moment(device.last_seen) })].filter((text) => typeof text === "string" && text).join(" · "), [
    device.status === "approved" ? null : button(t("Approve"), "yes", () => send(`${address}/approve`, "POST")),
    device.status === "rejected" ? null : button(t("Reject"), "no", () => send(`${address}/reject`, "POST", { reason: "rejected by the operator" })),
  ]);
}

function token(row) {
  const address = `/api/access/tokens/${row.id}`;
  if (row.revoked_at) return entry(row.name, t("revoked {when}", { when: moment(row.revoked_at) }), [], "revoked");
  const used = row.last_used ? t("last used {when}", { when: moment(row.last_used) }) : t("never used");
  return entry(row.name, `${t("made {when}", { when: moment(row.created_at) })} · ${used}`, [
    button(t("Rename"), "", () => rename(address, row.name)),
    button(t("Revoke"), "no", () => send(address, "DELETE"), t("Revoke the token of {name}? A device that uses it is refused at once.", { name: row.name })),
  ]);
}

// A card whose name is being typed stays as it is: redrawing it would take the text away.
function showWaiting(cards) {
  const holder = byId("waiting");
  const kept = new Map([...holder.querySelectorAll(".applicant")].filter((node) => node.contains(document.activeElement) || node.querySelector("input")?.value !== node.querySelector("input")?.defaultValue).map((node) => [node.dataset.id, node]));
  const rows = cards.map((card) => kept.get(card.dataset.id) ?? card);
  const focus = document.activeElement;
  holder.replaceChildren(...rows);
  if (focus && holder.contains(focus)) focus.focus();
  if (!rows.length) holder.append(element("p", { class: "notice", text: t("Nobody waits. A device that this hub does not know appears here when it tries; start it, or enter this hub's address in it.") }));
}

function showRows(id, rows, group = null) {
  byId(id).replaceChildren(...rows);
  byId(`${id}-count`).textContent = rows.length ? number(rows.length) : "";
  if (group) byId(group).hidden = !rows.length;
}

async function load() {
  clearTimeout(due);
  due = null;
  const found = await getJson("/api/access/devices");
  const waiting = [...found.pairings.map(pairing), ...found.waiting.map(applicant)];
  showWaiting(waiting);
  byId("waiting-count").textContent = waiting.length ? number(waiting.length) : "";
  first = false;
  showRows("admitted", found.admitted.map(decided));
  showRows("blocked", found.blocked.map(decided), "blocked-group");
  await Promise.all([loadRegistrations(), loadTokens()]);
  if (due === null) loadSoon(RELOAD_MS); // last heard, and codes that expire; what has just been announced comes sooner
}

async function loadRegistrations() {
  const rows = (await getJson("/api/devices")).devices;
  const order = ["pending_approval", "approved", "rejected"];
  rows.sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  showRows("registrations", rows.map(registration), "registrations-group");
}

async function loadTokens() {
  const response = await fetch("/api/access/tokens", { headers: { Accept: "application/json" } });
  byId("tokens-group").hidden = !response.ok; // only administrators may see them
  if (!response.ok) return;
  const found = await response.json();
  byId("common").textContent = t("The token in {file} of the hub's folder is for devices that share one.", { file: found.common_token_file });
  byId("tokens").replaceChildren(...found.tokens.map(token));
}

function loadSoon(pause) {
  clearTimeout(due);
  due = setTimeout(() => load().catch(() => loadSoon(RELOAD_MS)), pause);
}

byId("add").onsubmit = async (event) => {
  event.preventDefault();
  if (await send("/api/access/devices", "POST", Object.fromEntries(new FormData(event.target)))) event.target.reset();
};

byId("make").onsubmit = async (event) => {
  event.preventDefault();
  const made = await send("/api/access/tokens", "POST", Object.fromEntries(new FormData(event.target)));
  if (!made) return;
  event.target.reset();
  const done = button(t("I have copied it"), "", () => { byId("made").hidden = true; byId("made").replaceChildren(); });
  byId("made").replaceChildren(element("p", { text: t("The token of {name}. It is shown this once; copy it into the device now.", { name: made.name }) }), element("code", { text: made.token }), done);
  byId("made").hidden = false;
};

// Where an operator decides about a device of the list that waits.
function showDecision(device) {
  const card = [...document.querySelectorAll(".applicant")].find((node) => node.dataset.id === device.decision_id) ?? byId("registrations-group");
  card.scrollIntoView({ block: "center" });
  card.querySelector("input, button")?.focus({ preventScroll: true });
}

startFleet({ decide: showDecision, send });

listen({
  onOpen: async () => {
    fleetCut(false);
    await Promise.all([load(), loadFleet()]);
  },
  onCut: () => fleetCut(true),
  onMessage: (message) => {
    if (message.event === "devices") loadSoon(PAUSE_MS);
    if (message.event === "device_label") fleetLabel(message.device_label);
    if (message.event === "devices" || message.event === "camera") fleetSoon();
  },
});
