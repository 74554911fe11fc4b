/** Values as the page words them: src/produce/wording.rs, as far as the browser compares them. */

import table from "words";

import { type Json, isMembers } from "../verify/json";

export const lang = table.lang;

/** A word of the tables with its blanks filled. */
export function word(key: string, blanks: Record<string, string | number> = {}): string {
  return (table.words[key] ?? key).replace(/\{(\w+)\}/g, (blank, name: string) =>
    String(blanks[name] ?? blank),
  );
}

export function kindWord(kind: string): string {
  return table.kind[kind] ?? kind;
}

/** What a laboratory counts in, with the space before it. */
export function resultUnit(code: Json | undefined): string {
  return typeof code === "string" ? ` ${table.resultUnit[code] ?? code}` : "";
}

const GRAMS = ["g", "kg", "jin", "liang", "dan", "t"];
const LOCAL = ["jin", "liang", "dan"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

interface Quantity {
  value: number;
  entered: string;
  unit: string;
  per?: Quantity;
}

export function isQuantity(value: Json | undefined): value is Json & Quantity {
  return (
    isMembers(value) &&
    typeof value.value === "number" &&
    typeof value.entered === "string" &&
    typeof value.unit === "string" &&
    value.unit in table.unit
  );
}

function mass(grams: number): string {
  if (grams < 1_000) return `${grams} ${table.unit.g}`;
  const rest = String(grams % 1_000)
    .padStart(3, "0")
    .replace(/0+$/, "");
  return `${Math.floor(grams / 1_000)}${rest ? `.${rest}` : ""} ${table.unit.kg}`;
}

/** A sum in its base unit, as src/produce/wording.rs has it. */
export function baseAmount(value: bigint, base: string): string {
  const [sign, size] = value < 0n ? ["-", Number(-value)] : ["", Number(value)];
  if (base === "g") return sign + mass(size);
  if (base === "cm2") return `${sign}${Math.floor(size / 10_000)} ${table.unit.m2}`;
  return `${sign}${size} ${table.unit[base]}`;
}

function hectares(squareCentimetres: number): string {
  const hundredths = Math.floor((squareCentimetres + 500_000) / 1_000_000);
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, "0")} ha`;
}

export function quantityText(quantity: Quantity): string {
  const { entered, value } = quantity;
  const unit = table.unit[quantity.unit] ?? quantity.unit;
  if (quantity.per) {
    const each =
      lang === "zh"
        ? `每${unit} ${quantityText(quantity.per)}`
        : `${quantityText(quantity.per)} each (${unit})`;
    return lang === "zh"
      ? `${entered} ${unit}（${each}，共 ${mass(value)}）`
      : `${entered} ${unit} (${each}, ${mass(value)} in all)`;
  }
  const isLocal = LOCAL.includes(quantity.unit) && GRAMS.includes(quantity.unit);
  if (lang === "en" && isLocal) return mass(value);
  if (lang === "en" && quantity.unit === "mu") return hectares(value);
  return isLocal ? `${entered} ${unit}（${mass(value)}）` : `${entered} ${unit}`;
}

/** A date or an instant on the signer's own clock. */
function whenText(text: string): string | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2}):)?/.exec(text);
  if (!match) return undefined;
  const [year, month, day] = match.slice(1, 4).map(Number) as [number, number, number];
  const date = lang === "zh" ? `${year}年${month}月${day}日` : `${day} ${MONTHS[month - 1]} ${year}`;
  return match[4] ? `${date} ${match[4]}` : date;
}

/** Whether what the page shows can be this value. What the page puts into words of its own is not judged. */
export function canBe(shown: string, value: Json | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (isQuantity(value)) return shown === quantityText(value);
  if (typeof value === "number") return numbersOf(shown).includes(String(value));
  if (typeof value !== "string") return true;
  const when = whenText(value);
  if (when !== undefined) return shown === when;
  // Codes and ids have labels and names; decimals carry a unit.
  if (value in table.conclusion) return shown === table.conclusion[value] || !isConclusion(shown);
  return /^[a-z0-9_:.-]+$/.test(value) && !/^[0-9.]+$/.test(value) ? true : shown.includes(value);
}

function isConclusion(shown: string): boolean {
  return Object.values(table.conclusion).includes(shown);
}

function numbersOf(shown: string): string[] {
  return shown.match(/\d+/g) ?? [];
}

/** A value in the words of the page, where this program has them. */
export function textOf(value: Json | undefined): string {
  if (isQuantity(value)) return quantityText(value);
  if (typeof value === "string") return whenText(value) ?? table.conclusion[value] ?? value;
  return value === undefined ? "—" : JSON.stringify(value);
}
