// The page of records: captures and detections in one list, live, searched, exported.
import { element, listen, name, when } from "./live.js";
import { newest } from "./newest.js";
import { small } from "./pictures.js";
import { addressOf, emptyValue, percent, picturesOf, recordOf, stateOf, valueOf, valuesOf } from "./records_words.js";
import { day, late } from "./times.js";
import { number, said, t } from "./words.js";

const PAGE = 50;
const SHOWN = 2; // pictures of a row
const VIEWS = ["unread", "corrected"]; // filters with a button each
const byId = (id) => document.getElementById(id);
const form = byId("search");

function shots(kind, record, address) {
  const pictures = picturesOf(kind, record);
  const some = [pictures.find((picture) => picture.role === "primary"), pictures.find((picture) => picture.role === "label")].filter(Boolean).slice(0, SHOWN);
  if (!some.length) return element("div", { class: "shots none", text: t("no picture") });
  return element("a", { class: "shots", href: address, tabindex: "-1", "aria-hidden": "true" }, ...some.map((picture) => {
    const image = small(picture.address, "");
    image.className = picture.role;
    return image;
  }));
}

function values(kind, record, address) {
  const all = valuesOf(kind, record).filter((value) => valueOf(value));
  if (!all.length) return element("p", { class: "value none" }, element("a", { href: address, text: emptyValue(kind, record) }));
  return element("p", { class: "value" }, element("a", { href: address }, ...all.flatMap((value, index) => [index ? " " : null, name(valueOf(value))])),
    ...all.filter((value) => value.corrected !== null).map((value) => element("small", {}, t("was"), " ", name(value.read || t("not read")))));
}

function card(entry) {
  const { kind } = entry;
  const record = recordOf(entry);
  const address = addressOf(kind, entry.id);
  const [state, word] = stateOf(kind, record);
  const delayed = late(entry.happened_at, entry.received_at);
  const sure = record.plates?.[0]?.confidence;
  return element("article", { class: `record ${state}` }, shots(kind, record, address),
    element("div", { class: "what" }, values(kind, record, address),
      element("p", { class: "state" }, ...(valuesOf(kind, record).some(valueOf) ? [element("i", { class: "dot" }), element("span", { text: word })] : []), typeof sure === "number" ? element("small", { text: percent(sure) }) : null,
        record.protected ? element("small", { text: t("protected") }) : null,
        ...(record.watchlist ?? []).map((match) => element("b", { class: `mark ${match.action}`, text: match.action === "deny" ? t("to be stopped") : t("to be let in") })))),
    element("div", { class: "where" },
      element("p", {}, kind === "capture" ? element("span", {}, t("Station"), " ", name(record.station || "–")) : element("span", {}, t("Camera"), " ", name(record.camera_id), " · ", name(record.checkpoint_id))),
      kind === "capture" ? element("p", { class: "tag" }, name(record.tag || t("no tag"))) : null,
      kind === "capture" && !record.success && record.message ? element("p", { class: "why" }, name(said(record.message))) : null),
    element("div", { class: "time" }, when(entry.happened_at), delayed ? element("span", { class: "late", text: delayed }) : null));
}

byId("further").open = [...byId("further").querySelectorAll("[name]")].some((field) => new URLSearchParams(location.search).get(field.name));

const records = newest({
  holder: byId("records"), address: "/api/entries", limit: PAGE, card, starts: [], parts: ["text"],
  rows: (body) => body.entries, id: (entry) => entry.id, time: (entry) => entry.happened_at,
  found: (body, shown) => { files(); return t("{count} found", { count: `${number(shown)}${body.next_cursor ? "+" : ""}` }); },
  empty: t("No record yet. The next one appears here by itself."),
});

// The files have exactly what the list has, to its end.
function files() {
  const asked = records.asked();
  for (const kind of ["csv", "xlsx"]) byId(kind).href = `/api/entries.${kind}?${asked}`;
  byId("report").href = `/reports/${form.elements.from.value || day()}`;
  for (const button of document.querySelectorAll(".views button")) button.setAttribute("aria-pressed", String(VIEWS.every((field) => form.elements[field].value === (button.dataset.view === field ? "true" : ""))));
}

for (const button of document.querySelectorAll(".views button")) {
  button.onclick = () => {
    for (const field of VIEWS) form.elements[field].value = button.dataset.view === field ? "true" : "";
    form.requestSubmit();
  };
}
form.addEventListener("reset", () => { for (const field of VIEWS) form.elements[field].value = ""; });
for (const event of ["submit", "reset"]) form.addEventListener(event, () => setTimeout(files));
for (const kind of ["csv", "xlsx"]) {
  byId(kind).addEventListener("click", async (event) => {
    files();
    if (kind === "csv") return;
    event.preventDefault();
    byId("making").textContent = t("The file is being made …");
    const response = await fetch(byId(kind).href).catch(() => null);
    if (!response?.ok) {
      byId("making").textContent = said((await response?.json().catch(() => null))?.message) ?? t("The hub does not answer. Try again when it is back.");
      return;
    }
    const link = element("a", { href: URL.createObjectURL(await response.blob()), download: `records_${day()}.xlsx` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    byId("making").textContent = t("The file is saved.");
  });
}

// One list of two kinds of events: each catches up from its own last record, and the list is loaded once.
function part(kind, id, happened) {
  const entry = (row) => ({ kind, id: row[id], happened_at: row[happened], received_at: row.received_at, [kind]: row.pictures ? { ...row, ...row.pictures } : row });
  let last = "";
  let skipped = false;
  return {
    load: async () => {
      if (kind !== "capture" && !skipped) {
        skipped = true; // at the start the other kind loads the list
        return;
      }
      await records.load();
      files();
    },
    last: () => last,
    start: (rows) => {
      records.start(rows.map(entry));
      last = rows[0]?.[id] ?? last;
    },
    arrived: (row) => {
      records.arrived(entry(row));
      last = row[id];
    },
    missed: (rows) => {
      last = rows[0]?.[id] ?? last;
      return records.missed(rows.map(entry));
    },
  };
}

listen({ lists: { detection: part("detection", "detection_id", "occurred_at"), capture: part("capture", "id", "captured_at") } });
