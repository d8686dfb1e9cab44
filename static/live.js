// The WebSocket to the hub, which reconnects by itself, and helpers that the pages share.

export function listen({ onMessage, onOpen }) {
  const shown = document.getElementById("link");
  let pause = 500;

  function show(state, text) {
    shown.className = `link ${state}`;
    shown.querySelector("span").textContent = text;
  }

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/events`);
    socket.onopen = async () => {
      try {
        await onOpen();
        pause = 500;
        show("good", "live");
      } catch {
        socket.close(); // the hub went away again meanwhile; onclose comes back to it
      }
    };
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.event === "storage") showTrouble(message.trouble);
      else onMessage(message);
    };
    socket.onclose = () => {
      show("bad", "not connected, trying again");
      setTimeout(connect, pause + Math.random() * 300);
      pause = Math.min(pause * 1.7, 10000);
    };
  }
  connect();
}

function showTrouble(text) {
  const shown = document.getElementById("trouble");
  shown.textContent = text;
  shown.hidden = !text;
}

export async function getJson(address) {
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body;
}

// An element with text (never HTML) and children: element("p", { class: "x", text: "..." }, child, ...)
export function element(name, options = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key === "text") node.textContent = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

export function moment(text) {
  const time = new Date(text);
  const today = new Date().toDateString() === time.toDateString();
  return time.toLocaleString([], today
    ? { hour: "2-digit", minute: "2-digit", second: "2-digit" }
    : { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

const GOOD = new Set(["connected", "live", "waiting", "capturing"]);
const PENDING = new Set(["connecting", "opening", "starting"]);

function light(state) {
  return GOOD.has(state) ? "good" : PENDING.has(state) ? "pending" : "bad";
}

function device(title, status, online) {
  if (!status) return null;
  const state = online ? light(status.state) : "off";
  const note = status.error || (state === "good" ? "" : status.message);
  return element("li", { class: state, title: [status.address, status.message].filter(Boolean).join(" – ") },
    element("i", { class: "dot" }), element("span", { text: title }),
    element("span", { class: "state", text: online ? status.state : "unknown" }), note && online ? element("small", { text: note }) : null);
}

export function stationCard(station) {
  const devices = [device("Reader", station.reader, station.online)];
  for (const camera of station.cameras) devices.push(device(`${camera.role[0]?.toUpperCase() ?? ""}${camera.role.slice(1)} camera`, camera, station.online));
  const outbox = station.outbox;
  const notes = [];
  if (outbox.waiting) notes.push(`${outbox.waiting} waiting to be sent`);
  for (const [name, thread] of Object.entries(station.threads)) if (thread.restarts) notes.push(`${name} broke down ${thread.restarts} times (${thread.error})`);
  if (outbox.shelved) notes.push(`${outbox.shelved} refused by the hub`);
  return element("article", { class: `station ${station.online ? light(station.state) : "off"}`, "data-station": station.station },
    element("h2", {}, element("i", { class: "dot" }), element("span", { text: station.station }),
      station.simulated ? element("b", { class: "badge", text: "simulated gate" }) : null),
    element("p", { class: "message", text: station.online ? station.message || station.state : `Not heard since ${moment(station.last_seen)}` }),
    element("ul", {}, ...devices),
    notes.length ? element("p", { class: "outbox", text: notes.join(", ") }) : null,
    ...outbox.shelf.slice(0, 3).map((row) => element("p", { class: "outbox", text: `${row.tag}: ${row.reason}` })));
}

export function showStations(holder, stations) {
  const rows = [...stations].sort((a, b) => a.station.localeCompare(b.station));
  holder.replaceChildren(...rows.map(stationCard));
  if (!rows.length) holder.append(element("p", { class: "notice", text: "No station has reported yet. Start one with: python agent.py" }));
}
