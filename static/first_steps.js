// The page of first steps: lines to copy, with the address that is chosen, and a test of each kind of device.
import { element, listen } from "./live.js";
import { prepareTest } from "./first_test.js";
import { t } from "./words.js";

const COPIED_MS = 2500;
const host = document.getElementById("host");

function follow() {
  for (const node of document.querySelectorAll(".host")) node.textContent = host.value.includes(":") ? `[${host.value}]` : host.value;
  for (const node of document.querySelectorAll(".network")) node.textContent = host.selectedOptions[0].dataset.network;
}

// Pages without TLS have no clipboard but the older command.
async function copy(node) {
  if (navigator.clipboard) return navigator.clipboard.writeText(node.textContent);
  const box = element("textarea", { class: "unseen" });
  document.body.append(box);
  box.value = node.textContent;
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  if (!done) throw new Error("not copied");
}

for (const button of document.querySelectorAll(".copy")) {
  const node = document.getElementById(button.dataset.copy);
  button.setAttribute("aria-label", t("Copy: {text}", { text: node.textContent.trim().slice(0, 60) }));
  button.onclick = async () => {
    const words = button.textContent;
    button.textContent = await copy(node).then(() => t("Copied"), () => t("Select it by hand"));
    button.focus();
    setTimeout(() => { button.textContent = words; }, COPIED_MS);
  };
}

if (host) host.onchange = follow;
const address = () => host?.value ?? location.hostname;
const tests = [...document.querySelectorAll(".test")].map((node) => prepareTest(node, address));
listen({ onMessage: (message) => { if (message.event === "devices") for (const test of tests) test.look(); } });
