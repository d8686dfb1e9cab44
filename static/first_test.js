// The test of one kind of device: it waits for the first message, lets the device in, and says what to check.
import { element, getJson, name } from "./live.js";
import { said, t } from "./words.js";

const POLL_MS = 1500;
const HINTS_MS = 60000;
const GIVE_UP_MS = 900000;
// Kinds in the list of devices that may be the awaited one; where to see that it works.
const KINDS = {
  station: { kinds: ["station"], page: "/", words: () => t("See its captures") },
  camera: { kinds: ["camera"], page: "/plates", words: () => t("See its plates") },
  board: { kinds: ["board"], page: "/apriltags", words: () => t("See its tags") },
  game: { kinds: ["game", "board"], page: "/apriltags", words: () => t("See the tags that it receives") },
  video: { kinds: ["video"], page: "/video", words: () => t("See its pictures") },
  tracking: { kinds: ["tracking"], page: "/track", words: () => t("Follow a person") },
};

async function send(address, body) {
  const response = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(said(answer.message));
}

// What has been heard of games and tracking, which are no devices of the list.
async function connections(kind) {
  if (kind === "tracking") return (await getJson("/status")).tracking.opened;
  return (await getJson("/status")).games.games.map((game) => `${game.address} ${game.since}`);
}

export function prepareTest(node, address) {
  const { kind, port, protocol } = node.dataset;
  const wanted = KINDS[kind];
  const [button, result] = [node.querySelector(".try"), node.querySelector(".result")];
  const first = button.textContent;
  let timer = 0;
  let began = 0;
  let running = false;
  let busy = false;
  let asked = "";        // the device that the page asks about
  let hinted = false;
  let since = "";
  let before = null;

  function say(...nodes) { result.replaceChildren(...nodes.filter(Boolean)); }

  function stop() {
    running = false;
    clearTimeout(timer);
    button.textContent = first;
  }

  async function start() {
    running = true;
    [asked, hinted, before, since] = ["", false, null, ""];
    began = performance.now();
    button.textContent = t("Stop waiting");
    say(element("p", { text: t("Waiting for its first message. Switch the device on now, or let it send.") }));
    try {
      since = (await getJson("/api/devices/overview?limit=1")).now;
      if (["game", "tracking"].includes(kind)) before = await connections(kind);
    } catch (error) {
      say(element("p", { text: t("The hub does not answer: {message}", { message: error.message }) }));
      stop();
      return;
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (running) timer = setTimeout(look, POLL_MS);
  }

  async function look() {
    if (!running || busy || !since) return;
    busy = true;
    try {
      await check();
    } catch {
      // The hub is away for a moment; the banner over the page says so.
    } finally {
      busy = false;
    }
    if (performance.now() - began > GIVE_UP_MS) {
      stop();
      say(element("p", { text: t("Nothing was heard for a quarter of an hour; the test has ended.") }), hints());
    }
    plan();
  }

  async function check() {
    const { devices } = await getJson(`/api/devices/overview?since=${encodeURIComponent(since)}`);
    const mine = devices.filter((row) => wanted.kinds.includes(row.kind) || (kind === "video" && row.fps !== null));
    const working = await works(mine);
    if (!running) return;
    if (working) {
      stop();
      say(element("p", { class: "works" }, working, " ", element("a", { href: wanted.page, text: wanted.words() })));
      return;
    }
    const pending = mine.find((row) => row.state === "pending") ?? devices.find((row) => row.state === "pending" && row.kind === "other");
    if (pending && pending.decision_id !== asked) await ask(pending);
    else if (!asked && !hinted && performance.now() - began > HINTS_MS) {
      hinted = true;
      say(element("p", { text: t("Nothing was heard for a minute; the test goes on. Look at these:") }), hints());
    }
  }

  async function works(mine) {
    if (kind === "tracking") return (await connections(kind)) > before ? t("It works: a program follows a person just now.") : "";
    if (kind === "game") {
      const game = (await connections(kind)).find((one) => !before.includes(one));
      return game ? t("It works: the game at {address} is connected.", { address: game.split(" ")[0] }) : "";
    }
    const row = mine.find((one) => one.state !== "pending" && one.state !== "unknown");
    if (!row) return "";
    return row.trouble ? t("{name} was heard just now, and reports: {trouble}", { name: row.name, trouble: said(row.trouble) }) : t("It works: {name} was heard just now.", { name: row.name });
  }

  async function ask(row) {
    asked = row.decision_id;
    const where = row.address || t("an unknown address");
    let code = null;
    if (row.decision === "pairing") {
      const { pairings } = await getJson("/api/access/devices");
      code = pairings.find((one) => one.id === row.decision_id)?.code ?? null;
    }
    const yes = element("button", { type: "button", class: "act yes", text: t("Let it in") });
    yes.onclick = () => admit(row, yes);
    say(
      element("p", { class: "heard" }, t("Heard from {address} just now: let it in?", { address: where })),
      element("p", {}, name(row.id), row.detail ? ` · ${row.detail}` : ""),
      code && element("p", { class: "code", text: code }),
      code && element("p", { text: t("Let it in only if the device shows the same six digits.") }),
      element("p", { class: "acts" }, yes, element("a", { href: "/devices#waiting-title", text: t("All that wait") })));
  }

  async function admit(row, yes) {
    yes.disabled = true;
    const id = encodeURIComponent(row.decision_id);
    const paths = { access: `/api/access/devices/${id}/admit`, pairing: `/api/access/pairings/${id}/admit`, registration: `/api/devices/${id}/approve` };
    try {
      await send(paths[row.decision], {});
      say(element("p", { text: t("It is let in. Waiting for its next message; most devices try again by themselves.") }));
      began = performance.now();
    } catch (error) {
      yes.disabled = false;
      result.append(element("p", { text: t("It is not let in: {message}", { message: error.message }) }));
    }
  }

  function hints() {
    const where = { address: address(), port, protocol };
    return element("ul", {},
      element("li", { text: t("Address: the device must have {address} and port {port}, exactly, and be in the same network. Try to reach {address} from there, such as with ping.", where) }),
      element("li", { text: t("Firewall: this machine must accept port {port} ({protocol}). On Windows allow the program in private networks; on Linux, where ufw is on: sudo ufw allow {port}/{protocol}", where) }),
      element("li", { text: t("Token: where the device brings one, it must be right; a wrong one counts as none, and the device appears here as one that waits.") }),
      element("li", { text: t("Power and network of the device: its own lamp, page or log says whether it has a connection.") }),
      element("li", {}, t("Blocked: a device that was blocked before is not heard."), " ", element("a", { href: "/devices#blocked-title", text: t("Blocked devices") })));
  }

  button.onclick = () => {
    if (!running) {
      start();
      return;
    }
    stop();
    say();
  };
  return { look };
}
