// What the hub says about itself on the page of tracking: its sources, its models, what it stores.
import { element, getJson } from "./live.js";
import { counted, said, t } from "./words.js";

const FALLBACK = t("It follows clothes, not faces. A person who comes back after minutes or in other light is often missed.");
const NO_CAMERAS = t("no camera sends pictures yet");
const NO_SOURCES = t("none: add {section} to hub.toml", { section: "[[tracking.sources]]" });

// `nodes`: {select, ability, model, keeping}
export function createAbout({ select, ability, model, keeping }) {
  let named = [];
  let shown = "";

  function group(label, prefix, names, nothing) {
    const options = names.map((name) => element("option", { value: `${prefix}:${name}`, text: name, selected: `${prefix}:${name}` === select.value }));
    return element("optgroup", { label }, ...(options.length ? options : [element("option", { disabled: true, text: nothing })]));
  }

  function showSources(cameras) {
    const names = JSON.stringify([named, cameras]);
    if (names === shown) return;
    shown = names;
    select.replaceChildren(
      element("optgroup", { label: t("This computer") }, element("option", { value: "webcam", text: t("Webcam"), selected: select.value === "webcam" })),
      group(t("Cameras of the hub"), "camera", cameras, NO_CAMERAS),
      group(t("Sources of the settings, without picture"), "named", named, NO_SOURCES));
  }

  function showModel(about) {
    const notes = Array.isArray(about?.notes) ? about.notes.map(String) : [];
    ability.textContent = said(about?.ability) ?? (notes.join(" ") || FALLBACK);
    model.textContent = [about?.detector && t("Detector: {name}", { name: about.detector }), about?.encoder && t("encoder: {name}", { name: about.encoder })].filter(Boolean).join(", ");
  }

  function showKeeping(kept, days) {
    keeping.textContent = kept
      ? counted(days, "The hub stores every match (time, source, box, distance, small picture) and nothing else, for {count} day, because tracking.keep_matches is on.", "The hub stores every match (time, source, box, distance, small picture) and nothing else, for {count} days, because tracking.keep_matches is on.")
      : t("The hub stores no matches and none of the pictures: tracking.keep_matches is off. The list here is gone when this tab is closed or loaded again.");
  }

  showSources([]);
  showModel(null);
  return {
    show(body) {
      named = body.sources?.named ?? [];
      showSources(body.sources?.cameras ?? []);
      showModel(body.model);
      showKeeping(body.keep_matches, body.keep_days);
    },
    // Not while the list may be open: browsers close it when its options change.
    async refreshCameras() {
      if (document.hidden || document.activeElement === select) return;
      const body = await getJson("/api/frames");
      showSources(body.cameras.map((row) => row.camera));
    },
  };
}
