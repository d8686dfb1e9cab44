// Whose vehicle a capture or detection is: the vehicles that have its tag, number or plate, else the way to register one.
import { element, getJson, name } from "./dom.js";
import { valueOf, valuesOf } from "./records_words.js";
import { t } from "./words.js";

const KINDS = { tag: "tags", number: "numbers", plate: "plates" };
const MOST = 8;     // plates of one record that are looked for
const PAGE = 200;   // vehicles that have a value in them; one that has exactly this value is among them
const LONGEST = 100;  // characters of a search

// Values as the hub compares them (hub/vehicles/identifiers.py), with Arabic, Persian and Thai digits as 0 to 9.
function bare(kind, text) {
  const plain = text.normalize("NFKC").toUpperCase().replace(/[\u0660-\u0669\u06f0-\u06f9\u0e50-\u0e59]/g, (digit) => String(digit.charCodeAt(0) & 15));
  return kind === "tag" ? text.replace(/\s/g, "").toUpperCase() : plain.replace(kind === "number" ? /[^\p{Nd}]/gu : /[^\p{L}\p{M}\p{N}]/gu, "");
}

// What one vehicle would be registered with: all of a capture; each plate of a picture is a vehicle of its own.
function wanted(kind, record) {
  const values = valuesOf(kind, record).map(valueOf).filter(Boolean);
  if (kind !== "capture") return [...new Set(values)].slice(0, MOST).map((plate) => ({ plate }));
  const given = Object.fromEntries(Object.entries({ tag: record.tag, number: values[0] }).filter(([, value]) => value));
  return Object.keys(given).length ? [given] : [];
}

async function owners(given) {
  const found = new Map();
  for (const [kind, text] of Object.entries(given)) {
    const value = bare(kind, text);
    if (!value || text.length > LONGEST) continue;
    const { vehicles } = await getJson(`/api/vehicles?${new URLSearchParams({ q: text, limit: String(PAGE) })}`);
    for (const vehicle of vehicles) if (vehicle[KINDS[kind]].some((own) => bare(kind, own) === value)) found.set(vehicle.id, vehicle);
  }
  return [...found.values()];
}

function known(vehicle) {
  const called = vehicle.name || [...vehicle.plates, ...vehicle.numbers, ...vehicle.tags][0] || vehicle.id;
  return element("a", { class: "button known-vehicle", href: `/vehicles?${new URLSearchParams({ id: vehicle.id })}` }, element("span", {}, `${t("Vehicle")}: `, name(called)));
}

function registering(given, several) {
  const text = element("span", {}, t("Register vehicle"), ...(several ? [" ", name(Object.values(given)[0])] : []));
  return element("a", { class: "button register", href: `/vehicles?${new URLSearchParams(given)}` }, text);
}

// Fills `place`, whose data-operator says whether its reader may register vehicles. An answer counts while no other was asked for.
export function recordVehicle(place) {
  const isOperator = place.dataset.operator === "yes";
  let turn = 0;
  return async (kind, record) => {
    const mine = turn += 1;
    const all = wanted(kind, record);
    const links = await Promise.all(all.map(async (given) => {
      const found = await owners(given).catch(() => []);  // the form names the other vehicle if there is one
      return found.length ? found.map(known) : isOperator ? [registering(given, all.length > 1)] : [];
    }));
    if (mine === turn) place.replaceChildren(...links.flat());
  };
}
