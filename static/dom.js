// Elements and requests, for every page.
import { said } from "./words.js";

const REQUEST_MS = 20000;

// An element with text (never HTML) and children: element("p", { class: "x", text: "..." }, child, ...)
export function element(name, options = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key === "text") node.textContent = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

// A name, tag or plate of any script, which does not scramble the line that it stands in.
export function name(text, options = {}) { return element("bdi", { ...options, text }); }

// What something was, and what it is now; the arrow follows the direction of reading.
export function became(before, after) { return [name(before), element("span", { class: "arrow", text: " → " }), name(after)]; }

export async function getJson(address) { return answered(await fetch(address, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(REQUEST_MS) })); }

// The answer of a change; an Error has the sentence of the hub.
export async function sendJson(method, address, body = null, ms = REQUEST_MS) {
  return answered(await fetch(address, { method, headers: { "Content-Type": "application/json", Accept: "application/json" }, body: body && JSON.stringify(body), signal: AbortSignal.timeout(ms) }));
}

async function answered(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(said(body.message));
  return body;
}
