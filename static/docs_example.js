// An operation as a command that can be typed.

const SECRET = "TOKEN";
const SESSION = "cookies.txt";

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

// What shows who sends it: a device's token, or the session of an account that has logged in.
function credential(origin, method, role) {
  if (role === "open") return [];
  if (role === "device") return ["-H", quoted(`Authorization: Bearer ${SECRET}`)];
  return ["-b", SESSION, ...(method === "get" ? [] : ["-H", quoted(`Origin: ${origin}`)])];
}

export function login(origin) {
  return `curl -c ${SESSION} -H ${quoted("Content-Type: application/json")} -d ${quoted('{"name":"NAME","password":"PASSWORD"}')} ${quoted(`${origin}/login`)}`;
}

export function curl(origin, method, path, operation) {
  const needed = (operation.parameters ?? []).filter((one) => one.in === "query" && one.required).map((one) => `${one.name}=${one.name.toUpperCase()}`);
  const address = origin + filled(path) + (needed.length ? `?${needed.join("&")}` : "");
  const who = credential(origin, method, operation["x-role"]);
  const body = bodyOf(operation);
  const implied = method === "get" || (method === "post" && body.length);
  return ["curl", ...(implied ? [] : ["-X", method.toUpperCase()]), ...who, ...body, quoted(address)].join(" ");
}
