// What a record says in words: its value, its state, its pictures, for the list and for its own page.
import { number, t } from "./words.js";

export function recordOf(entry) { return entry[entry.kind]; }

// {read, value, corrected} of each value: the number of a capture, every plate of a detection.
export function valuesOf(kind, record) {
  if (kind === "capture") return [{ read: record.number, corrected: record.corrected_number ?? null }];
  if (!record.plates.length) return [{ read: "", corrected: null, confidence: null }];
  return record.plates.map((plate) => ({ read: plate.text, corrected: plate.corrected ?? null, confidence: plate.confidence }));
}

export function valueOf({ read, corrected }) { return corrected ?? read; }

// [class, word]
export function stateOf(kind, record) {
  const corrected = valuesOf(kind, record).some((value) => value.corrected !== null);
  if (corrected) return ["good", t("corrected")];
  if (kind === "capture") return record.success ? ["good", t("read")] : ["bad", t("not read")];
  return record.plates.length ? ["good", t("read")] : ["off", t("no plate")];
}

export function emptyValue(kind, record) {
  if (valuesOf(kind, record).some((value) => value.corrected === "")) return t("cannot be read");
  if (kind === "capture") return record.success ? "–" : t("not read");
  return record.vehicles_count ? t("vehicle, no plate") : t("no plate");
}

// [{address, title, role}], those that matter most first.
export function picturesOf(kind, record) {
  const sent = kind === "capture"
    ? [["primary", record.primary_image_url, t("First picture")], ["label", record.label_image_url, t("Label")], ["secondary", record.secondary_image_url, t("Second picture")]]
    : [["primary", record.original_image, t("Picture")], ["primary", record.image, t("Picture")], ["primary", record.annotated_image, t("Picture with marks")],
      ...(record.cropped_plates ?? []).map((address) => ["label", address, t("Plate")])];
  return sent.filter(([, address]) => address).map(([role, address, title]) => ({ role, address, title }));
}

export function percent(share) { return number(share, { style: "percent", maximumFractionDigits: 0 }); }

export function addressOf(kind, id) { return `/records/${kind}/${encodeURIComponent(id)}`; }
