/** The project's shared vectors, read once: plain JSON, so that a browser can be handed them too. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../../tests/vectors");

export interface Case {
  [name: string]: unknown;
}

const text = (path: string): string => readFileSync(join(FOLDER, path), "utf8");
const json = (path: string): never => JSON.parse(text(path)) as never;

function folder(path: string): Case[] {
  const names = readdirSync(join(FOLDER, path), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".json"))
    .map((name) => ({ name, ...(json(join(path, name)) as Case) }));
}

export interface Vectors {
  ed25519: Case[];
  speccheck: Case[];
  map: { maps: Case[]; proofs: Case[] };
  subset: { cases: Case[] };
  c2sp: Record<string, unknown>;
  inclusion: Case[];
  consistency: Case[];
  payloads: { cases: Case[] };
  envelopes: { keys: Record<string, string>; cases: Case[] };
  sealed: { cases: Case[] };
  jcs: { name: string; input: string; output: string }[];
  frozen: { name: string; bundle: string; layers: Record<string, string>; verified: boolean }[];
  trust: string;
  anchors: Case[];
}

export function vectors(): Vectors {
  const answers = json("rules-1/answers.json") as {
    file: string;
    layers: Record<string, string>;
    verified: boolean;
  }[];
  return {
    ed25519: json("ed25519/cases.json"),
    speccheck: json("ed25519/speccheck-cases.json"),
    map: json("map.json"),
    subset: json("subset.json"),
    c2sp: json("c2sp/c2sp_vectors.json"),
    inclusion: folder("rfc6962/inclusion"),
    consistency: folder("rfc6962/consistency"),
    payloads: json("payload/payloads.json"),
    envelopes: json("payload/envelopes.json"),
    sealed: json("payload/sealed.json"),
    jcs: readdirSync(join(FOLDER, "jcs/input")).map((name) => {
      return { name, input: text(`jcs/input/${name}`), output: text(`jcs/output/${name}`) };
    }),
    frozen: answers.map(({ file, layers, verified }) => ({
      name: file,
      bundle: text(`rules-1/${file}`),
      layers,
      verified,
    })),
    trust: text("rules-1/trust.json"),
    anchors: folder("anchors"),
  };
}
