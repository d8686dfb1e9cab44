// The page of one visit: verdict, evidence side by side, decision, history.
import { became, element, getJson, listen, name, when } from "./live.js";
import { duration } from "./times.js";
import { decisions } from "./visit_decide.js";
import { showCompared, showEvidence } from "./visit_evidence.js";
import { addressOf, advice, causeWord, decisionWord, directionWord, kilograms, stateWord, titleOf, verdictOf, weightWord } from "./visit_words.js";
import { counted, said, t } from "./words.js";

const DRAW_MS = 250; // at most four changes of the page a second
const RECORDS = 10;  // whose corrections are looked up
const byId = (id) => document.getElementById(id);
const { id, barriers } = byId("visit").dataset;
let visit = null;
let drawing = null;
let drawn = false;

function showVerdict() {
  const { tone, icon, word } = verdictOf(visit);
  const decided = visit.decision && !visit.waits ? element("p", { class: "decided" }, element("b", { text: decisionWord(visit.decision) }), " · ", name(said(visit.decided_by)), " ", when(visit.decided_at)) : null;
  const [first, ...others] = visit.reasons.map(said);
  byId("verdict").className = `verdict ${tone} ${visit.waits ? "waits" : ""}`;
  byId("verdict").replaceChildren(
    element("p", { class: "state-word" }, element("i", { "aria-hidden": "true", text: icon }), element("b", { text: word })),
    element("div", { class: "why" },
      element("p", { class: "who-it-is" }, visit.vehicle ? element("a", { href: `/vehicles?id=${encodeURIComponent(visit.vehicle.id)}` }, name(titleOf(visit))) : name(titleOf(visit)),
        element("small", {}, name(visit.checkpoint), directionWord(visit.direction) ? ` · ${directionWord(visit.direction)}` : "")),
      first ? element("p", { class: "first" }, element("bdi", { text: first })) : null,
      others.length ? element("ul", {}, ...others.map((text) => element("li", {}, element("bdi", { text })))) : null,
      decided, element("p", { class: "advice", text: advice(visit) })));
}

function fact(term, ...values) { return [element("dt", { text: term }), element("dd", {}, ...values)]; }

function vehicleLink(vehicle) { return element("a", { href: `/vehicles?id=${encodeURIComponent(vehicle.id)}` }, name([vehicle.name, vehicle.owner].filter(Boolean).join(" · "))); }

function visitLink(other, text) { return element("a", { href: addressOf({ id: other }), text }); }

function showFacts() {
  const { vehicle, others, stay, weight, net } = visit;
  const rows = [fact(t("Vehicle"), vehicle ? vehicleLink(vehicle) : t("not registered"))];
  if (others.length) rows.push(fact(t("Evidence also belongs to"), element("ul", {}, ...others.map((other) => element("li", {}, vehicleLink(other))))));
  rows.push(fact(t("Checkpoint"), name(visit.checkpoint), directionWord(visit.direction) ? ` · ${directionWord(visit.direction)}` : ""));
  rows.push(fact(t("First seen"), when(visit.started_at)), fact(t("Last seen"), when(visit.last_at)));
  if (stay) rows.push(fact(t("Stay"), duration(stay.seconds * 1000), " · ", visitLink(stay.visit, t("the visit at the other end"))));
  if (weight) rows.push(fact(t("Weight"), element("b", { text: kilograms(weight.kg) }), weight.kind ? ` ${weightWord(weight.kind)} ` : " ", when(weight.at, false)));
  if (net) rows.push(fact(t("Net weight"), element("b", { text: kilograms(net.kg) }), " · ", visitLink(net.visit, t("the other weighing"))));
  rows.push(fact(t("Number of the visit"), element("span", { class: "code", text: id })));
  byId("facts").replaceChildren(...rows.flat());
}

function entry(at, who, ...what) { return { at: at ?? "", node: element("li", {}, when(at, false), " ", element("b", {}, name(who ? said(who) : t("somebody"))), ": ", ...what) }; }

async function correctionsOf({ kind, id: record }) {
  const response = await fetch(`/api/corrections?kind=${kind}&id=${encodeURIComponent(record)}`);
  return response.ok ? (await response.json()).corrections : [];
}

// A decision, or a judgement that changed the state, with both states.
function past(row) {
  const states = row.before === row.after ? null : element("span", {}, ": ", ...became(stateWord(row.before), stateWord(row.after)));
  const what = row.what === "judged" ? causeWord(row.cause) : decisionWord(row.what);
  return entry(row.at, row.by || t("The hub"), what, states, row.note ? element("small", {}, " ", name(row.note)) : null);
}

// Every decision and change of the state, and every correction of what belongs to the visit.
async function showHistory() {
  const shown = visit;
  const records = shown.evidence.filter((each) => each.kind === "capture" || each.kind === "detection").slice(-RECORDS);
  const made = (await Promise.all(records.map(correctionsOf))).flat();
  if (shown !== visit) return;
  const entries = made.map((row) => entry(row.corrected_at ?? row.at ?? row.received_at, row.who, ...became(row.before || t("not read"), (row.after ?? row.value) || t("not read")), row.note ? element("small", {}, " ", name(row.note)) : null));
  entries.push(...shown.history.map(past));
  entries.sort((a, b) => (a.at < b.at ? -1 : 1));
  byId("history").replaceChildren(...entries.map(({ node }) => node));
  if (!entries.length) byId("history").append(element("li", { text: t("Nobody has decided anything yet.") }));
}

function tell(text, good = false) {
  byId("told").textContent = text;
  byId("told").className = `told ${good ? "good" : "bad"}`;
  byId("told").hidden = !text;
}

async function showBarriers() {
  if (barriers !== "yes") return;
  const { barrierButtons } = await import("./barriers.js");
  byId("barrier").replaceChildren(barrierButtons(visit.checkpoint, visit.id));
}

const showDecision = decisions({
  decided: (now) => {
    tell(now.waits ? t("Stored. It still waits: look at the reasons.") : t("Stored: {decision}.", { decision: decisionWord(now.decision) }), true);
    show(now);
  },
  refused: async (message, status) => {
    tell(message);
    if (status === 409 || status === 404) await load();
  },
});

function show(now) {
  if (visit && now.change < visit.change) return;
  visit = now;
  byId("whole").hidden = false;
  showVerdict();
  showDecision(visit);
  showCompared(visit, byId("compared"));
  showEvidence(visit, byId("cards"), byId("further-evidence"));
  byId("evidence-count").textContent = visit.evidence_count > visit.evidence.length ? counted(visit.evidence_count, "{count} pieces, repeated ones are only counted", "{count} pieces, repeated ones are only counted") : "";
  showFacts();
  showHistory().catch(() => {});
  if (!drawn) showBarriers();
  drawn = true;
}

async function load() {
  try {
    show((await getJson(`/api/visits/${encodeURIComponent(id)}`)).visit);
    byId("error").hidden = true;
  } catch (error) {
    byId("error").textContent = error.message;
    byId("error").hidden = false;
  }
}

let next = null;
function soon(now) {
  next = now;
  drawing ??= setTimeout(() => {
    drawing = null;
    if (document.querySelector("dialog[open]")) soon(next); // whoever looks at a picture goes on looking at it
    else show(next);
  }, DRAW_MS);
}

listen({
  onOpen: load,
  onMessage: (message) => { if (["visit", "visit_update"].includes(message.event) && message.visit.id === id) soon(message.visit); },
});
