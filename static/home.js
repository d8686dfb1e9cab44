// The page of captures: the newest ones live, or the results of a search.
import { element, getJson, listen, moment, showStations } from "./live.js";
import { search } from "./search.js";

const list = document.getElementById("captures");
const viewer = document.getElementById("viewer");
const stations = new Map();
const KEPT = 200;
const PAGE = 25;

function picture(capture, kind) {
  const address = capture[`${kind}_image_url`];
  const title = `${kind} picture, ${capture.tag || "no tag"}`;
  if (!address) return element("div", { class: `picture none ${kind}`, text: kind === "label" ? "no label" : `no ${kind} picture` });
  const image = element("img", { src: address, alt: title, loading: "lazy", decoding: "async" });
  const button = element("button", { class: `picture ${kind}`, type: "button", title }, image);
  button.onclick = () => {
    viewer.querySelector("img").src = address;
    viewer.querySelector("p").textContent = `${capture.number || "no number"} · ${capture.tag} · ${moment(capture.timestamp)}`;
    viewer.showModal();
  };
  return button;
}

function card(capture) {
  const others = capture.tags.filter((tag) => tag !== capture.tag);
  const seconds = capture.started_ts && capture.finished_ts ? (capture.finished_ts - capture.started_ts).toFixed(1) : null;
  const errors = capture.errors.filter((text) => text !== capture.message);
  return element("article", { class: `capture ${capture.success ? "read" : "unread"}`, "data-id": capture.id },
    element("div", { class: "pictures" }, picture(capture, "primary"), picture(capture, "secondary"), picture(capture, "label")),
    element("div", { class: "facts" },
      element("p", { class: "number", text: capture.number || (capture.success ? "–" : "not read") }),
      element("p", { class: "tag" }, element("span", { text: capture.tag || "no tag" }), others.length ? element("small", { text: ` + ${others.join(", ")}` }) : null),
      element("p", { class: "when" }, element("time", { datetime: capture.timestamp, text: moment(capture.timestamp) }),
        element("span", { text: [capture.station, seconds && `${seconds} s`, capture.attempts > 1 && `${capture.attempts} attempts`].filter(Boolean).join(" · ") })),
      capture.success && !errors.length ? null : element("p", { class: "message", text: capture.success ? errors.join("; ") : capture.message }),
      capture.success || !errors.length ? null : element("details", {}, element("summary", { text: `${errors.length} errors` }), element("ul", {}, ...errors.map((text) => element("li", { text })))),
      ...(capture.warnings ?? []).map((text) => element("p", { class: "warning", text }))));
}

const captures = search({
  address: "/api/captures", limit: PAGE,
  show: (body, append, searching) => {
    const cards = body.captures.map(card);
    if (append) list.append(...cards);
    else list.replaceChildren(...cards);
    if (!list.children.length) list.append(element("p", { class: "notice", text: searching ? "Nothing found." : "No capture yet. The next one appears here by itself." }));
    return searching ? `${list.querySelectorAll(".capture").length}${body.next_cursor ? "+" : ""} found` : "";
  },
});

function arrived(capture) {
  if (captures.searching() || list.querySelector(`[data-id="${capture.id}"]`)) return;
  list.querySelector(":scope > .notice")?.remove();
  const node = card(capture);
  node.classList.add("new");
  list.prepend(node);
  while (list.children.length > KEPT) list.lastElementChild.remove();
}

viewer.onclick = (event) => { if (event.target === viewer) viewer.close(); };

listen({
  onOpen: async () => {
    if (list.childElementCount <= PAGE) await captures.load();
    stations.clear();
    for (const station of (await getJson("/api/stations")).stations) stations.set(station.station, station);
    showStations(document.getElementById("stations"), stations.values());
  },
  onMessage: (message) => {
    if (message.event === "capture") arrived(message.capture);
    if (message.event === "station") {
      stations.set(message.station.station, message.station);
      showStations(document.getElementById("stations"), stations.values());
    }
  },
});
