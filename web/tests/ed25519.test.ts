import { Point } from "@noble/ed25519";
import { expect, test } from "vitest";

import { hex } from "../src/verify/bytes";
import { isGoodKey } from "../src/verify/ed25519";
import { combine, isTorsionFree } from "../src/verify/edwards";

/** A point of order 8: y as in src/verify/ed25519.ts. */
const TORSION = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");

test("torsion is found as the library finds it", () => {
  for (let i = 0n; i < 40n; i++) {
    const pure = Point.BASE.multiply(i * 0x1234_5678_9abc_def1n * 0xfedc_ba98_7654_3211n + 7n, false);
    for (let t = 0n; t < 8n; t++) {
      const point = pure.add(TORSION.multiply(t, false));
      expect(isTorsionFree(point), `${i} ${t}`).toBe(t === 0n);
      if (i < 3n) {
        expect(point.isTorsionFree()).toBe(t === 0n);
        expect(isGoodKey(point.toBytes())).toBe(t === 0n);
      }
    }
  }
});

test("sums are the library's", () => {
  const { n } = Point.CURVE();
  const numbers = [0n, 1n, 2n, n - 1n, n / 3n, 0x1234_5678_9abc_def1_0fed_cba9_8765_4321n, (1n << 252n) + 5n];
  const points = [
    Point.ZERO,
    Point.BASE,
    TORSION,
    Point.BASE.double().negate(),
    Point.BASE.multiply(12345n).add(TORSION),
  ];
  const times = (point: Point, by: bigint) => point.multiply(by, false);
  for (const a of numbers) {
    for (const b of numbers) {
      for (const p of points) {
        for (const q of points) {
          const sum = times(p, a).add(times(q, b));
          expect(combine(a, p, b, q, sum)).toBe(true);
          expect(combine(a, p, b, q, sum.add(Point.BASE))).toBe(false);
          expect(combine(a, p, b, q, sum.add(TORSION))).toBe(false);
        }
      }
    }
  }
});

test("points of small order are no keys", () => {
  for (let t = 0n; t < 8n; t++) {
    const point = TORSION.multiply(t, false);
    expect(isGoodKey(point.toBytes()), hex(point.toBytes())).toBe(false);
  }
  for (const encoded of [0x02, 0x7f, 0xee, 0xed, 0xff])
    expect(isGoodKey(new Uint8Array(32).fill(encoded))).toBe(false);
  expect(isGoodKey(new Uint8Array(31))).toBe(false);
});
