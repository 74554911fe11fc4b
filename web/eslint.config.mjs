import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "node_modules"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["*.mjs"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Numbers in messages are meant.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // Code points are what is counted here, not what a reader sees as one sign.
      "@typescript-eslint/no-misused-spread": "off",
      // What is known of a subject has the type that its spelling says.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      // Where an index is known to be there, `!` says so; noUncheckedIndexedAccess asks everywhere else.
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  { files: ["*.mjs"], ...tseslint.configs.disableTypeChecked },
);
