// The figures of one camera: rate, jitter, efficiency, processing time, and plots of the last minute.
import { counted, number, t } from "./words.js";

const byId = (id) => document.getElementById(id);
const RATINGS = {
  EXCELLENT: ["good", t("excellent")], OPTIMAL: ["good", t("optimal")], GOOD: ["good", t("good")], FAST: ["good", t("fast")],
  OK: ["pending", t("acceptable")], FAIR: ["pending", t("fair")], HIGH: ["bad", t("high")], POOR: ["bad", t("poor")], SLOW: ["bad", t("slow")],
};
const ADVICE = {
  WAITING_FOR_DATA: t("Waiting for more pictures."),
  INSUFFICIENT_DATA: t("Waiting for a few more pictures before the rate can be judged."),
  OPTIMAL: t("The pictures come evenly."),
  GOOD: t("The pictures come with small differences in time."),
  FAIR: t("Some pictures come late."),
  UNSTABLE: t("Pictures come in bursts: look at the network between this camera and the hub."),
  SLOW: t("The hub takes more than 50 ms for a picture: it has too much to do."),
  POOR: t("Many pictures come late: have the camera send fewer."),
};

function word(id, rating) {
  const [light, text] = RATINGS[rating] ?? ["", ""];
  byId(id).textContent = text;
  byId(id).className = `word ${light}`;
}

export function clearWords() {
  for (const part of ["jitter", "efficiency", "processing"]) word(`${part}-word`, "");
}

function plot(part, values, unit) {
  const most = Math.max(...values);
  const top = most || 1;
  const points = values.map((value, x) => `${x},${(29 - (value / top) * 28).toFixed(2)}`).join(" ");
  const shape = (kind, value) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", kind);
    node.setAttribute("points", value);
    return node;
  };
  byId(`${part}-plot`).replaceChildren(shape("polygon", `0,30 ${points} 59,30`), shape("polyline", points));
  byId(`${part}-most`).textContent = most ? t("highest {value}", { value: `${number(most, { maximumFractionDigits: most < 10 ? 2 : 1 })}${unit}` }) : "";
}

// row: of /api/frames?camera=
export function showFigures(row) {
  const known = row.recommendation !== "WAITING_FOR_DATA";
  const digits = (value, count) => number(value, { minimumFractionDigits: count, maximumFractionDigits: count });
  byId("fps").textContent = digits(row.current_fps, 2);
  byId("target").textContent = row.target_fps ? t("usual {rate}", { rate: number(row.target_fps) }) : "";
  byId("jitter").textContent = known ? t("{seconds} s", { seconds: digits(row.jitter, 3) }) : "–";
  byId("efficiency").textContent = row.words.efficiency ? number(row.efficiency / 100, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }) : "–";
  byId("processing").textContent = known ? t("{milliseconds} ms", { milliseconds: digits(row.avg_processing, 2) }) : "–";
  for (const part of ["jitter", "efficiency", "processing"]) word(`${part}-word`, row.words[part]);
  byId("recommendation").textContent = ADVICE[row.recommendation.split(" ")[0]] ?? row.recommendation;
  const kilobytes = Math.max(1, Math.round(row.size / 1000));
  byId("size").textContent = t("{resolution}, {kilobytes} KB, {pictures}, by {source}", {
    resolution: row.resolution, kilobytes: number(kilobytes), source: row.source,
    pictures: counted(row.total_frames, "{count} picture", "{count} pictures"),
  });
  byId("dropped").textContent = row.dropped_frames ? counted(row.dropped_frames, "{count} picture of this camera was refused.", "{count} pictures of this camera were refused.") : "";
  plot("fps", row.history.fps, "");
  plot("gap", row.history.longest_gap_ms, " ms");
  plot("work", row.history.processing_ms, " ms");
}

