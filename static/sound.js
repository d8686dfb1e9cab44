// The sound of alarms: two tones, made by the browser, which plays nothing before somebody has pressed something.

const KEY = "gatehouse.sound";
const TONES = { urgent: [880, 660, 880, 660], plain: [660, 520] }; // Hz
const TONE_SECONDS = 0.22;
const LOUDNESS = 0.25;
let context = null;
let onChange = () => {};

function wanted() {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch { // storage is switched off: the choice is that of this page
    return wanted.here === true;
  }
}

function keep(on) {
  wanted.here = on;
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch { /* as above */ }
}

// Whether somebody has muted it here: they are not asked again.
export function isMuted() {
  try {
    return localStorage.getItem(KEY) === "off";
  } catch {
    return wanted.here === false;
  }
}

// off, on, or blocked: wanted, but nobody has pressed anything since the page was loaded.
export function state() {
  if (!wanted()) return "off";
  return context?.state === "running" ? "on" : "blocked";
}

async function start() {
  if (!window.AudioContext || !wanted()) return;
  context ??= new AudioContext();
  if (context.state !== "running") await context.resume().catch(() => {});
  onChange();
}

export async function turn(on) {
  keep(on);
  if (on) await start();
  else if (context) await context.suspend().catch(() => {});
  onChange();
}

// urgent: a plate to stop. Says so to the page too, whether it was heard or not.
export function ring(urgent) {
  const heard = state() === "on";
  if (heard) {
    const volume = new GainNode(context, { gain: LOUDNESS });
    volume.connect(context.destination);
    TONES[urgent ? "urgent" : "plain"].forEach((frequency, place) => {
      const tone = new OscillatorNode(context, { type: "triangle", frequency });
      const at = context.currentTime + place * TONE_SECONDS;
      tone.connect(volume);
      tone.start(at);
      tone.stop(at + TONE_SECONDS * 0.85);
    });
  }
  dispatchEvent(new CustomEvent("rang", { detail: { urgent, heard } }));
}

// changed(): the state may be another. What was turned on before this page was loaded begins with the first press.
export function watch(changed) {
  onChange = changed;
  const begin = (event) => { if (state() === "blocked" && !event.target.closest?.("#sound")) start(); }; // its own press decides itself
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, begin, { capture: true });
  addEventListener("storage", (event) => { if (event.key === KEY) changed(); });
  changed();
}
