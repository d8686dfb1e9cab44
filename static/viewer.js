// Pictures at full size: the arrow keys go on, Escape closes.
import { t } from "./words.js";

const dialog = document.getElementById("viewer");
const image = dialog.querySelector("img");
const [previous, next] = ["previous", "next"].map((name) => dialog.querySelector(`.${name}`));
const caption = dialog.querySelector("p");
let pictures = [];
let place = 0;

function show(to) {
  place = (to + pictures.length) % pictures.length;
  const { address, title } = pictures[place];
  image.src = address;
  image.alt = title;
  caption.textContent = pictures.length > 1 ? t("{title} ({place}/{count})", { title, place: place + 1, count: pictures.length }) : title;
  previous.hidden = next.hidden = pictures.length < 2;
}

// shown: [{ address, title }]; at: the one to begin with.
export function enlarge(shown, at = 0) {
  if (!shown.length) return;
  pictures = shown;
  show(at);
  if (!dialog.open) dialog.showModal();
}

previous.onclick = () => show(place - 1);
next.onclick = () => show(place + 1);
dialog.onclick = (event) => { if (event.target === dialog) dialog.close(); };
dialog.onkeydown = (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const turned = document.documentElement.dir === "rtl" && ["ArrowLeft", "ArrowRight"].includes(event.key);
  show(place + (turned ? -step : step));
};
dialog.onclose = () => image.removeAttribute("src");
