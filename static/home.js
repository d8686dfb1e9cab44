// The page of captures: the newest ones live, or the results of a search.
import { element, getJson, listen, moment, name, when } from "./live.js";
import { newest } from "./newest.js";
import { showStations } from "./stations.js";
import { late } from "./times.js";

const list = document.getElementById("captures");
const viewer = document.getElementById("viewer");
const stations = new Map();
const PAGE = 25;

function picture(capture, kind) {
  const address = capture[`${kind}_image_url`];
  const title = `${kind} picture, ${capture.tag || "no tag"}`;
  if (!address) return element("div", { class: `picture none ${kind}`, text: kind === "label" ? "no label" : `no ${kind} picture` });
  const image = element("img", { src: address, alt: title, loading: "lazy", decoding: "async" });
  const button = element("button", { class: `picture ${kind}`, type: "button", title }, image);
  button.onclick = () => {
    viewer.querySelector("img").src = address;
    viewer.querySelector("p").textContent = `${capture.number || "no number"} · ${capture.tag} · ${moment(capture.captured_at)}`;
    viewer.showModal();
  };
  return button;
}

function card(capture) {
  const others = capture.tags.filter((tag) => tag !== capture.tag);
  const seconds = capture.started_ts && capture.finished_ts ? (capture.finished_ts - capture.started_ts).toFixed(1) : null;
  const delayed = late(capture.finished_ts ? capture.finished_ts * 1000 : capture.captured_at, capture.received_at);
  const errors = capture.errors.filter((text) => text !== capture.message);
  return element("article", { class: `capture ${capture.success ? "read" : "unread"}` },
    element("div", { class: "pictures" }, picture(capture, "primary"), picture(capture, "secondary"), picture(capture, "label")),
    element("div", { class: "facts" },
      element("p", { class: "number", text: capture.number || (capture.success ? "–" : "not read") }),
      element("p", { class: "tag" }, name(capture.tag || "no tag"), others.length ? element("small", { text: ` + ${others.join(", ")}` }) : null),
      element("p", { class: "when" }, when(capture.captured_at),
        capture.station ? name(capture.station) : null,
        element("span", { text: [seconds && `${seconds} s`, capture.attempts > 1 && `${capture.attempts} attempts`].filter(Boolean).join(" · ") }),
        delayed ? element("span", { class: "late", text: delayed }) : null),
      capture.success && !errors.length ? null : element("p", { class: "message", text: capture.success ? errors.join("; ") : capture.message }),
      capture.success || !errors.length ? null : element("details", {}, element("summary", { text: `${errors.length} errors` }), element("ul", {}, ...errors.map((text) => element("li", { text })))),
      ...(capture.warnings ?? []).map((text) => element("p", { class: "warning", text }))));
}

const captures = newest({
  holder: list, address: "/api/captures", limit: PAGE, card, starts: ["number", "tag"],
  rows: (body) => body.captures, id: (capture) => capture.id, time: (capture) => capture.captured_at,
  found: (body, shown) => `${shown}${body.next_cursor ? "+" : ""} found`,
  empty: "No capture yet. The next one appears here by itself.",
});

viewer.onclick = (event) => { if (event.target === viewer) viewer.close(); };

const show = (cut = false) => showStations(document.getElementById("stations"), stations.values(), cut);

listen({
  lists: { capture: captures },
  onCut: () => show(true),
  onOpen: async () => {
    stations.clear();
    for (const station of (await getJson("/api/stations")).stations) stations.set(station.station, station);
    show();
  },
  onMessage: (message) => {
    if (message.event !== "station") return;
    stations.set(message.station.station, message.station);
    show();
  },
});
