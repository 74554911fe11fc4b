declare module "words" {
  const words: {
    lang: "zh" | "en";
    words: Record<string, string>;
    unit: Record<string, string>;
    kind: Record<string, string>;
    conclusion: Record<string, string>;
    resultUnit: Record<string, string>;
  };
  export default words;
}
