// The title of the page with what stands before it, from more than one part of the page.

const plain = document.title;
const before = { cut: "", alarms: "" };

// prefix("alarms", "(2)"); an empty text takes it away.
export function prefix(part, text) {
  before[part] = text;
  document.title = [before.alarms, before.cut, plain].filter(Boolean).join(" ");
}
