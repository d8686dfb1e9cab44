// Enlarged pictures: show(pictures, index) opens one; the arrow keys and buttons go on, Escape closes.
import { element } from "./dom.js";
import { t } from "./words.js";

function make() {
  const image = element("img", { alt: "" });
  const title = element("p", { "aria-live": "polite" });
  const close = element("button", { type: "button", class: "close", "aria-label": t("Close"), text: "×" });
  const back = element("button", { type: "button", class: "back", "aria-label": t("Previous picture"), text: "‹" });
  const on = element("button", { type: "button", class: "on", "aria-label": t("Next picture"), text: "›" });
  const dialog = element("dialog", { class: "viewer enlarged", "aria-label": t("Picture") }, image, title, back, on, close);
  let pictures = [];
  let place = 0;

  function go(step) {
    place = (place + step + pictures.length) % pictures.length;
    const picture = pictures[place];
    image.src = picture.address;
    image.alt = picture.title;
    title.textContent = pictures.length > 1 ? `${picture.title} · ${t("{place} of {count}", { place: place + 1, count: pictures.length })}` : picture.title;
    back.hidden = on.hidden = pictures.length < 2;
  }

  close.onclick = () => dialog.close();
  back.onclick = () => go(-1);
  on.onclick = () => go(1);
  dialog.onclick = (event) => { if (event.target === dialog) dialog.close(); };
  dialog.onkeydown = (event) => {
    const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") go(event.key === forward ? 1 : -1);
  };
  document.body.append(dialog);
  return (some, index) => {
    pictures = some;
    place = index;
    go(0);
    dialog.showModal();
  };
}

let open = null;

// pictures: [{ address, title }]
export function show(pictures, index = 0) {
  open ??= make();
  open(pictures, index);
}
