// Small versions of stored pictures, for lists. A picture of another machine, or one without a small version, is shown itself.
import { element } from "./dom.js";

const STORED = /\/images\/([\w.-]+)$/;

// The address of the small version of a picture.
export function thumbnailOf(address) {
  const name = STORED.exec(address ?? "")?.[1];
  return name ? `/thumbnails/${name}` : address;
}

export function thumbnail(address, alt, options = {}) {
  const image = element("img", { src: thumbnailOf(address), alt, loading: "lazy", decoding: "async", ...options });
  image.onerror = () => {
    image.onerror = () => { image.onerror = null; image.classList.add("broken"); };
    image.src = address;
  };
  return image;
}
