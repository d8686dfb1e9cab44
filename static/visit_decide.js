// Confirm, correct or reject a visit that waits: buttons, a note, keys.
import { element, name } from "./dom.js";
import { kindWord } from "./visit_words.js";
import { said, t } from "./words.js";

const REQUEST_MS = 20000;
const KEYS = { 1: "confirm", 2: "reject", 3: "correct" };
const byId = (id) => document.getElementById(id);

async function post(id, body) {
  const response = await fetch(`/api/visits/${encodeURIComponent(id)}/decision`, {
    method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(REQUEST_MS),
  });
  const answer = await response.json().catch(() => ({}));
  return { ok: response.ok, status: response.status, visit: answer.visit, message: answer.message ? said(answer.message) : t("The hub answered {status}.", { status: response.status }) };
}

// What can be corrected: [value of the option, its text, what was read]
function choices(visit) {
  const values = visit.evidence.filter((each) => each.kind === "capture" || (each.kind === "detection" && each.plate)).map((each) => {
    const read = each.kind === "capture" ? each.number : each.plate;
    const word = each.kind === "capture" ? t("The number") : t("The plate");
    return [JSON.stringify({ kind: each.kind, id: each.id, index: each.index }), `${word} ${read || t("not read")} · ${kindWord(each.kind)} ${each.device}`, read, each.agrees === false];
  });
  values.sort(([, , , a], [, , , b]) => b - a);
  const vehicles = [...visit.others, ...(visit.vehicle ? [visit.vehicle] : [])].map((vehicle) => [JSON.stringify({ vehicle: vehicle.id }), t("It is {name}", { name: vehicle.name }), null]);
  return [...values, ...vehicles];
}

// decided(visit): after a decision; refused(message, status): where it was not taken.
export function decisions({ decided, refused }) {
  const panel = byId("decide");
  if (!panel) return () => {};
  const form = byId("decision");
  const { note, what, value } = form.elements;
  const buttons = { confirm: byId("confirm"), reject: byId("reject"), correct: byId("correct") };
  let visit = null;
  let busy = false;
  let shown = "";

  function reads() {
    const [, , read] = choices(visit).find(([key]) => key === what.value) ?? [];
    byId("reads").hidden = read === null || read === undefined;
    if (typeof read === "string") value.value = read;
  }

  async function decide(body) {
    if (busy || !visit?.waits) return;
    busy = true;
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    try {
      const told = await post(visit.id, { ...body, note: note.value.trim(), seen_state: visit.state });
      if (told.ok) {
        note.value = "";
        open(false);
        decided(told.visit);
      } else await refused(told.message, told.status);
    } catch {
      await refused(t("The hub does not answer. Look whether the decision was stored before you try again."), 0);
    }
    busy = false;
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }

  function open(wanted) {
    byId("correction").hidden = !wanted;
    buttons.correct.setAttribute("aria-expanded", String(wanted));
    if (!wanted) return;
    reads();
    what.focus();
  }

  buttons.confirm.onclick = () => decide({ decision: "confirm" });
  buttons.reject.onclick = () => decide({ decision: "reject" });
  buttons.correct.onclick = () => open(byId("correction").hidden);
  what.onchange = reads;
  form.onsubmit = (event) => {
    event.preventDefault();
    if (byId("correction").hidden || !what.value) return; // Enter in the note decides nothing
    const { vehicle, ...record } = JSON.parse(what.value);
    decide({ decision: "correct", ...(vehicle ? { vehicle } : { values: [{ ...record, value: value.value.trim() }] }) });
  };
  addEventListener("keydown", (event) => {
    const button = buttons[KEYS[event.key]];
    if (!button || panel.hidden || event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]") || event.target.closest?.("input, select, textarea")) return;
    event.preventDefault();
    button.focus();
  });

  // The visit as it is now; what somebody is typing stays.
  return (now) => {
    visit = now;
    panel.hidden = !now.waits;
    const options = choices(now);
    const key = JSON.stringify(options);
    if (key === shown) return;
    shown = key;
    const before = what.value;
    what.replaceChildren(...options.map(([option, text]) => element("option", { value: option }, name(text))));
    if (options.some(([option]) => option === before)) what.value = before;
    else reads();
    buttons.correct.hidden = !options.length;
  };
}
