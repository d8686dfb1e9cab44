// The list of matches: one row for each sighting, which grows while the person stays in the picture.
import { element, moment } from "./live.js";
import { distanceText } from "./track_stage.js";
import { counted, t } from "./words.js";

const TRACK_MS = 10000; // the same track of the same source within this time is the same sighting
const UNTRACKED_MS = 3000; // without a track: the next match within this time
const KEPT = 100;
const NOTHING = t("No match yet. Each time the person is seen, it is listed here with the time.");

function span(row) {
  const seconds = Math.round((row.last - row.first) / 1000);
  return seconds < 1 ? moment(row.first) : t("{time}, for {count} s", { time: moment(row.first), count: seconds });
}

// The hub calls frames of this page "frames"; here they are the webcam's.
function shownSource(source) { return source === "frames" ? t("webcam") : source; }

// onUse(data URL) adds the picture of a row to the reference pictures; whether it is used.
export function createMatches({ holder, count, empty, onUse }) {
  let rows = []; // newest first
  let limit = 0.38;

  function sameSighting(row, match, source, now, frame) {
    if (row.source !== source || row.frame === frame) return false;
    if (match.track !== undefined || row.track !== undefined) return row.track === match.track && now - row.last < TRACK_MS;
    return now - row.last < UNTRACKED_MS;
  }

  // A stored match of a sighting that is listed already.
  function stretch(row, one, time) {
    row.first = Math.min(row.first, time);
    row.last = Math.max(row.last, time);
    if (one.distance < row.best) Object.assign(row, { best: one.distance }, one.crop && !row.picture ? { address: one.crop } : {});
    paint(row);
  }

  function build(row) {
    row.image = element("img", { alt: "", width: 48, height: 72 });
    row.distanceText = element("b", { class: "distance" });
    row.timeText = element("time");
    row.use = element("button", { type: "button", class: "quiet", text: t("Use this picture too") });
    row.use.onclick = async () => {
      row.use.disabled = true;
      row.use.textContent = t("Reading…");
      row.use.textContent = await onUse(row.picture) ? t("Used") : t("Not used");
    };
    row.node = element("li", { class: "sighting" }, row.image,
      element("div", {}, row.distanceText, row.timeText, element("span", { class: "from", text: row.source, dir: "auto" })), row.use);
    holder.prepend(row.node);
  }

  function paint(row) {
    if (row.address && row.image.src !== row.address) row.image.src = row.address;
    row.image.hidden = !row.address;
    row.image.alt = t("Picture of the match at {time}", { time: moment(row.first) });
    row.use.hidden = !row.picture;
    row.use.setAttribute("aria-label", t("Use the picture of {time} as a reference picture too", { time: moment(row.first) }));
    row.distanceText.textContent = t("distance {distance}", { distance: distanceText(row.best) });
    row.timeText.textContent = span(row);
    row.timeText.setAttribute("datetime", new Date(row.first).toISOString());
    row.node.hidden = row.best >= limit;
  }

  function tally() {
    const shown = rows.filter((row) => row.best < limit).length;
    const hidden = rows.length - shown;
    count.textContent = [shown ? counted(shown, "{count} sighting", "{count} sightings") : "", hidden ? counted(hidden, "{count} beyond the threshold", "{count} beyond the threshold") : ""].filter(Boolean).join(", ");
    empty.hidden = shown > 0;
    empty.textContent = hidden ? t("No match below the threshold. Move it towards looser to see the others.") : NOTHING;
  }

  return {
    // One match of the picture `frame` (any value that differs between pictures); crop() gives {address, picture}.
    add(match, source, frame, crop) {
      const now = Date.now();
      let row = rows.find((one) => sameSighting(one, match, source, now, frame));
      if (!row) {
        row = { source, track: match.track, first: now, best: Infinity };
        rows.unshift(row);
        build(row);
        for (const old of rows.splice(KEPT)) old.node.remove();
      }
      row.last = now;
      row.frame = frame;
      if (match.distance < row.best) Object.assign(row, { best: match.distance }, crop());
      paint(row);
      tally();
    },
    // Rows that the hub has stored, newest first; those that are listed already are left out.
    addStored(stored) {
      for (const one of [...stored].reverse()) {
        if (rows.some((row) => row.id === one.id)) continue;
        const time = new Date(one.received_at).getTime();
        const near = rows.find((row) => row.source === shownSource(one.source) && time > row.first - TRACK_MS && time < row.last + TRACK_MS);
        if (near) { stretch(near, one, time); continue; }
        const row = { id: one.id, source: shownSource(one.source), first: time, last: time, best: one.distance, address: one.crop, picture: null };
        rows.push(row);
        build(row);
        paint(row);
      }
      rows.sort((a, b) => b.first - a.first);
      holder.replaceChildren(...rows.map((row) => row.node));
      tally();
    },
    setLimit(value) { limit = value; rows.forEach(paint); tally(); },
    clear() { rows = []; holder.replaceChildren(); tally(); },
  };
}
