// The page of one capture or detection: pictures, facts, correction with its history, protection, raw JSON.
import { became, element, getJson, listen, name, when } from "./live.js";
import { thumbnail } from "./pictures.js";
import { recordVehicle } from "./record_vehicle.js";
import { emptyValue, percent, picturesOf, stateOf, valueOf, valuesOf } from "./records_words.js";
import { late } from "./times.js";
import { enlarge } from "./viewer.js";
import { number, said, t } from "./words.js";

const byId = (id) => document.getElementById(id);
const { kind, id } = byId("record").dataset;
const field = kind === "capture" ? "number" : "plate";
const api = `${kind === "capture" ? "/api/captures" : "/api/records"}/${encodeURIComponent(id)}`;
const NOT_THERE = t("This hub does not take corrections (404). Update it, or correct the value where it is used.");
const showVehicle = recordVehicle(byId("vehicle-of"));
let record = null;

async function send(address, method, body = null) {
  const response = await fetch(address, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  const told = await response.json().catch(() => ({}));
  return { ok: response.ok, status: response.status, message: told.message ? said(told.message) : t("The hub answered {status}.", { status: response.status }) };
}

function showPictures() {
  const pictures = picturesOf(kind, record);
  byId("pictures").replaceChildren(...pictures.map((picture, index) => {
    // Large ones first as they are; the others small until they are opened.
    const image = element("img", { src: index ? thumbnail(picture.address) : picture.address, alt: picture.title });
    image.onerror = () => button.replaceChildren(element("span", { class: "broken", text: t("This picture cannot be shown: it is damaged or gone.") }));
    const button = element("button", { type: "button", class: "enlarge", "aria-label": t("Enlarge: {title}", { title: picture.title }) }, image);
    button.onclick = () => enlarge(pictures, index);
    return element("figure", { class: picture.role }, button, element("figcaption", { text: picture.title }));
  }));
  if (!pictures.length) byId("pictures").append(element("p", { class: "notice", text: t("This record has no pictures.") }));
}

function fact(term, ...values) { return [element("dt", { text: term }), element("dd", {}, ...values)]; }

function list(texts) { return texts.length > 1 ? element("ul", {}, ...texts.map((text) => element("li", {}, name(text)))) : name(texts[0]); }

function showFacts() {
  const [state, word] = stateOf(kind, record);
  const happened = kind === "capture" ? record.captured_at : record.occurred_at;
  const delayed = late(happened, record.received_at);
  const rows = [
    fact(t("State"), element("span", { class: `state ${state}` }, element("i", { class: "dot" }), " ", word)),
    fact(t("When"), when(happened), delayed ? element("span", { class: "late", text: ` ${delayed}` }) : null),
    fact(t("Received"), when(record.received_at, false)),
  ];
  if (kind === "capture") {
    rows.push(fact(t("Station"), name(record.station || "–")), fact(t("Tag"), name(record.tag || t("no tag"))));
    if (record.tags.length > 1) rows.push(fact(t("All tags"), list(record.tags)));
    if (record.corrected_number) rows.push(fact(t("As it was read"), name(record.number || "–")));
    if (record.raw_text && record.raw_text !== record.number) rows.push(fact(t("Text of the label"), name(record.raw_text)));
    rows.push(fact(t("Attempts"), number(record.attempts)));
    if (record.message) rows.push(fact(t("Message"), name(said(record.message))));
    const errors = record.errors.filter((text) => text !== record.message);
    if (errors.length) rows.push(fact(t("Errors"), list(errors.map(said))));
  } else {
    rows.push(fact(t("Camera"), name(record.camera_id)), fact(t("Checkpoint"), name(record.checkpoint_id)));
    for (const plate of record.plates) {
      rows.push(fact(t("Plate"), name(plate.corrected ?? plate.text), plate.corrected ? element("small", {}, ` ${t("was")} `, name(plate.text)) : null,
        typeof plate.confidence === "number" ? element("small", { text: ` ${percent(plate.confidence)}` }) : null));
    }
    if (record.watchlist.length) rows.push(fact(t("Watchlist"), list(record.watchlist.map((match) => [match.action === "deny" ? t("to be stopped") : t("to be let in"), match.plate, match.reason].filter(Boolean).join(" · ")))));
  }
  if (record.warnings?.length) rows.push(fact(t("Warnings"), list(record.warnings.map(said))));
  rows.push(fact(t("Number of the record"), element("span", { class: "code", text: id })));
  byId("facts").replaceChildren(...rows.flat());
  const all = valuesOf(kind, record).map(valueOf).filter(Boolean);
  byId("value").textContent = all.join(" ") || emptyValue(kind, record);
  byId("value").classList.toggle("none", !all.length);
  byId("protect").textContent = record.protected ? t("Let it expire like others") : t("Protect from deletion");
  byId("protected").textContent = record.protected ? t("Protected: it is kept whatever the rules of retention say.") : "";
  showVehicle(kind, record);
  byId("raw").textContent = JSON.stringify(record, null, 2);
}

function showForm() {
  const all = valuesOf(kind, record);
  const { index, value } = byId("correct").elements;
  const chosen = index.value;
  index.replaceChildren(...all.map((each, place) => element("option", { value: String(place), text: valueOf(each) || t("not read") })));
  index.value = chosen || "0";
  byId("which").hidden = all.length < 2;
  value.value = all[Number(index.value)] ? valueOf(all[Number(index.value)]) ?? "" : "";
}

async function showHistory() {
  const response = await fetch(`/api/corrections?kind=${kind}&id=${encodeURIComponent(id)}`);
  if (!response.ok) {
    byId("history").replaceChildren(element("li", { text: response.status === 404 ? NOT_THERE : t("The history cannot be shown now.") }));
    return;
  }
  const { corrections } = await response.json();
  byId("history").replaceChildren(...corrections.map((row) => element("li", {},
    when(row.corrected_at ?? row.at ?? row.received_at, false), " ", element("b", {}, name(row.who || t("somebody"))), ": ",
    ...became(row.before || t("not read"), row.after ?? row.value ?? ""), row.note ? element("small", {}, " ", name(row.note)) : null)));
  if (!corrections.length) byId("history").append(element("li", { text: t("Nobody has changed anything.") }));
}

// The visit that the record belongs to, if any.
async function showVisit() {
  const { visit } = await getJson(`/api/visits/of?kind=${kind}&id=${encodeURIComponent(id)}`);
  byId("visit").hidden = !visit;
  if (visit) byId("visit").href = `/visits/${encodeURIComponent(visit.id)}`;
}

async function load() {
  try {
    const body = await getJson(api);
    record = body.capture ?? body.record;
  } catch (error) {
    byId("error").textContent = error.message;
    byId("error").hidden = false;
    return;
  }
  byId("error").hidden = true;
  document.querySelector(".columns-of-record").hidden = false;
  showFacts();
  showForm();
  showVisit().catch(() => {}); // without it the record is shown all the same
  await showHistory();
}

byId("correct").elements.index.onchange = showForm;

async function correct(text) {
  const { index, note } = byId("correct").elements;
  const told = await send("/api/corrections", "POST", { kind, id, field, index: Number(index.value), value: text, note: note.value.trim() });
  if (told.ok) {
    note.value = "";
    await load();
  }
  byId("told").textContent = told.ok ? t("Corrected. What was read is kept beside it.") : told.status === 404 ? NOT_THERE : told.message;
}

byId("correct").onsubmit = (event) => {
  event.preventDefault();
  correct(event.target.elements.value.value.trim());
};
byId("unreadable").onclick = () => correct("");

byId("protect").onclick = async () => {
  const told = await send(`${api}/protect`, record.protected ? "DELETE" : "POST");
  if (told.ok) await load();
  else byId("protected").textContent = told.message;
};

let drawn = false;
listen({
  onOpen: async () => {
    await load();
    if (record && !drawn) showPictures(); // pictures never change
    drawn ||= record !== null;
  },
  onMessage: (message) => {
    if (message.event === "correction" && [message.correction.id, message.correction.record_id].includes(id)) load();
    else if (message.event === "visit" && byId("visit").hidden && message.visit.evidence.some((each) => each.id === id)) showVisit().catch(() => {});
  },
});
