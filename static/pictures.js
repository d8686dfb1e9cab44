// Small pictures for lists; where there is none of a picture, the picture itself.
import { element } from "./dom.js";

// Of a stored picture only: a sender may name pictures of its own.
export function thumbnail(address) {
  const path = new URL(address, location.href).pathname;
  return /^\/images\/[^/]+$/.test(path) ? path.replace("/images/", "/thumbnails/") : address;
}

export function small(address, alt) {
  const image = element("img", { src: thumbnail(address), alt, loading: "lazy", decoding: "async" });
  image.onerror = () => {
    image.onerror = null;
    image.src = address;
  };
  return image;
}
