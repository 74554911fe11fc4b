/** Quantities of a batch and its fields, worked out from a verified bundle: src/produce/lots, as far as pages show it. Pure. */

import { type Bundle, type Json, type Members, isMembers, kindOf } from "../verify/index";
import { type Story, type Told, now } from "./story";
import { baseAmount, isQuantity } from "./wording";

type Base = "g" | "ml" | "cm2" | "piece";

interface Amount {
  value: bigint;
  base: Base;
}

type Sum = Map<Base, bigint>;

const BASES: Record<string, Base> = { ml: "ml", l: "ml", m2: "cm2", mu: "cm2", ha: "cm2" };
const MASSES = ["g", "kg", "jin", "liang", "dan", "t"];

/** What the page may show under each name; names without one are not judged. */
export function figuresOf(bundle: Bundle, story: Story): Map<string, string[]> {
  const events = [...new Set(story.told.values())].filter((told) => !told.withdrawn);
  const account = new Account(events);
  const found = new Map<string, string[]>();
  const put = (name: string, sum: Sum, isZeroTold = false) => {
    const amounts = [...sum].filter(([, value]) => isZeroTold || value !== 0n);
    found.set(
      name,
      amounts.map(([base, value]) => baseAmount(value, base)),
    );
  };
  for (const [name, sum] of Object.entries(account.flow(bundle.subject))) put(name, sum, name === "left");
  for (const field of story.line) {
    const kind = kindOf(field);
    if (kind !== "crop" && kind !== "plot") continue;
    put(`capacity ${field}`, account.capacity(field));
    if (!isWhole(bundle, account, field)) continue;
    for (const [year, sum] of account.harvested(field)) put(`harvested ${field} ${year}`, sum);
  }
  account.losses(story.line).forEach((text, stage) => found.set(`loss ${stage}`, text));
  return found;
}

/** Whether the bundle holds all harvests of the field: those of a plot's other seasons are on their chains alone. */
function isWhole(bundle: Bundle, account: Account, field: string): boolean {
  return account.seasonsOn(field).every((season) => bundle.claims.some(({ subject }) => subject === season));
}

class Account {
  constructor(private readonly events: Told[]) {}

  private of(kind: string): Told[] {
    return this.events.filter((told) => told.kind === `${kind}/1`);
  }

  private makings(lot: string): Members[] {
    const makings = this.events.filter(({ kind }) => isMaking(kind));
    return makings.map(now).filter((data) => portions(data, "outputs").some((output) => output.lot === lot));
  }

  /** What a piece of the lot weighs: so many grams in so many pieces. */
  private weigh(lot: string, amount: Amount | undefined): Amount | undefined {
    const weights = this.makings(lot).map(weightOf);
    return weighed(
      weights.find((weight) => weight),
      amount,
    );
  }

  flow(lot: string): Partial<Record<"made" | "drawn" | "to_consumers" | "sold" | "left", Sum>> {
    const [made, drawn, consumers, shipped] = [0, 0, 0, 0].map(() => new Map<Base, bigint>()) as [
      Sum,
      Sum,
      Sum,
      Sum,
    ];
    let isPlain = true;
    for (const { kind, record, versions } of this.events) {
      const data = versions[versions.length - 1]!;
      const here = (side: string) => portions(data, side).filter((item) => item.lot === lot);
      const add = (sum: Sum, items: Members[]) =>
        items.forEach((item) => plus(sum, this.weigh(lot, amountOf(item.quantity))));
      if (kind === "harvest/1" && record.payload.subject === lot) add(made, [data]);
      else if (isMaking(kind)) {
        add(made, here("outputs"));
        add(drawn, here("inputs"));
      } else if (kind === "shipping/1") {
        add(data.to_consumers === true || typeof data.to !== "string" ? consumers : shipped, here("lots"));
      } else if (kind === "receiving/1") {
        // What went back or was damaged is counted by holder, which is left to others.
        const isWhole = data.accept !== "partial" && data.accept !== "rejected";
        if (here("lots").some((item) => !isWhole || item.damaged !== undefined)) isPlain = false;
      }
    }
    const sales = this.sales(lot);
    const found = { made, drawn, to_consumers: consumers };
    if (!sales) return found;
    const { retail, wholesale, isByPlatforms } = sales;
    const sold = isByPlatforms ? retail : total(retail, wholesale);
    if (!isPlain) return { ...found, sold };
    const used = total(merged(consumers, retail, larger), merged(wholesale, shipped, beyond), drawn);
    return { ...found, sold, left: merged(made, used, (had, gone) => had - gone) };
  }

  /** None where platforms and holders both report: whose sales are whose is counted by days, which is left to others. */
  private sales(lot: string): { retail: Sum; wholesale: Sum; isByPlatforms: boolean } | undefined {
    const reports = this.of("sale").filter(({ record }) => record.payload.subject === lot);
    const isByPlatform = ({ record }: Told) => record.payload.signers[0]?.as === "platform";
    const isByPlatforms = reports.some(isByPlatform);
    if (isByPlatforms && !reports.every(isByPlatform)) return undefined;
    const [retail, wholesale]: [Sum, Sum] = [new Map<Base, bigint>(), new Map<Base, bigint>()];
    for (const { channel, quantity } of reports.map(now))
      plus(channel === "wholesale" ? wholesale : retail, this.weigh(lot, amountOf(quantity)));
    return { retail, wholesale, isByPlatforms };
  }

  // -- fields

  seasonsOn(plot: string): string[] {
    return this.of("crop.open").flatMap((told) =>
      now(told).plot === plot ? [told.record.payload.subject] : [],
    );
  }

  private about(kind: string, subject: string): Members | undefined {
    const told = this.of(kind).find(({ record }) => record.payload.subject === subject);
    return told && now(told);
  }

  /** Declared yearly yield of a plot, or the share of it that a season's area is. */
  capacity(field: string): Sum {
    const season = kindOf(field) === "crop" ? this.about("crop.open", field) : undefined;
    const plot = season ? season.plot : field;
    const registered = typeof plot === "string" ? this.about("plot.register", plot) : undefined;
    const declared = amountOf(registered?.declared_yield);
    const [part, all] = [amountOf(season?.area), amountOf(registered?.area)];
    const sum: Sum = new Map();
    if (!declared) return sum;
    const isShare = part && all && part.base === all.base && all.value > 0n;
    const share = isShare
      ? (declared.value * (part.value < all.value ? part.value : all.value)) / all.value
      : declared.value;
    return sum.set(declared.base, share);
  }

  harvested(field: string): Map<string, Sum> {
    const fields = [field, ...this.seasonsOn(field)];
    const years = new Map<string, Sum>();
    for (const told of this.of("harvest")) {
      const data = now(told);
      const from = Array.isArray(data.from) ? data.from : [];
      if (!from.some((each) => fields.includes(each as string))) continue;
      const year = told.day.slice(0, 4);
      years.set(year, plus(years.get(year) ?? new Map<Base, bigint>(), amountOf(data.quantity)));
    }
    return years;
  }

  // -- losses

  losses(line: Set<string>): Map<string, string[]> {
    const stages = new Map<string, Map<Base, [putIn: bigint, loss: bigint]>>();
    for (const { kind, versions } of this.events.filter(({ kind }) => isMaking(kind))) {
      const data = versions[versions.length - 1]!;
      const loss = amountOf(data.loss);
      const stage = kind.slice(0, -2);
      const bases = stages.get(stage) ?? new Map<Base, [bigint, bigint]>();
      if (!loss || !portions(data, "outputs").some(({ lot }) => line.has(lot as string))) continue;
      const putIn: Sum = new Map();
      portions(data, "inputs").forEach((item) =>
        plus(putIn, this.weigh(item.lot as string, amountOf(item.quantity))),
      );
      const [before, lost] = bases.get(loss.base) ?? [0n, 0n];
      bases.set(loss.base, [before + (putIn.get(loss.base) ?? 0n), lost + loss.value]);
      stages.set(stage, bases);
    }
    const text = ([base, [putIn, loss]]: [Base, [bigint, bigint]]) => {
      const tenths = (loss * 1000n) / (putIn || 1n);
      return `${baseAmount(loss, base)} · ${tenths / 10n}.${tenths % 10n}%`;
    };
    return new Map([...stages].map(([stage, bases]) => [stage, [...bases].map(text)]));
  }
}

// -- amounts ---------------------------------------------------------------------------------------------------------

function isMaking(kind: string): boolean {
  return /^(grading|packing|processing)\/1$/.test(kind);
}

function portions(data: Members, side: string): Members[] {
  const items = data[side];
  return Array.isArray(items) ? items.filter(isMembers) : [];
}

function amountOf(value: Json | undefined): Amount | undefined {
  if (!isQuantity(value)) return undefined;
  const base = MASSES.includes(value.unit) || value.per ? "g" : (BASES[value.unit] ?? "piece");
  return { value: BigInt(value.value), base };
}

interface Weight {
  grams: bigint;
  pieces: bigint;
}

/** Pieces packed by weight are packs; packed by the piece, they share what all packs weigh. */
function weightOf(making: Members): Weight | undefined {
  const [net, count] = [amountOf(making.net_weight), making.pack_count];
  if (!net || net.value <= 0n || typeof count !== "number" || count < 0) return undefined;
  const made = portions(making, "outputs").flatMap((output) => amountOf(output.quantity) ?? []);
  const pieces = made.reduce((sum, { base, value }) => (base === "piece" ? sum + value : sum), 0n);
  const isByPiece = made.every(({ base }) => base === "piece") && pieces > 0n && count > 0;
  return isByPiece ? { grams: net.value * BigInt(count), pieces } : { grams: net.value, pieces: 1n };
}

function weighed(weight: Weight | undefined, amount: Amount | undefined): Amount | undefined {
  if (!weight || amount?.base !== "piece") return amount;
  return { value: (amount.value * weight.grams) / weight.pieces, base: "g" };
}

function plus(sum: Sum, amount: Amount | undefined): Sum {
  return amount ? sum.set(amount.base, (sum.get(amount.base) ?? 0n) + amount.value) : sum;
}

function plusAll(sum: Sum, other: Sum): Sum {
  other.forEach((value, base) => plus(sum, { value, base }));
  return sum;
}

function total(...sums: Sum[]): Sum {
  return sums.reduce(plusAll, new Map<Base, bigint>());
}

function merged(a: Sum, b: Sum, of: (a: bigint, b: bigint) => bigint): Sum {
  const bases = new Set([...a.keys(), ...b.keys()]);
  return new Map([...bases].map((base) => [base, of(a.get(base) ?? 0n, b.get(base) ?? 0n)]));
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function beyond(a: bigint, b: bigint): bigint {
  return larger(a - b, 0n);
}
