// The visits of the newest events, for the heroes of the gate.
import { getJson } from "./dom.js";

const LOADED = 30;
const KEPT = 400; // events whose visit is known
const DRAW_MS = 250;

// changed(ids): events whose visit has changed, at most four times a second.
export function visitsOf(changed) {
  const visits = new Map(); // id of an event -> its visit
  let ids = new Set();
  let timer = null;
  let register = false; // whether the hub knows any vehicle: without a register nobody is told that nobody is registered

  function put(visit) {
    register ||= visit.vehicle !== null || visit.state !== "unknown";
    for (const { kind, id } of visit.evidence) {
      if (kind !== "capture" && kind !== "detection") continue;
      if (visits.get(id)?.change > visit.change) continue;
      visits.delete(id);
      visits.set(id, visit);
      ids.add(id);
    }
    while (visits.size > KEPT) visits.delete(visits.keys().next().value);
  }

  function draw() {
    timer = null;
    const some = ids;
    ids = new Set();
    changed(some);
  }

  return {
    of: (event) => (register ? visits.get(event.id) ?? null : null),
    load: async () => {
      const { visits: newest } = await getJson(`/api/visits?limit=${LOADED}`);
      for (const visit of newest.reverse()) put(visit);
      draw();
    },
    arrived: (visit) => {
      put(visit);
      timer ??= setTimeout(draw, DRAW_MS);
    },
  };
}
