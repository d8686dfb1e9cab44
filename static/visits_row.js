// One visit as a row of a list.
import { element, name } from "./dom.js";
import { small } from "./pictures.js";
import { when } from "./times.js";
import { addressOf, badge, decisionWord, directionWord, titleOf, verdictOf } from "./visit_words.js";
import { said, t } from "./words.js";

function decision(visit) {
  if (visit.waits) return element("small", { class: "to-decide", text: t("waits for a decision") });
  return visit.decision ? element("small", {}, decisionWord(visit.decision), " · ", name(said(visit.decided_by))) : null;
}

export function row(visit) {
  const [picture] = visit.evidence.flatMap((each) => each.pictures.slice(0, 1));
  const values = [visit.vehicle ? visit.plate : "", visit.number, visit.tag].filter(Boolean).filter((value) => value !== titleOf(visit));
  return element("article", { class: `visit-row ${verdictOf(visit).tone}` },
    element("a", { href: addressOf(visit) },
      picture ? small(picture, "") : element("span", { class: "none" }),
      element("span", { class: "state" }, badge(visit), decision(visit)),
      element("span", { class: "who-is" }, name(titleOf(visit), { class: "vehicle" }), values.length ? element("span", { class: "values" }, name(values.join(" · "))) : null),
      element("span", { class: "reason" }, name(said(visit.reasons[0] ?? ""))),
      element("span", { class: "where" }, element("span", {}, when(visit.started_at)), element("span", {}, name(visit.checkpoint), directionWord(visit.direction) ? ` · ${directionWord(visit.direction)}` : ""))));
}
