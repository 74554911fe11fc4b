import { defineConfig } from "vitest/config";

import { wordsOf } from "./words.mjs";

export default defineConfig({
  plugins: [
    {
      name: "words",
      resolveId: (id) => (id === "words" ? "\0words" : undefined),
      load: (id) => (id === "\0words" ? `export default ${JSON.stringify(wordsOf("zh"))}` : undefined),
    },
  ],
  test: { include: ["tests/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 },
});
