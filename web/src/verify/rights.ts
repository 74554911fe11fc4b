/** Who may sign what: the table of rules version 1 (docs/format.md §7, §13.5). */

import type { SubjectKind } from "./names";

export type Relation =
  "any" | "own" | "new" | "new or planted" | "held" | "held or carried" | "receiver" | "transformed";

export interface Right {
  about: SubjectKind;
  roles: readonly string[];
  relation: Relation;
}

const GROWERS = ["farm", "coop"];
const HANDLERS = [...GROWERS, "packhouse", "warehouse", "processor"];
const STORES = [...HANDLERS, "carrier"];
const RECEIVERS = [...STORES, "host", "platform"];
const SELLERS = [...HANDLERS, "host"];
const OUTSIDERS = ["lab", "platform", "regulator"];
const AUTHORITY = ["platform", "regulator"];
const PLATFORM = ["platform"];
const SEATS = ["host", "platform"];

const right = (about: SubjectKind, roles: readonly string[], relation: Relation): Right => ({
  about,
  roles,
  relation,
});

const INSPECTED = [
  right("batch", OUTSIDERS, "any"),
  right("crop", OUTSIDERS, "any"),
  right("plot", OUTSIDERS, "any"),
  right("batch", HANDLERS, "held"),
  right("crop", HANDLERS, "own"),
  right("plot", HANDLERS, "own"),
];
const GROWN = [right("crop", GROWERS, "own"), right("batch", GROWERS, "held")];
const MADE = [right("batch", HANDLERS, "transformed")];
const VOUCHED = [right("batch", SEATS, "any"), right("batch", HANDLERS, "held")];
const HELD_BACK = [
  right("batch", AUTHORITY, "any"),
  right("crop", AUTHORITY, "any"),
  right("batch", HANDLERS, "held"),
  right("crop", HANDLERS, "own"),
];

/** For one kind and subject type, the first row with the signer's role decides. */
export const RIGHTS: ReadonlyMap<string, readonly Right[]> = new Map([
  ["plot.register/1", [right("plot", GROWERS, "new")]],
  ["crop.open/1", [right("crop", GROWERS, "new"), right("plot", GROWERS, "own")]],
  [
    "planting/1",
    [right("crop", GROWERS, "own"), right("plot", GROWERS, "own"), right("batch", GROWERS, "new or planted")],
  ],
  [
    "input/1",
    [right("crop", HANDLERS, "own"), right("plot", HANDLERS, "own"), right("batch", HANDLERS, "held")],
  ],
  ["sampling/1", INSPECTED],
  ["inspection/1", INSPECTED],
  [
    "harvest/1",
    [right("batch", GROWERS, "new or planted"), right("crop", GROWERS, "own"), right("plot", GROWERS, "own")],
  ],
  ["grading/1", MADE],
  ["packing/1", MADE],
  ["processing/1", MADE],
  ["storage/1", [right("batch", STORES, "held or carried")]],
  ["shipping/1", [right("batch", STORES, "held")]],
  ["receiving/1", [right("batch", RECEIVERS, "receiver")]],
  ["irrigation/1", GROWN],
  ["observation/1", GROWN],
  ["sale/1", [right("batch", PLATFORM, "any"), right("batch", SELLERS, "held")]],
  ["sign-off/1", VOUCHED],
  ["guarantee/1", VOUCHED],
  ["hold/1", HELD_BACK],
  ["release/1", HELD_BACK],
  ["enforcement/1", [right("org", AUTHORITY, "any"), right("batch", AUTHORITY, "any")]],
]);

export function isWithdrawable(kind: string): boolean {
  return RIGHTS.has(kind) && !["hold/1", "release/1"].includes(kind);
}

export function isCorrectable(kind: string): boolean {
  return isWithdrawable(kind) && !["enforcement/1", "guarantee/1", "sign-off/1"].includes(kind);
}

const LOT_OR_SEASON: SubjectKind[] = ["batch", "crop"];

/** What the main subject of each kind may be. A kind that is not here is not known. */
export const ABOUT: ReadonlyMap<string, readonly SubjectKind[]> = new Map<string, SubjectKind[]>([
  ["genesis/1", ["org"]],
  ["ledger.rules/1", ["ledger"]],
  ["ledger.key/1", ["ledger"]],
  ["ledger.anchor/1", ["ledger"]],
  ["rules.set/1", ["ledger"]],
  ["org.register/1", ["org"]],
  ["org.update/1", ["org"]],
  ["org.key.add/1", ["key"]],
  ["org.key.revoke/1", ["key"]],
  ["plot.register/1", ["plot"]],
  ["crop.open/1", ["crop"]],
  ["planting/1", LOT_OR_SEASON],
  ["input/1", LOT_OR_SEASON],
  ["irrigation/1", LOT_OR_SEASON],
  ["observation/1", LOT_OR_SEASON],
  ["sampling/1", LOT_OR_SEASON],
  ["inspection/1", LOT_OR_SEASON],
  ["hold/1", LOT_OR_SEASON],
  ["release/1", LOT_OR_SEASON],
  ["harvest/1", ["batch"]],
  ["grading/1", ["batch"]],
  ["packing/1", ["batch"]],
  ["processing/1", ["batch"]],
  ["storage/1", ["batch"]],
  ["shipping/1", ["batch"]],
  ["receiving/1", ["batch"]],
  ["sale/1", ["batch"]],
  ["sign-off/1", ["batch"]],
  ["guarantee/1", ["batch"]],
  ["enforcement/1", ["org"]],
  ["correction/1", ["batch", "crop", "plot"]],
  ["withdrawal/1", ["batch", "crop", "org", "plot"]],
]);
