/**
 * Ed25519 with the one meaning of docs/format.md §2.
 *
 * Libraries and browsers differ in the corners: small orders, other encodings of a point, the cofactor. So keys and the
 * two halves of a signature are judged here, and an engine is asked only for the equation. The browser's own engine is
 * used if it answers right on this device; otherwise the points of @noble/ed25519 with the sums of `edwards.ts`, and R compared exactly.
 */

import { Point } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";

import { concat, fromHex, hex } from "./bytes";
import { FIELD, ORDER, combine, isTorsionFree } from "./edwards";

const SIGN = 1n << 255n;

/** Whether [S]B - [k]A encodes to R, for a good key and halves that have passed. */
export interface Engine {
  readonly name: "webcrypto" | "noble";
  holds(key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** The y of the points of small order, both signs of x. */
const SMALL = new Set([
  0n,
  1n,
  FIELD - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd83d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]);

function littleEndian(data: Uint8Array): bigint {
  return BigInt(`0x${hex(data.slice().reverse())}`);
}

const keys = new Map<string, boolean>();

/** Canonical, on the curve, not the identity, free of torsion. */
export function isGoodKey(key: Uint8Array): boolean {
  const name = hex(key);
  let good = keys.get(name);
  if (good === undefined) {
    good = key.length === 32 && isOfPrimeOrder(key);
    keys.set(name, good);
  }
  return good;
}

function isOfPrimeOrder(key: Uint8Array): boolean {
  try {
    const point = Point.fromBytes(key);
    return !point.is0() && isTorsionFree(point);
  } catch {
    return false;
  }
}

/** S below the order of the group; R neither of small order nor spelt another way. */
function isWellFormed(signature: Uint8Array): boolean {
  if (signature.length !== 64 || littleEndian(signature.subarray(32)) >= ORDER) return false;
  const y = littleEndian(signature.subarray(0, 32)) & (SIGN - 1n);
  return y < FIELD && !SMALL.has(y);
}

export async function isGoodSignature(
  engine: Engine,
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return isGoodKey(key) && isWellFormed(signature) && (await engine.holds(key, message, signature));
}

/** The same without waiting: slower, for the few signatures inside of records. */
export function isGoodSignatureNow(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return isGoodKey(key) && isWellFormed(signature) && equationHolds(key, message, signature);
}

function equationHolds(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const r = signature.subarray(0, 32);
  const k = littleEndian(sha512(concat([r, key, message]))) % ORDER;
  const s = littleEndian(signature.subarray(32));
  try {
    // A point has one encoding that is read, so that equal points are equal bytes.
    return combine(s, Point.BASE, k, Point.fromBytes(key).negate(), Point.fromBytes(r));
  } catch {
    return false;
  }
}

export const noble: Engine = {
  name: "noble",
  holds: (key, message, signature) => Promise.resolve(equationHolds(key, message, signature)),
};

/** As the DOM types it, in all that is used here. */
interface Subtle {
  importKey(
    format: "raw",
    key: Uint8Array,
    algorithm: string,
    extractable: false,
    usages: ["verify"],
  ): Promise<object>;
  verify(algorithm: string, key: object, signature: Uint8Array, message: Uint8Array): Promise<boolean>;
}

function webcrypto(subtle: Subtle): Engine {
  const imported = new Map<string, Promise<object>>();
  return {
    name: "webcrypto",
    async holds(key, message, signature) {
      const name = hex(key);
      let handle = imported.get(name);
      if (!handle) {
        handle = subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
        imported.set(name, handle);
      }
      return subtle.verify("Ed25519", await handle, signature, message);
    },
  };
}

/** tests/vectors/ed25519: of one key and message a good signature, and one that only verifiers with a cofactor take. */
const KEY = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
const MESSAGE = "73757975616e";
const GOOD =
  "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23" +
  "800b36637446e4dbf698d27f9e80172643cc6011bc184609633f8d2d16464c04";
const COFACTORED =
  "186ed2bdbd1a36f6437c5168b0221914018ea4f32a1c3fcd1c1794d64fbd596e" +
  "490ab85bd4a2d5bf5596907c3389f53ad89d555d733badce6266a6621e669b0e";

/** The browser's engine where it has one and means the same as we do; secure pages only. */
export async function bestEngine(): Promise<Engine> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as Subtle | undefined;
  if (!subtle) return noble;
  try {
    const engine = webcrypto(subtle);
    const answers = [GOOD, COFACTORED].map((each) =>
      engine.holds(fromHex(KEY), fromHex(MESSAGE), fromHex(each)),
    );
    const [good, bad] = await Promise.all(answers);
    return good && !bad ? engine : noble;
  } catch {
    return noble;
  }
}
