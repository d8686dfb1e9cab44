// The evidence of a visit side by side: what each piece read, whether it is that of the vehicle, its pictures.
import { element, name } from "./dom.js";
import { small } from "./pictures.js";
import { when } from "./times.js";
import { enlarge } from "./viewer.js";
import { FIELDS, FIELD_WORDS, agreement, agreesOn, kilograms, kindWord, lookAlikes, ownerOf } from "./visit_words.js";
import { counted, number, t } from "./words.js";

const CARDS = 6; // those beyond are folded
const PICTURES = 4; // of one card
const RECORDS = ["capture", "detection"];

function sign(agrees) {
  const { tone, icon, word } = agreement(agrees);
  return element("span", { class: `agreement ${tone}` }, element("i", { "aria-hidden": "true", text: icon }), " ", word);
}

function titleOf(evidence) { return element("span", {}, kindWord(evidence.kind), " ", name(evidence.device || "–")); }

function row(field, evidence, visit) {
  if (!evidence[field]) return [];
  const alike = field === "plate" ? lookAlikes(evidence) : [];
  const sure = field === "plate" && typeof evidence.confidence === "number" ? element("small", { text: ` ${number(evidence.confidence, { style: "percent", maximumFractionDigits: 0 })}` }) : null;
  return [element("dt", { text: FIELD_WORDS[field] }),
    element("dd", {}, name(evidence[field], { class: "read" }), sure, " ", sign(agreesOn(field, evidence, visit)), ...alike.map((text) => element("small", { class: "alike", text })))];
}

function shots(pictures, all) {
  if (!pictures.length) return element("p", { class: "no-picture", text: t("no picture") });
  return element("div", { class: "card-shots" }, ...pictures.slice(0, PICTURES).map((picture) => {
    const button = element("button", { type: "button", class: "enlarge", "aria-label": t("Enlarge: {title}", { title: picture.title }) }, small(picture.address, picture.title));
    button.onclick = () => enlarge(all, all.indexOf(picture));
    return button;
  }));
}

function card(evidence, visit, pictures, all) {
  const read = FIELDS.flatMap((field) => row(field, evidence, visit));
  const title = element("h3", {}, titleOf(evidence));
  const link = RECORDS.includes(evidence.kind) ? element("a", { class: "open", href: `/records/${evidence.kind}/${encodeURIComponent(evidence.id)}`, text: t("Open the record") }) : null;
  const nothing = evidence.kind === "capture" || evidence.kind === "detection" ? element("p", { class: "found", text: t("Nothing was read.") }) : null;
  return element("article", { class: `card ${evidence.agrees === null ? "" : agreement(evidence.agrees).tone}`, "data-id": evidence.id },
    RECORDS.includes(evidence.kind) ? shots(pictures, all) : null,
    element("div", { class: "card-facts" }, title,
      element("p", { class: "when" }, when(evidence.at), evidence.late ? element("span", { class: "late", text: t("arrived late") }) : null),
      read.length ? element("dl", {}, ...read) : nothing,
      typeof evidence.kg === "number" ? element("p", { class: "kg", text: kilograms(evidence.kg) }) : null, link));
}

// Those that differ first, then in the order of time.
function ordered(evidence) { return [...evidence].sort((a, b) => (b.agrees === false) - (a.agrees === false)); }

export function showEvidence(visit, holder, further) {
  const evidence = ordered(visit.evidence);
  const titled = evidence.map((each) => each.pictures.map((address) => ({ address, title: `${kindWord(each.kind)} ${each.device}` })));
  const all = titled.flat();
  const cards = evidence.map((each, place) => card(each, visit, titled[place], all));
  holder.replaceChildren(...cards.slice(0, CARDS));
  further.hidden = cards.length <= CARDS;
  further.querySelector("summary").textContent = counted(cards.length - CARDS, "{count} more", "{count} more");
  further.querySelector(".cards").replaceChildren(...cards.slice(CARDS));
}

function registered(field, visit) { return visit.vehicle?.[`${field}s`] ?? []; }

// The values of a visit, what differs before what agrees.
function chosen(field, visit) {
  const found = visit.evidence.filter((each) => each[field]).map((each) => ({ each, agrees: agreesOn(field, each, visit) }));
  return found.find((one) => one.agrees === false) ?? found.find((one) => one.agrees) ?? found[0] ?? null;
}

function tile(field, visit) {
  const found = chosen(field, visit);
  const agrees = found?.agrees ?? null;
  const own = registered(field, visit);
  const owner = agrees === false ? ownerOf(field, found.each[field], visit) : null;
  return element("div", { class: `tile ${agreement(agrees).tone}`, "data-field": field },
    element("h2", { text: FIELD_WORDS[field] }),
    element("p", { class: `read ${found ? "" : "none"}` }, name(found ? found.each[field] : t("not read"))),
    sign(agrees),
    ...(found && field === "plate" ? lookAlikes(found.each).map((text) => element("p", { class: "alike", text })) : []),
    element("p", { class: "own" }, visit.vehicle ? (own.length ? element("span", {}, t("Registered:"), " ", name(own.slice(0, 3).join(", "))) : t("None is registered.")) : t("No vehicle is known.")),
    owner ? element("p", { class: "own" }, t("It is that of {name}.", { name: owner.name })) : null);
}

export function showCompared(visit, holder) { holder.replaceChildren(...FIELDS.map((field) => tile(field, visit))); }
