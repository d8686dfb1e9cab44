// An operation as a command that can be typed.

const SECRET = "TOKEN";

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function filled(path) {
  return path.replaceAll(/\{([^}]+)\}/g, (_, name) => name.toUpperCase());
}

function bodyOf(operation) {
  const content = operation.requestBody?.content ?? {};
  const types = Object.keys(content);
  if (!types.length) return [];
  const json = content["application/json"];
  if (json?.example) return ["-H", quoted("Content-Type: application/json"), "-d", quoted(JSON.stringify(json.example))];
  const image = types.find((type) => type.startsWith("image/"));
  if (image) return ["-H", quoted(`Content-Type: ${image}`), "--data-binary", "@picture.jpg"];
  if (content["multipart/form-data"]) return ["-F", "file=@picture.jpg"];
  return ["-H", quoted("Content-Type: application/json"), "-d", quoted("{}")];
}

export function curl(origin, method, path, operation) {
  const needed = (operation.parameters ?? []).filter((one) => one.in === "query" && one.required).map((one) => `${one.name}=${one.name.toUpperCase()}`);
  const address = origin + filled(path) + (needed.length ? `?${needed.join("&")}` : "");
  const role = operation["x-role"];
  const token = role && role !== "open" ? ["-H", quoted(`Authorization: Bearer ${SECRET}`)] : [];
  const body = bodyOf(operation);
  const implied = method === "get" || (method === "post" && body.length);
  return ["curl", ...(implied ? [] : ["-X", method.toUpperCase()]), ...token, ...body, quoted(address)].join(" ");
}
