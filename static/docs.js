// The page /docs: everything that /openapi.json says, to be searched and read.
import { element, getJson } from "./live.js";
import { curl, login } from "./docs_example.js";
import { kindOf, prose, schemaTree } from "./docs_schema.js";
import { counted, t } from "./words.js";

const words = document.getElementById("words");
const tag = document.getElementById("tag");
const role = document.getElementById("role");
const found = document.getElementById("found");
const holder = document.getElementById("operations");
const METHODS = ["get", "post", "put", "patch", "delete", "options"];

function anchor(operation) {
  return operation.operationId;
}

function parameterRow(parameter) {
  return element("li", {}, element("b", { text: parameter.name }),
    element("span", { class: "kind", text: ` ${parameter.in}, ${kindOf(parameter.schema)}` }),
    parameter.required ? element("span", { class: "needed", text: " required" }) : null,
    parameter.description ? prose("span", parameter.description, { class: "note" }) : null);
}

function contents(document, content) {
  return Object.entries(content ?? {}).flatMap(([type, media]) => [
    element("p", { text: type }), schemaTree(document, media.schema)]);
}

function answer(document, status, response) {
  const title = [element("span", { class: "status", text: status }), prose("span", ` ${response.description}`)];
  if (!response.content && !response.headers) return element("div", { class: "answer" }, element("p", {}, ...title));
  const headers = Object.entries(response.headers ?? {}).map(([name, header]) => element("p", { text: `${name}: ${header.description}` }));
  return element("details", { class: "answer" }, element("summary", {}, ...title), ...headers, ...contents(document, response.content));
}

function copied(text) {
  const button = element("button", { type: "button", text: t("Copy") });
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = t("Copied");
    } catch {
      button.textContent = t("Select it by hand"); // pages of plain HTTP may not use the clipboard
    }
  };
  return element("div", { class: "copy" }, element("pre", { text, tabindex: "0" }), button);
}

function details(document, row) {
  const { operation, path, method } = row;
  const parts = [];
  if (operation.description) parts.push(prose("p", operation.description));
  if (operation["x-endless"]) parts.push(element("p", { text: "The answer is a stream that does not end." }));
  parts.push(element("h3", { text: "Example" }), copied(curl(location.origin, method, path, operation)));
  if (operation.parameters?.length) {
    parts.push(element("h3", { text: "Parameters" }), element("ul", { class: "fields" }, ...operation.parameters.map(parameterRow)));
  }
  if (operation.requestBody) {
    parts.push(element("h3", { text: operation.requestBody.required ? "Body" : "Body (may be left out)" }));
    if (operation.requestBody.description) parts.push(prose("p", operation.requestBody.description));
    parts.push(...contents(document, operation.requestBody.content));
  }
  parts.push(element("h3", { text: "Answers" }), ...Object.entries(operation.responses).map(([status, one]) => answer(document, status, one)));
  return element("div", { class: "body" }, ...parts);
}

function card(document, row) {
  const { operation, path, method } = row;
  const needed = operation["x-role"];
  const shown = element("details", { class: "operation", id: anchor(operation) },
    element("summary", {}, element("span", { class: `method ${method}`, text: method.toUpperCase() }), element("span", { class: "path", text: path }),
      element("span", { class: `role of-${needed}`, text: operation["x-readers"] ? `${needed}, viewer` : needed, title: "the role that it requires" }),
      prose("span", operation.summary ?? "", { class: "says" })));
  // Filled when it is opened: all of them together are many thousand elements.
  shown.addEventListener("toggle", () => {
    if (shown.open && shown.children.length === 1) shown.append(details(document, row));
  });
  row.element = shown;
  row.text = [method, path, operation.summary, operation.description, needed, ...operation.tags, ...(operation.parameters ?? []).map((one) => one.name)]
    .join(" ").toLowerCase();
  return shown;
}

function channel(one) {
  const messages = (title, rows) => Object.keys(rows).length ? [element("h3", { text: title }),
    element("ul", { class: "fields" }, ...Object.entries(rows).map(([name, says]) => element("li", {}, element("b", { text: name }), prose("span", says, { class: "note" }))))] : [];
  const where = one.listeners.length ? ` on the ports: ${one.listeners.join(", ")}` : "";
  return element("article", { class: "channel" },
    element("p", {}, element("b", { class: "path", text: one.path || "datagrams" }), element("span", { text: ` ${one.protocol}${where}` })),
    prose("p", one.summary), ...messages("From clients", one.receives), ...messages("From the hub", one.sends),
    one.document ? element("p", { text: `Field by field in ${one.document}, beside the program.` }) : null);
}

function options(select, values) {
  select.append(...[...new Set(values)].filter(Boolean).sort().map((value) => element("option", { value, text: value })));
  if (select.options.length === 1) select.closest("label").hidden = true;
}

function filter(rows) {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const fits = wanted.every((word) => row.text.includes(word))
      && (!tag.value || row.operation.tags.includes(tag.value)) && (!role.value || row.operation["x-role"] === role.value);
    row.element.hidden = !fits;
    count += fits;
  }
  for (const part of holder.children) part.hidden = [...part.querySelectorAll(".operation")].every((one) => one.hidden);
  found.textContent = count === rows.length ? counted(count, "{count} address", "{count} addresses") : t("{count} of {all} addresses", { count, all: rows.length });
}

function openLinked() {
  const linked = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (linked?.classList.contains("operation")) {
    linked.closest(".part").hidden = linked.hidden = false;
    linked.open = true;
    linked.scrollIntoView();
  }
}

function show(described) {
  document.getElementById("login").textContent = login(location.origin);
  document.getElementById("about").replaceChildren(prose("span", described.info.description));
  const rows = Object.entries(described.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })));
  for (const { name } of described.tags) {
    const cards = rows.filter((row) => row.operation.tags[0] === name).map((row) => card(described, row));
    holder.append(element("section", { class: "part" }, element("h2", { text: name }), ...cards));
  }
  const channels = document.getElementById("channels");
  channels.append(...described["x-websockets"].map(channel));
  channels.hidden = false;
  options(tag, rows.flatMap((row) => row.operation.tags));
  options(role, rows.map((row) => row.operation["x-role"]));
  const again = () => filter(rows);
  for (const input of [words, tag, role]) input.addEventListener("input", again);
  document.getElementById("search").onsubmit = (event) => event.preventDefault();
  again();
  openLinked();
  window.addEventListener("hashchange", openLinked);
}

getJson("/openapi.json").then(show).catch((error) => {
  const notice = document.getElementById("notice");
  notice.textContent = t("The description cannot be loaded: {error}", { error: error.message });
  notice.hidden = false;
});
