// The newest lines of the log, as they come: only new ones are asked for, and nothing while they are not looked at.
import { element, getJson } from "./dom.js";
import { moment, when } from "./times.js";
import { counted, t } from "./words.js";

const MOST = 500;
const POLL_MS = 2000;
const WORDS = { DEBUG: t("debug"), INFO: t("info"), WARNING: t("warning"), ERROR: t("error"), CRITICAL: t("critical") };

function row(line) {
  return element("li", { class: line.level.toLowerCase(), "data-number": line.number },
    when(line.time, false), element("b", { text: WORDS[line.level] }), element("i", { text: line.logger, dir: "ltr" }),
    element("span", { text: line.message, dir: "auto" }),
    line.exception ? element("details", {}, element("summary", { text: t("Traceback") }), element("pre", { text: line.exception, dir: "ltr" })) : null);
}

export function logView(section) {
  const [list, form, told] = [section.querySelector("ol"), section.querySelector("form"), section.querySelector("[role=status]")];
  let newest = 0;
  let level = "INFO";
  let asked = 0;

  // What was typed is looked for in what is shown; nothing is asked for.
  function filter() {
    const wanted = form.elements.text.value.trim().toLowerCase();
    let shown = 0;
    for (const node of list.children) {
      node.hidden = wanted !== "" && !node.textContent.toLowerCase().includes(wanted);
      if (!node.hidden) shown += 1;
    }
    told.textContent = counted(shown, "{count} line", "{count} lines");
  }

  async function refresh() {
    const mine = ++asked;
    const body = await getJson(`/api/log?level=${level}&limit=${MOST}&after=${newest}`);
    if (mine !== asked) return; // another level was chosen meanwhile
    if (!body.lines.length) return filter();
    newest = body.lines[0].number;
    list.prepend(...body.lines.map(row));
    while (list.children.length > MOST) list.lastElementChild.remove();
    filter();
  }

  function load() {
    newest = 0;
    list.replaceChildren();
    return refresh();
  }

  function again() {
    const seen = !document.hidden && form.elements.live.checked;
    const done = seen ? refresh() : Promise.resolve();
    done.catch((error) => { told.textContent = error.message; }).finally(() => setTimeout(again, POLL_MS));
  }
  form.elements.level.onchange = () => { level = form.elements.level.value; load().catch(() => {}); };
  form.elements.text.oninput = filter;
  form.onsubmit = (event) => event.preventDefault();
  again();
  return { load, cut: (since) => { told.textContent = t("cut off since {time}", { time: moment(since) }); } };
}
