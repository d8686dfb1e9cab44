// A list of records, the newest first by when they happened: live ones, missed ones, or the results of a search.
import { element } from "./dom.js";
import { search } from "./search.js";
import { parse } from "./times.js";
import { counted, t } from "./words.js";

const FLUSH_MS = 250;   // at most four changes of the page a second,
const SHARE = 5;        // and at most a fifth of the time
const BURST = 8;        // rows at once: they come faster than anybody reads,
const BURST_MS = 1000;  // and one change a second is enough
const KEPT = 200;
const REMEMBERED = 5000;
const OLDER = 100;

// rows(body): those of a reply of `address`; time(row): when it happened (received_at: when it came); found(body, shown): the sentence of a search.
// kept: how many of them a list that nobody has made longer holds; source: what loads them where it is no search.
export function newest({ holder, address, limit, rows, id, time, card, found, empty, starts, parts, kept = KEPT, source = search }) {
  const known = new Set();  // ids that have been received, the newest last
  const nodes = new Map();  // id -> its card
  let pending = [];         // rows that are not shown yet
  let waiting = 0;          // how many came
  let last = "";
  let most = kept;
  let trimmed = false;
  let timer = null;
  let pause = FLUSH_MS;

  const chip = element("button", { type: "button", hidden: true });
  holder.before(element("p", { class: "fresh" }, chip));

  const list = source({
    address, limit, older: OLDER, starts, parts, query: { order: "time" },
    before: () => (trimmed ? holder.lastElementChild.dataset.at : null),
    show: (body, append, searching) => {
      if (!append) clear(searching);
      insert(rows(body));
      if (append) {
        most = Math.max(kept, nodes.size);
        trimmed = false;
      }
      if (!nodes.size) holder.append(element("p", { class: "notice", text: searching ? t("Nothing found.") : empty }));
      return searching ? found(body, nodes.size) : "";
    },
  });

  function clear(searching) {
    nodes.clear();
    holder.replaceChildren();
    most = kept;
    trimmed = false;
    if (searching) {
      pending = [];
      waiting = 0;
    }
    chip.hidden = true;
  }

  function remember(row) {
    known.add(id(row));
    if (known.size > REMEMBERED) known.delete(known.values().next().value);
  }

  // By the moment, and of the same moment what came later first.
  function keyOf(row) { return `${String(parse(time(row))).padStart(16, "0")} ${row.received_at}`; }

  function sorted(some) {
    return some.map((row) => [keyOf(row), row]).sort(([a], [b]) => (a < b ? 1 : a > b ? -1 : 0));
  }

  // One walk down the list.
  function insert(some) {
    let next = holder.firstElementChild;
    for (const [key, row] of sorted(some)) {
      if (nodes.has(id(row))) continue;
      while (next && next.dataset.key > key) next = next.nextElementSibling;
      remember(row);
      const node = card(row);
      Object.assign(node.dataset, { id: id(row), key, at: time(row) });
      nodes.set(id(row), node);
      holder.insertBefore(node, next);
    }
  }

  function trim() {
    while (nodes.size > most) {
      nodes.delete(holder.lastElementChild.dataset.id);
      holder.lastElementChild.remove();
      trimmed = true;
    }
    if (trimmed) list.hasOlder();
  }

  // As many as are shown.
  function newestOf(some) { return sorted(some).slice(0, most).map(([, row]) => row); }

  // Whoever has scrolled down, or looks at a picture, reads: nothing may move.
  function reading() {
    return holder.getBoundingClientRect().top < document.querySelector(".top").offsetHeight - 8 || document.querySelector("dialog[open]") !== null;
  }

  function flush(anyway = false) {
    clearTimeout(timer);
    timer = null;
    if (!pending.length) return;
    if (!anyway && reading()) {
      chip.textContent = counted(waiting, "{count} new", "{count} new");
      chip.hidden = false;
      plan();
      return;
    }
    const began = performance.now();
    const rows = newestOf(pending);
    trimmed ||= waiting > rows.length;
    pending = [];
    waiting = 0;
    holder.querySelector(":scope > .notice")?.remove();
    insert(rows);
    trim();
    chip.hidden = true;
    requestAnimationFrame(() => setTimeout(() => { pause = Math.max(rows.length > BURST ? BURST_MS : FLUSH_MS, SHARE * (performance.now() - began)); }));
  }

  function plan() { timer ??= setTimeout(flush, pause); }

  chip.onclick = () => {
    flush(true);
    scrollTo({ top: 0 });
    holder.querySelector("button, a")?.focus({ preventScroll: true });
  };
  addEventListener("scroll", () => { if (pending.length && !reading()) plan(); }, { passive: true });

  // Whether the row is new.
  function receive(row) {
    if (known.has(id(row))) return false;
    remember(row);
    if (!list.searching()) {
      pending.push(row);
      waiting += 1;
      if (pending.length > 3 * most) pending = newestOf(pending);
      plan();
    }
    return true;
  }

  return {
    load: () => list.load(),
    asked: () => list.filters(),
    last: () => last,
    start: (some) => {
      for (const row of [...some].reverse()) remember(row);
      if (some.length) last = id(some[0]);
    },
    arrived: (row) => {
      receive(row);
      last = id(row);
    },
    // Newest first. How many of them are new, in the list or hidden by a search.
    missed: (some) => {
      const fresh = [...some].reverse().filter(receive).length;
      if (some.length) last = id(some[0]);
      return list.searching() ? { added: 0, hidden: fresh } : { added: fresh, hidden: 0 };
    },
  };
}
