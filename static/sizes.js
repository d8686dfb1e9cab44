// Amounts of data in words.
import { leftToRight, number } from "./words.js";

const ONE = { minimumFractionDigits: 1, maximumFractionDigits: 1 };

// "1.5 GB" of bytes; the units are written the same in every language.
export function sizeText(bytes) {
  if (bytes >= 1e9) return leftToRight(`${number(bytes / 1e9, ONE)} GB`);
  return leftToRight(bytes >= 1e5 ? `${number(bytes / 1e6, ONE)} MB` : `${number(Math.ceil(bytes / 1000))} KB`);
}
