// What the hub says about itself on the page of tracking: its sources, its models, what it stores.
import { element, getJson } from "./live.js";

const FALLBACK = "It follows clothes, not faces. A person who comes back after minutes or in other light is often missed.";
const NO_CAMERAS = "no camera sends pictures yet";
const NO_SOURCES = "none: add [[tracking.sources]] to hub.toml";

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
      element("optgroup", { label: "This computer" }, element("option", { value: "webcam", text: "Webcam", selected: select.value === "webcam" })),
      group("Cameras of the hub", "camera", cameras, NO_CAMERAS),
      group("Sources of the settings, without picture", "named", named, NO_SOURCES));
  }

  function showModel(about) {
    const notes = Array.isArray(about?.notes) ? about.notes.map(String) : [];
    ability.textContent = about?.ability ?? (notes.join(" ") || FALLBACK);
    model.textContent = [about?.detector && `Detector: ${about.detector}`, about?.encoder && `encoder: ${about.encoder}`].filter(Boolean).join(", ");
  }

  function showKeeping(kept, days) {
    keeping.textContent = kept
      ? `The hub stores every match (time, source, box, distance, small picture) and nothing else, for ${days} ${days === 1 ? "day" : "days"}, because tracking.keep_matches is on.`
      : "The hub stores no matches and none of the pictures: tracking.keep_matches is off. The list here is gone when this tab is closed or loaded again.";
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
