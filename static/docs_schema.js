// JSON Schemas as a tree that a person reads.
import { element } from "./live.js";

const MAX_DEPTH = 8;

// An element with a text whose `names` are in another type.
export function prose(name, text, options = {}) {
  const parts = text.split("`");
  return element(name, options, ...parts.map((part, index) => part && element(index % 2 ? "code" : "span", { text: part })));
}

function resolved(document, schema) {
  if (!schema?.$ref) return { schema: schema ?? {}, name: "" };
  const name = schema.$ref.split("/").pop();
  return { schema: document.components.schemas[name] ?? {}, name };
}

// The properties of a schema and of all that it is made of.
function properties(document, schema) {
  const parts = (schema.allOf ?? []).map((part) => properties(document, resolved(document, part).schema));
  const own = { rows: schema.properties ?? {}, required: schema.required ?? [] };
  return [...parts, own].reduce((all, part) => ({ rows: { ...all.rows, ...part.rows }, required: [...all.required, ...part.required] }),
    { rows: {}, required: [] });
}

export function kindOf(schema) {
  if (!schema || !Object.keys(schema).length) return "anything";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.anyOf ?? schema.oneOf) return (schema.anyOf ?? schema.oneOf).map(kindOf).join(" | ");
  if (schema.allOf) return "object";
  if (schema.type === "array") return `list of ${kindOf(schema.items)}`;
  const types = [schema.type ?? "anything"].flat().join(" | ");
  const limits = [
    "minimum" in schema ? `from ${schema.minimum}` : "", "maximum" in schema ? `to ${schema.maximum}` : "",
    schema.maxLength ? `at most ${schema.maxLength} characters` : "", "default" in schema ? `${JSON.stringify(schema.default)} if missing` : "",
    schema.format === "binary" ? "bytes" : "",
  ].filter(Boolean);
  return [types, ...limits].join(", ");
}

// The schemas that stand inside: of a list's items, of the alternatives, of an object's values.
function inner(schema) {
  if (schema.items) return [schema.items];
  if (typeof schema.additionalProperties === "object") return [schema.additionalProperties];
  return schema.anyOf ?? schema.oneOf ?? [];
}

function children(document, schema, depth) {
  if (depth > MAX_DEPTH) return [];
  const { rows, required } = properties(document, schema);
  const listed = Object.entries(rows).map(([name, one]) => field(document, name, one, required.includes(name), depth));
  const nested = inner(schema).flatMap((one) => children(document, resolved(document, one).schema, depth + 1));
  return [...listed, ...nested];
}

function field(document, name, schema, required, depth) {
  const found = resolved(document, schema);
  const below = children(document, found.schema, depth + 1);
  const title = [element("b", { text: name }), element("span", { class: "kind", text: ` ${kindOf(schema)}` }),
    required ? element("span", { class: "needed", text: " required" }) : null];
  const says = schema.description ?? found.schema.description;
  const note = says ? prose("span", says, { class: "note" }) : null;
  if (!below.length) return element("li", {}, ...title, note);
  return element("li", {}, element("details", {}, element("summary", {}, ...title), note, element("ul", { class: "fields" }, ...below)));
}

export function schemaTree(document, schema) {
  const found = resolved(document, schema);
  const says = found.schema.description;
  return element("div", {}, prose("p", [kindOf(schema), says].filter(Boolean).join(": ")),
    element("ul", { class: "fields" }, ...children(document, found.schema, 0)));
}
