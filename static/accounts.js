// The page of accounts: add one, change its role, disable it, give it a new password.
import { element, getJson, when } from "./live.js";
import { said, t } from "./words.js";

const byId = (id) => document.getElementById(id);
const ROLES = { viewer: t("viewer"), operator: t("operator"), admin: t("admin") };

function tell(text, good) {
  const told = byId("told");
  told.hidden = !text;
  told.className = `answer ${good ? "good" : "bad"}`;
  told.textContent = text;
}

// The hub answers a password that it has made once.
function showMade(name, password) {
  byId("made").hidden = !password;
  byId("made-for").textContent = password ? t("The password of {name}, shown this once; pass it on and let it be changed after the first login:", { name }) : "";
  byId("made-password").textContent = password;
  if (password) byId("copy").focus();
}

async function send(method, address, body) {
  const response = await fetch(address, { method, headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(said(answer.message));
  return answer;
}

// Sends a change; the table is loaded again whether it worked or not, so that it shows what holds.
async function change(method, address, body, sentence) {
  showMade("", "");
  try {
    const answer = await send(method, address, body);
    tell(sentence, true);
    if (answer.password) showMade(answer.account.name, answer.password);
    return true;
  } catch (error) {
    tell(error.message, false);
    return false;
  } finally {
    await load().catch((error) => tell(error.message, false));
  }
}

function ask(title, text, yes) {
  const dialog = byId("really");
  byId("really-title").textContent = title;
  byId("really-text").textContent = text;
  byId("really-yes").textContent = yes;
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => { dialog.onclose = () => resolve(dialog.returnValue === "yes"); });
}

function button(text, label, onclick) {
  const node = element("button", { type: "button", class: "quiet", text, "aria-label": label });
  node.onclick = onclick;
  return node;
}

async function toggle(account) {
  const address = `/api/accounts/${account.id}`;
  if (account.disabled) return change("PUT", address, { disabled: false }, t("{name} can log in again.", { name: account.name }));
  if (!await ask(t("Disable {name}?", { name: account.name }), t("The account cannot log in any more, and where it is logged in it is logged out now. What it did stays in the audit log."), t("Disable"))) return false;
  return change("PUT", address, { disabled: true }, t("{name} is disabled.", { name: account.name }));
}

async function renew(account) {
  if (!await ask(t("New password for {name}?", { name: account.name }), t("The hub makes one and shows it once. The old password ends now, and so does every login with it."), t("Make password"))) return;
  await change("POST", `/api/accounts/${account.id}/password`, {}, t("{name} has a new password.", { name: account.name }));
}

function row(account) {
  const { name } = account;
  const select = element("select", { "aria-label": t("Role of {name}", { name }) }, ...Object.entries(ROLES).map(([role, text]) => element("option", { value: role, text, selected: role === account.role })));
  select.onchange = () => change("PUT", `/api/accounts/${account.id}`, { role: select.value }, t("{name} is {role} now.", { name, role: ROLES[select.value] }));
  return element("tr", { class: account.disabled ? "off" : "", "data-name": name },
    element("td", {}, element("b", { text: name, dir: "auto" })),
    element("td", {}, select),
    element("td", { text: account.disabled ? t("disabled") : t("active") }),
    element("td", {}, when(account.created_at, false)),
    element("td", {}, element("span", { class: "buttons" },
      button(t("New password"), t("New password for {name}", { name }), () => renew(account)),
      button(account.disabled ? t("Enable") : t("Disable"), account.disabled ? t("Enable {name}", { name }) : t("Disable {name}", { name }), () => toggle(account)))));
}

async function load() {
  const body = await getJson("/api/accounts");
  byId("accounts").replaceChildren(...body.accounts.map(row));
}

byId("add").onsubmit = async (event) => {
  event.preventDefault();
  const form = event.target;
  const sent = Object.fromEntries(new FormData(form));
  if (!sent.password) delete sent.password;
  if (await change("POST", "/api/accounts", sent, t("{name} is added as {role}.", { name: sent.name, role: ROLES[sent.role] }))) form.reset();
};
byId("done").onclick = () => { showMade("", ""); tell("", true); };
byId("copy").onclick = async () => {
  try {
    await navigator.clipboard.writeText(byId("made-password").textContent);
    byId("copy").textContent = t("Copied");
  } catch {
    getSelection().selectAllChildren(byId("made-password")); // without TLS browsers let no page write to the clipboard
  }
};

load().catch((error) => tell(error.message, false));
