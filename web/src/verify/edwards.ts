/**
 * Sums of two multiples of points of Curve25519, for public numbers only: not in constant time.
 *
 * Points are those of @noble/ed25519, which reads and checks them; this goes through both numbers at once and makes no
 * objects on the way, which takes a third of the time. The formulas are those of RFC 8032 §5.1.4, in coordinates X/Z and
 * Y/Z. The tests compare with the library.
 */

import { Point } from "@noble/ed25519";

export const { n: ORDER, p: FIELD } = Point.CURVE();
const { d: D } = Point.CURVE();

/** A point as additions need it: y - x, y + x, 2dxy. */
interface Addend {
  minus: bigint;
  plus: bigint;
  xy2d: bigint;
}

function addend(point: Point): Addend {
  const { x, y } = point.toAffine();
  return { minus: y - x, plus: y + x, xy2d: (((2n * D * x) % FIELD) * y) % FIELD };
}

/** Whether [a]P + [b]Q is R. */
export function combine(a: bigint, p: Point, b: bigint, q: Point, r: Point): boolean {
  const table = [undefined, addend(p), addend(q), addend(p.add(q))];
  const digits = Math.max(a.toString(2).length, b.toString(2).length);
  const [bitsA, bitsB] = [a, b].map((number) => number.toString(2).padStart(digits, "0")) as [string, string];
  let X = 0n;
  let Y = 1n;
  let Z = 1n;
  for (let i = 0; i < digits; i++) {
    const xx = X * X;
    const yy = Y * Y;
    const h = xx + yy;
    const sum = X + Y;
    const e = (h - sum * sum) % FIELD;
    const g = (xx - yy) % FIELD;
    const f = (2n * Z * Z + g) % FIELD;
    X = (e * f) % FIELD;
    Y = (g * h) % FIELD;
    Z = (f * g) % FIELD;
    const other = table[(bitsA[i] === "1" ? 1 : 0) + (bitsB[i] === "1" ? 2 : 0)];
    if (!other) continue;
    const less = (Y - X) * other.minus;
    const more = (Y + X) * other.plus;
    const t = ((e * h) % FIELD) * other.xy2d;
    const e2 = (more - less) % FIELD;
    const f2 = (2n * Z - t) % FIELD;
    const g2 = (2n * Z + t) % FIELD;
    X = (e2 * f2) % FIELD;
    Y = (g2 * (more + less)) % FIELD;
    Z = (f2 * g2) % FIELD;
  }
  const { x, y } = r.toAffine();
  return (X - x * Z) % FIELD === 0n && (Y - y * Z) % FIELD === 0n;
}

/** [L]P is the identity. */
export function isTorsionFree(point: Point): boolean {
  return combine(ORDER, point, 0n, Point.ZERO, Point.ZERO);
}
