// The watchlist: its entries, the form that adds one, and the words of its actions.
import { element, getJson, name } from "./dom.js";
import { moment } from "./times.js";
import { said, t } from "./words.js";

export function actionWord(action) { return action === "deny" ? t("deny") : action === "allow" ? t("allow") : action; }

// What the watchlist says of a plate that was read.
export function badge(match) {
  const differs = match.differences.map((row) => t("{read} read, {listed} listed", row)).join(", ");
  return element("b", { class: `mark ${match.action}`, text: [actionWord(match.action), match.reason, match.exact ? "" : t("similar to {plate}: {differs}", { plate: match.plate, differs })].filter(Boolean).join(" · ") });
}

// entries(rows) is told what is listed. load(cursor) shows the first page, or adds one and resolves to the next cursor.
export function watchlist(entries = () => {}) {
  const [list, form, told] = ["watchlist", "watch", "told"].map((id) => document.getElementById(id));

  function item(entry) {
    const remove = element("button", { type: "button", class: "quiet", "aria-label": t("Remove {plate}", { plate: entry.plate }), text: t("Remove") });
    remove.onclick = () => change(`/api/watchlist/${entry.id}`, "DELETE");
    const until = entry.expired ? t("expired") : entry.expires_at ? t("until {when}", { when: moment(entry.expires_at) }) : "";
    return element("li", {}, element("b", { class: `mark ${entry.action}`, text: actionWord(entry.action) }), name(entry.plate),
      element("small", { text: [entry.reason, entry.note, entry.match === "exact" ? t("exactly") : "", until].filter(Boolean).join(" · ") }), remove);
  }

  async function load(cursor = null) {
    const body = await getJson(`/api/watchlist${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (!cursor) list.replaceChildren();
    list.append(...body.watchlist.map(item));
    if (!list.children.length) list.append(element("li", { class: "notice", text: t("No plate is listed.") }));
    entries(body);
    return body.next_cursor;
  }

  async function change(address, method, body = null) {
    const response = await fetch(address, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    told.textContent = said((await response.json()).message);
    await load();
    return response.ok;
  }

  form.onsubmit = async (event) => {
    event.preventDefault();
    const given = [...new FormData(form)].filter(([, value]) => value !== "");
    if (await change("/api/watchlist", "POST", Object.fromEntries(given))) form.reset();
  };
  return { load };
}
