// The page of the watchlist.
import { listen } from "./live.js";
import { watchlist } from "./watchlist.js";
import { counted } from "./words.js";

const [more, narrow, found] = ["more", "narrow", "counted"].map((id) => document.getElementById(id));
let cursor = null;

const list = watchlist((body) => {
  cursor = body.next_cursor;
  more.hidden = !cursor;
  found.textContent = counted(body.total_count, "{count} plate", "{count} plates");
  show();
});

// Only what is loaded is narrowed, so all of it is loaded first.
function show() {
  const text = narrow.elements.text.value.trim().toLocaleUpperCase();
  for (const item of document.querySelectorAll("#watchlist li")) item.hidden = !item.textContent.toLocaleUpperCase().includes(text);
}

more.onclick = () => list.load(cursor);
narrow.onsubmit = (event) => event.preventDefault();
narrow.elements.text.oninput = async () => {
  while (cursor && narrow.elements.text.value.trim()) await list.load(cursor);
  show();
};
listen({ onOpen: () => list.load() });
