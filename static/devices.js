// The page of devices: who waits, who was let in, tokens, registrations of cameras.
import { element, getJson, listen, moment } from "./live.js";

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
    tell(answer.message, !response.ok);
    await load();
    return response.ok ? answer : null;
  } catch {
    tell("The hub does not answer; try again when it is back.", true);
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

function nameOf(device) { return device.name || device.claimed || "device without an id"; }

function reach(device) { return device.claimed ? `id ${device.claimed} at ${device.address}` : `every device at ${device.address}`; }

function facts(sent) {
  const { method, path, listener, user_agent, content_type, content_length, ...others } = sent;
  const rows = {
    "asked for": [method, path].filter(Boolean).join(" "),
    port: listener === "main" ? "" : listener,
    program: user_agent,
    sent: [content_type, content_length && `${content_length} bytes`].filter(Boolean).join(", "),
    ...others,
  };
  const shownRows = Object.entries(rows).filter(([, value]) => value);
  return element("dl", { class: "sent" }, ...shownRows.flatMap(([key, value]) => [element("dt", { text: key }), element("dd", { text: value, dir: "auto" })]));
}

function decision(name, yes, no) {
  const input = element("input", { "aria-label": "Name for this device", placeholder: "name, if you like", maxlength: "100", autocomplete: "off", value: name || null });
  const form = element("form", {}, input, element("button", { class: "act yes", text: "Let in" }), button(no.text, "no", no.act));
  form.onsubmit = (event) => { event.preventDefault(); yes(input.value); };
  return form;
}

function applicant(device) {
  const address = `/api/access/devices/${device.id}`;
  return card(device.id, nameOf(device),
    element("p", { class: "where", text: `${device.address} · ${TRANSPORTS[device.transport] ?? device.transport} · ${device.tries} ${device.tries === 1 ? "try" : "tries"}, last ${moment(device.last_seen)}` }),
    facts(device.sent),
    device.claimed ? null : element("p", { class: "where", text: "It has told no id: letting it in lets every device at this address in." }),
    decision("", (name) => send(`${address}/admit`, "POST", { name }), { text: "Block", act: () => send(`${address}/block`, "POST") }));
}

function pairing(row) {
  const address = `/api/access/pairings/${row.id}`;
  const asked = element("p", { class: "where", text: `${row.kind || "device"} at ${row.address} asks for a token, until ${moment(row.expires)}` });
  if (row.state === "admitted") return card(row.id, row.name, asked, element("p", { class: "where", text: "Let in; it fetches its token in a moment." }));
  return card(row.id, row.name, asked, element("p", { class: "code", text: row.code }),
    element("p", { class: "where", text: "Let it in only if the device shows the same six digits." }),
    decision(row.name, (name) => send(`${address}/admit`, "POST", { name }), { text: "Refuse", act: () => send(`${address}/refuse`, "POST") }));
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
  const given = window.prompt("Name of this device", name);
  return given === null ? null : send(address, "PUT", { name: given });
}

function decided(device) {
  const address = `/api/access/devices/${device.id}`;
  const blocked = device.state === "blocked";
  return entry(nameOf(device), `${reach(device)} · last heard ${moment(device.last_seen)}`, [
    blocked ? button("Let in", "yes", () => send(`${address}/admit`, "POST")) : button("Rename", "", () => rename(address, device.name)),
    blocked ? null : button("Block", "no", () => send(`${address}/block`, "POST"), `Block ${nameOf(device)}? It is refused from now on.`),
    button("Remove", "", () => send(address, "DELETE"), `Remove ${nameOf(device)}? It waits again as soon as it tries.`),
  ]);
}

function registration(device) {
  const address = `/api/devices/${encodeURIComponent(device.id)}`;
  const state = { pending_approval: "waits for approval", approved: "approved", rejected: "rejected" }[device.status] ?? device.status;
  return entry(device.serial_number, [device.device_model, device.device_type, device.ip_address, state, `last heard ${moment(device.last_seen)}`].filter((text) => typeof text === "string" && text).join(" · "), [
    device.status === "approved" ? null : button("Approve", "yes", () => send(`${address}/approve`, "POST")),
    device.status === "rejected" ? null : button("Reject", "no", () => send(`${address}/reject`, "POST", { reason: "rejected by the operator" })),
  ]);
}

function token(row) {
  const address = `/api/access/tokens/${row.id}`;
  if (row.revoked_at) return entry(row.name, `revoked ${moment(row.revoked_at)}`, [], "revoked");
  return entry(row.name, `made ${moment(row.created_at)} · ${row.last_used ? `last used ${moment(row.last_used)}` : "never used"}`, [
    button("Rename", "", () => rename(address, row.name)),
    button("Revoke", "no", () => send(address, "DELETE"), `Revoke the token of ${row.name}? A device that uses it is refused at once.`),
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
  if (!rows.length) holder.append(element("p", { class: "notice", text: "Nobody waits. A device that this hub does not know appears here when it tries; start it, or enter this hub's address in it." }));
}

function showRows(id, rows, group = null) {
  byId(id).replaceChildren(...rows);
  byId(`${id}-count`).textContent = rows.length || "";
  if (group) byId(group).hidden = !rows.length;
}

async function load() {
  clearTimeout(due);
  due = null;
  const found = await getJson("/api/access/devices");
  const waiting = [...found.pairings.map(pairing), ...found.waiting.map(applicant)];
  showWaiting(waiting);
  byId("waiting-count").textContent = waiting.length || "";
  first = false;
  showRows("admitted", found.admitted.map(decided));
  showRows("blocked", found.blocked.map(decided), "blocked-group");
  await Promise.all([loadRegistrations(), loadTokens()]);
  loadSoon(RELOAD_MS); // last heard, and codes that expire
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
  byId("common").textContent = `The token in ${found.common_token_file} of the hub's folder is for devices that share one.`;
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
  const done = button("I have copied it", "", () => { byId("made").hidden = true; byId("made").replaceChildren(); });
  byId("made").replaceChildren(element("p", { text: `The token of ${made.name}. It is shown this once; copy it into the device now.` }), element("code", { text: made.token }), done);
  byId("made").hidden = false;
};

listen({
  onOpen: load,
  onMessage: (message) => {
    if (message.event === "devices") loadSoon(PAUSE_MS);
  },
});
