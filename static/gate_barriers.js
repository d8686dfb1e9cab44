// The page of the gate: every barrier with its button and its last pulse; those of one checkpoint where one is chosen.
import { barrierButtons } from "./barriers.js";

const chosen = new URLSearchParams(location.search).get("checkpoint");
document.getElementById("barriers").append(barrierButtons(chosen || null));
