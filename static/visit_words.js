// What a visit says in words: its verdict, what to do, and whether a tag, number or plate is that of its vehicle.
import { number, t } from "./words.js";

const STATES = {
  ok: { tone: "good", icon: "✓", word: t("In order") },
  unknown: { tone: "off", icon: "?", word: t("Not registered") },
  mismatch: { tone: "pending", icon: "≠", word: t("Does not match") },
  denied: { tone: "bad", icon: "✕", word: t("Stop") },
};
const DECISIONS = { confirm: t("confirmed"), correct: t("corrected"), reject: t("rejected") };
const CAUSES = { evidence: t("further evidence"), correction: t("a corrected value"), register: t("the register has changed") };
const DIRECTIONS = { in: t("In"), out: t("Out") };
const KINDS = { capture: t("Station"), detection: t("Camera"), presence: t("Vehicle seen by"), weight: t("Scale") };
const ZEROS = [0x30, 0x660, 0x6f0, 0xe50, 0xff10]; // of the digits that labels and plates have
export const FIELDS = ["tag", "number", "plate"];
export const FIELD_WORDS = { tag: t("Tag"), number: t("Number"), plate: t("Plate") };

// What a person made of a verdict that had to wait.
const DECIDED = {
  confirm: { tone: "good", icon: "✓", word: t("May pass") },
  reject: { tone: "bad", icon: "✕", word: t("Sent away") },
};

// {tone, icon, word}
export function verdictOf(visit) {
  const decided = visit.waits || visit.state === "ok" ? null : DECIDED[visit.decision];
  return decided ?? STATES[visit.state] ?? STATES.unknown;
}

export function badge(visit) {
  const { tone, icon, word } = verdictOf(visit);
  const node = document.createElement("b");
  node.className = `verdict-word ${tone}`;
  const sign = document.createElement("i");
  sign.setAttribute("aria-hidden", "true");
  sign.textContent = icon;
  node.append(sign, " ", word);
  return node;
}

export function stateWord(state) { return STATES[state]?.word ?? t("not known"); }

export function causeWord(cause) { return CAUSES[cause] ?? cause; }

export function decisionWord(decision) { return DECISIONS[decision] ?? decision; }

export function directionWord(direction) { return DIRECTIONS[direction] ?? ""; }

export function kindWord(kind) { return KINDS[kind] ?? kind; }

export function kilograms(kg) { return t("{weight} kg", { weight: number(kg, { maximumFractionDigits: 1 }) }); }

export function weightWord(kind) { return { gross: t("gross"), tare: t("tare") }[kind] ?? ""; }

// What an operator does now.
export function advice(visit) {
  if (visit.waits && visit.state === "denied") return t("Do not open the gate. Reject it, or confirm that it may pass all the same.");
  if (visit.waits) return t("Look at the pictures and at the vehicle: confirm that it is right, correct what was misread, or reject it.");
  if (visit.decision === "reject") return t("The vehicle is sent away.");
  if (visit.decision === "confirm") return t("It may pass.");
  if (visit.state === "unknown") return t("Ask who it is. Register its tag or plate if it may come again.");
  if (visit.state === "ok") return t("Nothing has to be done.");
  return "";
}

export function titleOf(visit) { return visit.vehicle?.name || visit.plate || visit.number || visit.tag || t("nothing read"); }

export function addressOf(visit) { return `/visits/${encodeURIComponent(visit.id)}`; }

function digit(character) {
  const code = character.codePointAt(0);
  const zero = ZEROS.find((one) => code >= one && code < one + 10);
  return zero === undefined ? "" : String(code - zero);
}

// As the register compares them; plates nearly so.
function keyOf(field, text) {
  if (field === "number") return [...text].map(digit).join("");
  const capitals = text.toUpperCase();
  return field === "tag" ? capitals.replace(/\s/g, "") : capitals.replace(/[^\p{L}\p{N}]/gu, "");
}

function has(vehicle, field, text) { return vehicle[`${field}s`].some((own) => keyOf(field, own) === keyOf(field, text)); }

// Which other vehicle a value belongs to.
export function ownerOf(field, text, visit) { return visit.others.find((other) => has(other, field, text)) ?? null; }

// Whether a value of a piece of evidence is that of the visit's vehicle; null: it says nothing.
export function agreesOn(field, evidence, visit) {
  const { vehicle } = visit;
  if (!vehicle || !evidence[field] || evidence.agrees === null) return null;
  if (field === "plate") return evidence.agrees;
  if (has(vehicle, field, evidence[field])) return true;
  return vehicle[`${field}s`].length || ownerOf(field, evidence[field], visit) ? evidence.agrees : null;
}

export function agreement(agrees) {
  if (agrees === null) return { tone: "off", icon: "–", word: t("says nothing") };
  return agrees ? { tone: "good", icon: "✓", word: t("agrees") } : { tone: "bad", icon: "≠", word: t("differs") };
}

// "B read, 8 registered"
export function lookAlikes({ differences }) {
  const sentences = differences.map(({ read, registered }) => {
    if (read && registered) return t("{read} read, {registered} registered", { read, registered });
    return read ? t("{read} read, and not registered", { read }) : t("{registered} registered, and not read", { registered });
  });
  return [...new Set(sentences)];
}
