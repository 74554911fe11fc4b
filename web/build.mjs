/**
 * Builds what the binary embeds into dist/: the loader, and once for each language the verifier and what it brings
 * where there are anchors. With the argument `tests`, builds what the tests run outside of Vitest into node_modules/.suyuan/.
 */

import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { argv } from "node:process";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { build } from "esbuild";

import { anchorWordsOf, wordsOf, wordsPlugin } from "./words.mjs";

const here = import.meta.dirname;
const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};
const page = {
  ...shared,
  target: "es2020",
  format: "iife",
  entryNames: "[name]-[hash]",
  outdir: join(here, "dist"),
};

async function forTheBinary() {
  for (const name of readdirSync(page.outdir)) if (name !== "README.md") rmSync(join(page.outdir, name));
  await build({ ...page, entryPoints: { loader: join(here, "src/page/loader.ts") } });
  for (const lang of ["zh", "en"]) {
    const anchors = await build({
      ...page,
      format: "esm",
      metafile: true,
      entryPoints: { [`anchors.${lang}`]: join(here, "src/page/anchors.ts") },
      plugins: [wordsPlugin(anchorWordsOf(lang))],
    });
    const [script] = Object.keys(anchors.metafile.outputs);
    await build({
      ...page,
      entryPoints: { [`verify.${lang}`]: join(here, "src/page/main.ts") },
      // Its own name holds a hash of this one.
      define: { ANCHORS_SCRIPT: JSON.stringify(basename(script)) },
      plugins: [wordsPlugin(wordsOf(lang))],
    });
  }
  for (const name of readdirSync(page.outdir).filter((name) => name.endsWith(".js"))) {
    const script = readFileSync(join(page.outdir, name));
    const brotli = brotliCompressSync(script);
    writeFileSync(join(page.outdir, `${name}.br`), brotli);
    console.log(
      `${name}: ${script.length} bytes, ${gzipSync(script).length} by gzip, ${brotli.length} by brotli`,
    );
  }
}

async function forTests() {
  const outdir = join(here, "node_modules/.suyuan");
  const node = { ...shared, minify: false, outdir, platform: "node", format: "esm", target: "es2022" };
  await build({ ...node, entryPoints: [join(here, "tests/many.ts")], outExtension: { ".js": ".mjs" } });
  const browser = { ...shared, outdir, format: "iife", target: "es2020" };
  await build({ ...browser, entryPoints: [join(here, "tests/in-browser.ts")] });
}

await (argv[2] === "tests" ? forTests() : forTheBinary());
