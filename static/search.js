// The search form of a page, kept in its address, its results, and the button that loads older ones.
import { element, getJson } from "./dom.js";
import { day, dayName, now } from "./times.js";
import { t } from "./words.js";

const DAYS = 7;
const DAY_MS = 86400000;

// Buttons for the days that people ask for, beside `from` and `to`.
function addDays(form, find) {
  const { from, to } = form.elements;
  if (!from || !to) return () => {};
  const back = new Map([[0, t("Today")], [1, t("Yesterday")]]);
  const buttons = [...back].map(([days, text]) => {
    const button = element("button", { type: "button", class: "quiet", text });
    button.onclick = () => choose(day(now(), days));
    return [days, button];
  });
  const other = element("select", { class: "other-day", "aria-label": t("Another day") });
  other.onchange = () => { if (other.value) choose(other.value); };
  to.closest("label").after(element("div", { class: "days", role: "group", "aria-label": t("Day") }, ...buttons.map(([, button]) => button), other));

  function choose(date) {
    from.value = to.value = date;
    find();
  }

  // Called after each change, so that the buttons stay true over midnight.
  return () => {
    const chosen = from.value === to.value ? from.value : "";
    for (const [days, button] of buttons) button.setAttribute("aria-pressed", String(chosen === day(now(), days)));
    const earlier = Array.from({ length: DAYS - 1 }, (_, index) => now() - (index + 2) * DAY_MS);
    other.replaceChildren(element("option", { value: "", text: t("Day") }), ...earlier.map((ms) => element("option", { value: day(ms), text: dayName(ms), selected: day(ms) === chosen })));
  };
}

// show(body, append, searching) renders the rows of a response and returns the sentence for `#found`. `query` is asked
// with every search, fields in `starts` by the beginning, those in `parts` by any part, `older` rows at a time after the first `limit`; before() is the time from which older ones are wanted where the cursor is of no use.
export function search({ address, limit, older = limit, show, query = {}, starts = [], parts = [], before = () => null }) {
  const form = document.getElementById("search");
  const more = document.getElementById("more");
  const found = document.getElementById("found");
  let cursor = null;
  let asked = new URLSearchParams();
  let turn = 0;  // an answer counts while nothing was asked after it

  function values() {
    const given = new URLSearchParams();
    for (const [key, value] of new FormData(form)) if (value.trim()) given.set(key, value.trim());
    return given;
  }

  function fill() {
    const given = new URLSearchParams(location.search);
    for (const field of form.elements) if (field.name) field.value = given.get(field.name) ?? "";
  }

  // The filters as the hub takes them.
  function filters() {
    const wanted = new URLSearchParams(asked);
    for (const key of starts) if (wanted.has(key) && !wanted.get(key).endsWith("*")) wanted.set(key, `${wanted.get(key)}*`);
    for (const key of parts) if (wanted.has(key) && !wanted.get(key).includes("*")) wanted.set(key, `*${wanted.get(key)}*`);
    return wanted;
  }

  async function load(append = false) {
    const mine = turn += 1;
    if (!append) asked = values();
    showDays();
    const wanted = new URLSearchParams([...filters(), ...Object.entries(query), ["limit", String(append ? older : limit)]]);
    const time = append ? before() : null;
    if (time) wanted.set("to", time);
    else if (append && cursor) wanted.set("cursor", cursor);
    try {
      const body = await getJson(`${address}?${wanted}`);
      if (mine !== turn) return;
      cursor = body.next_cursor;
      more.hidden = !cursor;
      found.textContent = show(body, append, asked.size > 0);
    } catch (error) {
      if (mine === turn) found.textContent = error.message;
      throw error;
    }
  }

  // The sentence below the search form shows the error.
  const find = (append) => load(append).catch(() => {});

  function submit() {
    history.pushState(null, "", `${location.pathname}${values().size ? `?${values()}` : ""}`);
    find(false);
  }

  const showDays = addDays(form, submit);
  fill();
  showDays();
  form.onsubmit = (event) => { event.preventDefault(); submit(); };
  form.onreset = () => setTimeout(submit);
  addEventListener("popstate", () => { fill(); find(false); });
  more.onclick = () => find(true);
  return { load, filters, searching: () => asked.size > 0, hasOlder: () => { more.hidden = false; } };
}
