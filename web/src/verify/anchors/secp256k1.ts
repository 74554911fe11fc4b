/** Whose signature it is: recovery of a key on secp256k1 (SEC 1, §4.1.6). Of public data, so in whatever time it takes. */

import { hex } from "../bytes";

const FIELD = 2n ** 256n - 2n ** 32n - 977n;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const BASE: Point = [
  0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
  1n,
];

/** Jacobian; at infinity where the last is 0. */
type Point = [bigint, bigint, bigint];

function mod(value: bigint, by = FIELD): bigint {
  const rest = value % by;
  return rest < 0n ? rest + by : rest;
}

function power(base: bigint, exponent: bigint, by: bigint): bigint {
  let result = 1n;
  for (let e = exponent, b = base; e > 0n; e >>= 1n, b = (b * b) % by) if (e & 1n) result = (result * b) % by;
  return result;
}

/** dbl-2009-l of the Explicit-Formulas Database, for a = 0. */
function double([x, y, z]: Point): Point {
  const a = mod(x * x);
  const b = mod(y * y);
  const c = mod(b * b);
  const d = mod(2n * ((x + b) ** 2n - a - c));
  const e = 3n * a;
  const x3 = mod(e * e - 2n * d);
  return [x3, mod(e * (d - x3) - 8n * c), mod(2n * y * z)];
}

/** add-2007-bl. */
function add(p: Point, q: Point): Point {
  if (p[2] === 0n) return q;
  if (q[2] === 0n) return p;
  const [pz, qz] = [mod(p[2] * p[2]), mod(q[2] * q[2])];
  const [u1, u2] = [mod(p[0] * qz), mod(q[0] * pz)];
  const [s1, s2] = [mod(p[1] * q[2] * qz), mod(q[1] * p[2] * pz)];
  const [h, r] = [mod(u2 - u1), mod(2n * (s2 - s1))];
  if (h === 0n) return r === 0n ? double(p) : [1n, 1n, 0n];
  const i = mod(4n * h * h);
  const j = mod(h * i);
  const v = mod(u1 * i);
  const x = mod(r * r - j - 2n * v);
  return [x, mod(r * (v - x) - 2n * s1 * j), mod(2n * p[2] * q[2] * h)];
}

function times(scalar: bigint, point: Point): Point {
  let sum: Point = [1n, 1n, 0n];
  for (const digit of scalar.toString(2)) {
    sum = double(sum);
    if (digit === "1") sum = add(sum, point);
  }
  return sum;
}

/** The 64 bytes of the public key, if there is one; signatures with the larger value of s are nobody's (EIP-2). */
export function recover(digest: Uint8Array, r: bigint, s: bigint, isOdd: boolean): Uint8Array | undefined {
  if (r === 0n || r >= ORDER || s === 0n || s > ORDER >> 1n) return undefined;
  const square = mod(r ** 3n + 7n);
  const root = power(square, (FIELD + 1n) / 4n, FIELD);
  if (mod(root * root) !== square) return undefined;
  const y = (root & 1n) === (isOdd ? 1n : 0n) ? root : FIELD - root;
  const inverse = power(r, ORDER - 2n, ORDER);
  const base = times(mod(-BigInt(`0x${hex(digest)}`) * inverse, ORDER), BASE);
  const [x, above, z] = add(base, times(mod(s * inverse, ORDER), [r, y, 1n]));
  if (z === 0n) return undefined;
  const flat = power(z, FIELD - 2n, FIELD);
  const square2 = mod(flat * flat);
  return Uint8Array.from([...word(mod(x * square2)), ...word(mod(above * square2 * flat))]);
}

function word(value: bigint): number[] {
  return value
    .toString(16)
    .padStart(64, "0")
    .match(/../g)!
    .map((pair) => parseInt(pair, 16));
}
