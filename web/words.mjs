/** The words of one language that the page needs, out of the project's tables and schemas: the module "words". */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const TABLES = ["check", "layer", "outcome"];
/** What only the server says. */
const SERVED = /^check\.(?:start|not_here|needs_script|file_(?!missing))/;
const SINGLE = [
  "condition.corrected",
  "figure.drawn",
  "figure.made",
  "figure.sold",
  "figure.to_consumers",
  "condition.hold",
  "page.items_failed",
  "page.say_failed_item",
  "page.say_failed_plain",
];

const read = (path) => JSON.parse(readFileSync(join(ROOT, path), "utf8"));

/** What is said of anchors, which is brought apart; jobs are the server's matter. */
const ANCHORS =
  /^(?:anchor\.(?!state_|source_authority|trust_(?:party|consortium)|level_consortium)|outcome\.)/;

function tables(lang, isOurs) {
  const all = Object.entries(read("src/text/words.json"));
  return Object.fromEntries(all.filter(([key]) => isOurs(key)).map(([key, word]) => [key, word[lang]]));
}

export function anchorWordsOf(lang) {
  return { lang, words: tables(lang, (key) => ANCHORS.test(key)) };
}

export function wordsOf(lang) {
  const isOurs = (key) => TABLES.includes(key.split(".")[0]) && !SERVED.test(key);
  const words = tables(lang, (key) => isOurs(key) || SINGLE.includes(key));
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
export function wordsPlugin(words) {
  return {
    name: "words",
    setup(build) {
      build.onResolve({ filter: /^words$/ }, (asked) => ({ path: asked.path, namespace: "words" }));
      build.onLoad({ filter: /.*/, namespace: "words" }, () => ({
        contents: JSON.stringify(words),
        loader: "json",
      }));
    },
  };
}
