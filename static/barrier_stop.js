// On every page: the button that stops all barriers, and what stands over the page while they are stopped.
import { mayOpen, stopBarriers, watchBarriers } from "./barriers.js";
import { moment } from "./times.js";
import { said, t } from "./words.js";

const button = document.getElementById("stop-barriers");
const notice = document.getElementById("barriers-stopped");
const [text, problem] = ["strong", "span"].map((kind) => notice.querySelector(kind));
const release = notice.querySelector("button");
let failure = "";

function draw(state) {
  notice.hidden = !state.stopped && !failure;
  const who = said(state.by);
  if (!state.stopped) text.textContent = "";
  else if (state.since) text.textContent = t("All barriers are stopped since {time} by {who}", { time: moment(state.since), who });
  else text.textContent = t("All barriers are stopped");
  problem.textContent = failure || said(state.problem);
  if (release) release.hidden = !state.stopped;
  if (button) button.hidden = state.stopped;
}

async function set(stopped, pressedButton) {
  pressedButton.disabled = true;
  failure = "";
  try {
    await stopBarriers(stopped);
  } catch (error) {
    failure = stopped ? t("The barriers are not stopped: {reason} Use the switch at the barrier.", { reason: error.message }) : error.message;
    draw(last);
  } finally {
    pressedButton.disabled = false;
  }
}

let last = { stopped: false, since: null, by: "", problem: "" };
watchBarriers((state) => { last = state; draw(state); });
if (mayOpen) {
  button.onclick = () => set(true, button);
  release.onclick = () => set(false, release);
}
