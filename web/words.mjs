/** The words of one language that the page needs, out of the project's tables and schemas: the module "words". */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const TABLES = ["check", "layer", "outcome"];
/** What only the server says. */
const SERVED = /^check\.(?:start|not_here|needs_script|file_(?!missing))/;
const SINGLE = [
  "condition.corrected",
  "condition.hold",
  "page.items_failed",
  "page.say_failed_item",
  "page.say_failed_plain",
  "page.unnamed",
];

const read = (path) => JSON.parse(readFileSync(join(ROOT, path), "utf8"));

export function wordsOf(lang) {
  const words = {};
  for (const [key, word] of Object.entries(read("src/text/words.json"))) {
    const isOurs = TABLES.includes(key.split(".")[0]) && !SERVED.test(key);
    if (isOurs || SINGLE.includes(key)) words[key] = word[lang];
  }
  const label = (codes) =>
    Object.fromEntries(Object.entries(codes).map(([code, word]) => [code, word[lang]]));
  const unit = label(read("schemas/defs-1.json").$defs.unit["x-enum"]);
  const { conclusion, items } = read("schemas/inspection-1.json").properties;
  const resultUnit = label(items.items.properties.unit["x-enum"]);
  const kinds = readdirSync(join(ROOT, "schemas"))
    .filter((name) => name.endsWith(".json"))
    .map((name) => read(join("schemas", name)));
  const titled = kinds.filter((schema) => /^(?!genesis|ledger|org|rules)/.test(schema["x-kind"] ?? "org"));
  const kind = Object.fromEntries(
    titled.map((schema) => [schema["x-kind"], lang === "zh" ? schema.title : schema["x-en"]]),
  );
  return { lang, words, unit, kind, conclusion: label(conclusion["x-enum"]), resultUnit };
}

/** For esbuild: `import words from "words"`. */
export function wordsPlugin(lang) {
  return {
    name: "words",
    setup(build) {
      build.onResolve({ filter: /^words$/ }, (asked) => ({ path: asked.path, namespace: "words" }));
      build.onLoad({ filter: /.*/, namespace: "words" }, () => ({
        contents: JSON.stringify(wordsOf(lang)),
        loader: "json",
      }));
    },
  };
}
