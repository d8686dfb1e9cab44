// Pictures as data URLs: shrunk, cut out, decoded. Only JPEG data ever becomes an address of an image.
import { t } from "./words.js";

const MOST_BYTES = 40 * 1024 * 1024;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

// A canvas with (a part of) a picture in it, at most `widest` pixels on its longer side. `area` is [x, y, width, height].
export function cut(source, area, widest) {
  const [x, y, width, height] = area;
  const scale = Math.min(1, widest / Math.max(width, height, 1));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext("2d").drawImage(source, x, y, width, height, 0, 0, canvas.width, canvas.height);
  return canvas;
}

// The box of a person in a canvas with a margin of a part of its size; [x, y, width, height] within the canvas.
export function around(bbox, margin, width, height) {
  const [x1, y1, x2, y2] = bbox;
  const left = Math.max(0, x1 - (x2 - x1) * margin);
  const top = Math.max(0, y1 - (y2 - y1) * margin);
  return [left, top, Math.min(width, x2 + (x2 - x1) * margin) - left, Math.min(height, y2 + (y2 - y1) * margin) - top];
}

// A picture file as a JPEG data URL. Throws an Error with a sentence.
export async function fileToJpeg(file, widest) {
  const name = file.name || t("The pasted picture");
  if (file.size > MOST_BYTES) throw new Error(t("{name} is larger than 40 MB; choose a smaller picture.", { name }));
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error(t("{name} cannot be read as a picture; choose a JPEG, PNG or WebP.", { name }));
  }
  const canvas = cut(bitmap, [0, 0, bitmap.width, bitmap.height], widest);
  bitmap.close();
  return canvas.toDataURL("image/jpeg", 0.88);
}

// The data URL of a small JPEG that the hub sent in base64; null for anything else.
export function jpegAddress(base64) {
  return typeof base64 === "string" && BASE64.test(base64) ? `data:image/jpeg;base64,${base64}` : null;
}

// A decoded picture of a data URL, to draw. Rejects where it is none.
export async function decoded(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}
