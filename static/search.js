// The search form of a page, its results, and the button that loads older ones.
import { getJson } from "./live.js";

// `show(body, append, searching)` renders the rows of a response and returns the sentence for `#found`.
export function search({ address, limit, show }) {
  const form = document.getElementById("search");
  const more = document.getElementById("more");
  const found = document.getElementById("found");
  let cursor = null;

  function values() {
    const given = new URLSearchParams();
    for (const [key, value] of new FormData(form)) if (value.trim()) given.set(key, value.trim());
    return given;
  }

  async function load(append = false) {
    const query = values();
    const searching = query.size > 0;
    query.set("limit", String(limit));
    if (append && cursor) query.set("cursor", cursor);
    try {
      const body = await getJson(`${address}?${query}`);
      cursor = body.next_cursor;
      more.hidden = !cursor;
      found.textContent = show(body, append, searching);
    } catch (error) {
      found.textContent = error.message;
      throw error;
    }
  }

  // The sentence below the search form shows the error.
  const find = (append) => load(append).catch(() => {});
  form.onsubmit = (event) => { event.preventDefault(); find(false); };
  form.onreset = () => setTimeout(find, 0, false);
  more.onclick = () => find(true);
  return { load, searching: () => values().size > 0 };
}
