// The import of vehicles: the file is looked at first, and each line that cannot be taken is named.
import { element, name } from "./dom.js";
import { counted, number, said, t } from "./words.js";

// done() is called once vehicles were imported.
export function vehicleImport(done) {
  const [section, opener, form, take, checked, bad, first] = ["importing", "import", "file", "take", "checked", "bad", "first"].map((id) => document.getElementById(id));
  let turn = 0;  // a preview counts while no other file was chosen after it

  opener.onclick = () => {
    section.hidden = !section.hidden;
    opener.setAttribute("aria-expanded", String(!section.hidden));
  };

  async function send(preview) {
    const query = new URLSearchParams({ preview: preview ? "1" : "0", encoding: form.elements.encoding.value });
    const response = await fetch(`/api/vehicles/import?${query}`, { method: "POST", headers: { "Content-Type": "text/csv" }, body: form.elements.file.files[0] }).catch(() => null);
    const body = await response?.json().catch(() => null);
    return { ok: response?.ok ?? false, body: body ?? { message: t("The hub does not answer. Try again when it is back."), errors: [] } };
  }

  function clear(text) {
    take.disabled = true;
    checked.textContent = text;
    bad.replaceChildren();
    first.hidden = true;
  }

  function showTable(rows) {
    const columns = rows.length ? Object.keys(rows[0]).filter((key) => rows.some((row) => row[key])) : [];
    first.hidden = !columns.length;
    first.replaceChildren(element("thead", {}, element("tr", {}, ...columns.map((key) => element("th", { scope: "col", text: key })))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...columns.map((key) => element("td", {}, name(row[key])))))));
  }

  async function look() {
    if (!form.elements.file.files.length) return;
    const mine = turn += 1;
    clear(t("The file is being read …"));
    const { ok, body } = await send(true);
    if (mine !== turn) return;
    if (!ok) {
      checked.textContent = said(body.message);
      return;
    }
    const taken = counted(body.vehicles, "{count} vehicle can be imported ({encoding})", "{count} vehicles can be imported ({encoding})", { encoding: body.encoding });
    checked.textContent = body.bad_count ? `${counted(body.bad_count, "{count} line cannot be taken, so nothing can be imported.", "{count} lines cannot be taken, so nothing can be imported.")} ${taken}` : taken;
    bad.replaceChildren(...body.bad.map((row) => element("li", {}, element("b", { text: t("Line {line}", { line: number(row.line) }) }), ": ", name(said(row.reason)))));
    showTable(body.first);
    take.disabled = body.bad_count > 0 || !body.vehicles;
  }

  form.elements.file.onchange = look;
  form.elements.encoding.onchange = look;
  form.onsubmit = async (event) => {
    event.preventDefault();
    turn += 1;
    take.disabled = true;
    checked.textContent = t("The vehicles are being imported …");
    const { ok, body } = await send(false);
    if (ok) form.reset();
    clear(said(body.message));
    if (!ok) bad.replaceChildren(...(body.errors ?? []).map((text) => element("li", {}, name(text))));
    done();
  };
}
