// The words of the page in the reader's language: t("{count} found", { count }). English stands in the code.

const language = document.documentElement.lang;
const words = language === "en" ? {} : await fetch(`/languages/${language}.json`).then((response) => (response.ok ? response.json() : {})).catch(() => ({}));
const rules = new Intl.PluralRules(language);

function fill(text, values) { return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole); }

export function t(text, values = {}) { return fill(words[text] ?? text, values); }

// counted(3, "{count} gate", "{count} gates")
export function counted(count, one, many, values = {}) {
  const known = words[one];
  const text = Array.isArray(known) ? known[Math.min(known.length - 1, rules.select(count) === "one" ? 0 : 1)] : count === 1 ? one : many;
  return fill(text, { count: number(count), ...values });
}

// A number as the reader writes it.
export function number(value, options) { return new Intl.NumberFormat(language, options).format(value); }
