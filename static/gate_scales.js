// What each scale shows now: big digits, and a word that says whether they are steady.
import { element, getJson, name } from "./dom.js";
import { number, said, t } from "./words.js";

const BAD = ["offline", "unread", "overload"];
const WORDS = {
  connecting: () => t("connecting"), offline: () => t("offline"), waiting: () => t("waiting"), unread: () => t("not understood"),
  empty: () => t("empty"), moving: () => t("moving"), steady: () => t("steady"), overload: () => t("overload"),
};

function digits(scale) {
  if (scale.kg === null) return element("span", { class: "kg", text: "–" });
  const [shown, unit] = [number(scale.kg, { maximumFractionDigits: 1 }), t("kg")];
  return element("span", { class: "kg" }, element("bdi", { class: "digits", text: shown }), " ", element("small", { text: unit }));
}

function card(scale) {
  const tone = BAD.includes(scale.state) ? "bad" : scale.state;
  return element("div", { class: `scale ${tone}`, "data-scale": scale.name },
    element("span", { class: "scale-name" }, name(scale.name)),
    digits(scale),
    element("span", { class: "scale-state", text: (WORDS[scale.state] ?? (() => scale.state))() }),
    scale.error ? element("small", { class: "why", text: said(scale.error) }) : null);
}

// checkpoint: the only one whose scales are shown, "" for all.
export function scales(holder, checkpoint) {
  const cards = new Map();

  function show(scale) {
    if (checkpoint && scale.checkpoint !== checkpoint) return;
    const made = card(scale);
    const before = cards.get(scale.name);
    if (before) before.replaceWith(made);
    else holder.append(made);
    cards.set(scale.name, made);
    holder.hidden = false;
  }

  return {
    load: async () => { for (const scale of (await getJson("/api/scales")).scales) show(scale); },
    arrived: show,
    // Nobody knows what they show.
    cut: () => {
      for (const made of cards.values()) {
        made.className = "scale";
        made.querySelector(".kg").textContent = "–";
        made.querySelector(".scale-state").textContent = t("unknown while cut off");
      }
    },
  };
}
