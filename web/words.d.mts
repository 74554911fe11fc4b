export function wordsOf(lang: "zh" | "en"): unknown;
