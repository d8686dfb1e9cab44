// The states of devices, as the hub and the agents name them, in words for readers.
import { t } from "./words.js";

const WORDS = {
  connected: t("connected"), live: t("live"), waiting: t("waiting"), capturing: t("capturing"),
  ready: t("ready"), connecting: t("connecting"), opening: t("opening"), starting: t("starting"), running: t("running"),
  stale: t("stale"), silent: t("silent"), disconnected: t("disconnected"), gone: t("gone"), error: t("error"), failed: t("failed"),
  problem: t("problem"), stopped: t("stopped"), offline: t("offline"), online: t("online"), unknown: t("unknown"), off: t("off"), resting: t("resting"), closed: t("stopped"), active: t("active"),
  ok: t("good"), warning: t("warning"),
};

// The word of a state; one that is not known stays as it was sent.
export function stateWord(state) { return WORDS[state] ?? state; }
