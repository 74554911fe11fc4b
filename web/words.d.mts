export function wordsOf(lang: "zh" | "en"): unknown;
export function anchorWordsOf(lang: "zh" | "en"): unknown;
