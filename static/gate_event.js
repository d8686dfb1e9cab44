// An event of the gate: a capture of a station, or a detection of a plate camera, as the page shows either.
import { parse } from "./times.js";
import { said, t } from "./words.js";

// at: when it happened, in ms; a clock that is ahead counts as the moment of arrival.
export function eventOf(kind, record) {
  const capture = kind === "capture";
  const happened = parse(capture ? record.captured_at : record.occurred_at);
  return {
    kind, record, id: capture ? record.id : record.detection_id, received_at: record.received_at,
    at: Math.min(happened, parse(record.received_at)),
    place: capture ? record.station : record.checkpoint_id,
    address: capture ? `/records/capture/${encodeURIComponent(record.id)}` : `/records/detection/${encodeURIComponent(record.detection_id)}`,
  };
}

export function plateOf(plate) { return plate.corrected || plate.text; }

// What is large: the number, or the plates.
export function digits({ kind, record }) {
  if (kind === "capture") return record.corrected_number || record.number || "";
  return record.plates.map(plateOf).filter(Boolean).join(" · ");
}

export function hit({ kind, record }) {
  if (kind === "capture") return null;
  const matches = record.watchlist ?? [];
  return matches.find((match) => match.action === "deny") ?? matches[0] ?? null;
}

// tone: good, bad, plain; word: beside the colour.
export function verdict(event) {
  const match = hit(event);
  if (match) return match.action === "deny" ? { tone: "bad", word: t("Stop") } : { tone: "good", word: t("Let in") };
  if (event.kind === "detection") return event.record.plates.length ? { tone: "good", word: t("Plate read") } : { tone: "bad", word: t("No plate") };
  if (event.record.corrected_number) return { tone: "good", word: t("Corrected") };
  return event.record.success ? { tone: "good", word: t("Read") } : { tone: "bad", word: t("Not read") };
}

export function pictures({ kind, record }) {
  const named = kind === "capture"
    ? [[record.primary_image_url, t("Primary picture"), "primary"], [record.label_image_url, t("Label"), "label"], [record.secondary_image_url, t("Secondary picture"), "secondary"]]
    : [[record.annotated_image || record.original_image || record.image, t("Vehicle"), "primary"], ...(record.cropped_plates ?? []).slice(0, 3).map((address) => [address, t("Plate"), "label"])];
  return named.filter(([address]) => address).map(([address, title, role]) => ({ address, title, role }));
}

const RULES = [
  [/no camera is (set|configured)/i, () => [t("No camera is set"), t("Name the station's camera in its settings, under [camera].")]],
  [/primary (frame|camera)/i, () => [t("The camera gave no picture"), t("Check the primary camera: power, cable, address. The list above names what does not answer.")]],
  [/no label/i, () => [t("No label in the picture"), t("Look at the primary picture: is the label dirty, covered or out of view? Type the number in with Open.")]],
  [/ocr|model/i, () => [t("The label could not be read"), t("Look at the label picture and type the number in with Open.")]],
  [/max attempts/i, () => [t("The number could not be read"), t("Look at the label picture and type the number in with Open.")]],
  [/timeout|timed out/i, () => [t("It took too long"), t("Let the vehicle stand still until its number is shown.")]],
];

// What is wrong in a word and what to do; null where all is well. minor: it was read all the same.
export function trouble(event) {
  const { kind, record } = event;
  if (kind === "detection") {
    const match = hit(event);
    if (match?.action === "deny") return { word: match.reason || t("On the list of plates to stop"), advice: t("Do not open the gate; ask whoever listed it."), minor: false };
    if (match || record.plates.length) return null;
    return { word: record.vehicles_count ? t("A vehicle without a readable plate") : t("No plate in the picture"), advice: t("Look at the picture: is the plate dirty, covered or out of view?"), minor: false };
  }
  if (record.corrected_number) return null;
  const told = [...record.errors, record.success ? "" : record.message].filter(Boolean);
  if (told.some((text) => /secondary/i.test(text)) && (record.success || told.every((text) => /secondary/i.test(text)))) {
    return { word: t("No secondary picture"), advice: t("Check the secondary camera: power, cable, address."), minor: record.success };
  }
  if (record.success && !told.length) return null;
  for (const [pattern, words] of RULES) {
    const found = told.find((text) => pattern.test(text));
    if (found) return { word: words()[0], advice: words()[1], minor: record.success };
  }
  return { word: said(told[0]) || t("The number could not be read"), advice: t("Look at the pictures and type the number in with Open."), minor: record.success };
}
