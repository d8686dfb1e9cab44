// Live data of every page: the WebSocket to the hub, whether it is really there, and what was missed without it.
import { duration, moment, now, setClock } from "./times.js";
import { prefix } from "./title.js";
import { counted, said, t } from "./words.js";

export { became, element, getJson, name } from "./dom.js";
export { moment, when } from "./times.js";

const BEAT_MS = 3000;     // after so much silence the hub is asked whether it is there,
const SILENCE_MS = 8000;  // and after so much more it is not
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;
const MOST_MISSED = 500;  // more are not fetched one by one: the list is loaded anew
const TOLD_MS = 30000;

// What stands over the page while there is no connection, and for a while after it came back.
function banner() {
  const [link, node] = ["link", "cut"].map((id) => document.getElementById(id));
  const [text, note] = ["strong", "span"].map((kind) => node.querySelector(kind));
  let until = 0;

  function pill(state, words) {
    if (!link) return;
    link.className = `link ${state}`;
    link.querySelector("span").textContent = words;
  }

  return {
    cut(since) {
      clearTimeout(until);
      pill("bad", t("cut off"));
      prefix("cut", t("Cut off –"));
      document.body.classList.add("cut-off");
      node.className = "cut";
      node.hidden = false;
      text.textContent = t("Cut off since {time}", { time: moment(since) });
      this.tick(since);
    },
    tick(since) {
      note.textContent = t("{time}. What is below may be old; it is brought up to date as soon as the hub answers.", { time: duration(now() - since) });
    },
    loggedOut() { note.textContent = t("The hub no longer knows this browser. Load the page again to log in."); },
    back(since, words) {
      pill("good", t("live"));
      prefix("cut", "");
      document.body.classList.remove("cut-off");
      node.hidden = since === null;
      if (since === null) return;
      node.className = "cut over";
      text.textContent = t("Connected again at {time}, after {duration}", { time: moment(now()), duration: duration(now() - since) });
      note.textContent = words;
      until = setTimeout(() => { node.hidden = true; }, TOLD_MS);
    },
  };
}

function showTrouble(text) {
  const shown = document.getElementById("trouble");
  shown.textContent = said(text);
  shown.hidden = !text;
}

function sentence(results) {
  const known = results.filter(Boolean);
  if (!known.length) return "";
  if (known.some((result) => result.more)) return t("More than {count} came meanwhile; the newest are shown.", { count: MOST_MISSED });
  const added = known.reduce((sum, result) => sum + result.added, 0);
  const hidden = known.reduce((sum, result) => sum + result.hidden, 0);
  if (!added && !hidden) return t("Nothing was stored meanwhile.");
  return [added ? counted(added, "{count} added.", "{count} added.") : "",
    hidden ? counted(hidden, "{count} came meanwhile, which this search does not show.", "{count} came meanwhile, which this search does not show.") : ""].filter(Boolean).join(" ");
}

// lists: event name -> a list of records (newest.js). onOpen() after every connect, onCut() when the hub is gone.
export function listen({ onMessage = () => {}, onOpen = () => {}, onCut = () => {}, lists = {} }) {
  const shown = banner();
  let socket = null;
  let pause = FIRST_PAUSE_MS;
  let heard = performance.now();
  let asked = null;    // when the hub was asked something that it has not answered
  let answer = null;   // who waits for the answer to a question
  let line = Promise.resolve(); // the questions before the next one
  let loaded = false;
  let since = null;    // when the connection was lost
  let timer = 0;

  // One question after the other: an answer does not say whose it is.
  function ask(question) {
    const answered = line.then(() => new Promise((resolve, reject) => {
      answer = { resolve, reject };
      asked ??= performance.now();
      socket.send(JSON.stringify(question));
    }));
    line = answered.catch(() => {});
    return answered;
  }

  function receive(message) {
    if (message.event === "beat") setClock(message.now);
    else if (message.event === "storage") showTrouble(message.trouble);
    else if (message.event === "alarms") dispatchEvent(new CustomEvent("alarms", { detail: message.alarms }));
    else if (message.event === "barriers") dispatchEvent(new CustomEvent("barriers", { detail: message.barriers }));
    else if (message.event === "catch_up") catchUp(socket);
    else if (message.event === "missed") answer?.resolve(message);
    else if (message.event === "error") answer?.reject(new Error(message.message));
    else {
      lists[message.event]?.arrived(message[message.event]);
      onMessage(message);
    }
  }

  // Everything of a kind that was stored after the last record that this page has received.
  async function missed(kind, list, after) {
    const records = [];
    let cursor = null;
    do {
      const page = await ask({ ask: "missed", kind, after, cursor });
      if (!page.known) {
        await list.load();
        return null;
      }
      records.push(...page.records);
      cursor = page.cursor;
    } while (cursor !== null && records.length < MOST_MISSED);
    const result = list.missed(records);
    if (cursor !== null) await list.load();
    return { ...result, more: cursor !== null };
  }

  async function first(kind, list) {
    const page = await ask({ ask: "missed", kind, after: "", cursor: null });
    list.start(page.records);
    await list.load();
  }

  // Records of other hubs may have passed by.
  let catching = false;
  let again = false;
  async function catchUp(mine) {
    again = true;
    if (catching || !loaded) return; // what loads for the first time reads them anyway
    catching = true;
    try {
      while (again && mine === socket) {
        again = false;
        for (const [kind, list] of Object.entries(lists)) await (list.last() ? missed(kind, list, list.last()) : list.load());
      }
    } catch {
      // the connection is lost, and with the next one the page catches up anyway
    } finally {
      catching = false;
    }
  }

  async function begin(mine) {
    const last = Object.entries(lists).map(([kind, list]) => [kind, list, list.last()]); // before anything arrives
    const results = [];
    try {
      socket.send('{"ask": "beat"}');
      for (const [kind, list, after] of last) results.push(loaded ? await missed(kind, list, after) : await first(kind, list));
      await onOpen();
    } catch {
      if (mine === socket) lose(); // the hub went away again meanwhile, or answers nothing
      return;
    }
    if (mine !== socket) return;
    dispatchEvent(new Event("hub-open"));
    loaded = true;
    if (again) catchUp(mine);
    pause = FIRST_PAUSE_MS;
    shown.back(since, sentence(results));
    since = null;
  }

  function lose() {
    const old = socket;
    socket = null;
    asked = null;
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
    answer?.reject(new Error("cut off"));
    answer = null;
    if (since === null) {
      since = now() - (performance.now() - heard);
      shown.cut(since);
      onCut();
    }
    timer = setTimeout(connect, pause + Math.random() * 300);
    pause = Math.min(pause * 1.7, LONGEST_PAUSE_MS);
  }

  function connect() {
    clearTimeout(timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const mine = socket = new WebSocket(`${scheme}://${location.host}/events`);
    let opened = false;
    asked = performance.now();
    mine.onopen = () => { opened = true; asked = null; begin(mine); };
    mine.onmessage = (event) => {
      heard = performance.now();
      asked = null;
      receive(JSON.parse(event.data));
    };
    mine.onclose = () => {
      lose();
      if (!opened) refused();
    };
  }

  // A hub that answers and refuses: the login has ended.
  async function refused() {
    const response = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(SILENCE_MS) }).catch(() => null);
    if (since !== null && response && (response.redirected || [401, 403].includes(response.status))) shown.loggedOut();
  }

  setInterval(() => {
    const time = performance.now();
    if (since !== null) shown.tick(since);
    if (!socket) return;
    if (asked !== null && time - asked > SILENCE_MS) lose();
    else if (asked === null && time - heard > BEAT_MS && socket.readyState === WebSocket.OPEN) {
      asked = time;
      socket.send('{"ask": "beat"}');
    }
  }, 1000);
  // A page that the browser keeps for the way back lets its connection go, and catches up when it is shown again.
  addEventListener("pagehide", () => {
    clearTimeout(timer);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
  });
  addEventListener("pageshow", (event) => { if (event.persisted && !socket) connect(); });
  addEventListener("online", () => { if (!socket) connect(); });
  connect();
}
