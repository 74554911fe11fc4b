/** The panel: what was checked, in words for people first; what it is worth; the raw data one tap further. */

import { ALWAYS, LAYERS, type Omission, type Trust } from "../verify/index";
import { element } from "./dom";
import type { Findings } from "./redraw";
import type { Checked } from "./run";
import { word } from "./wording";

const CLASSES = { ok: "good", failed: "bad", "not checked": "" } as const;

export interface Shown {
  checked: Checked;
  trust: Trust;
  /** The trust file came from this site too, not from the reader. */
  ofThisSite: boolean;
  /** None where no page was compared. */
  findings?: Findings | undefined;
  command: string;
}

export function say(panel: Element, text: string, className = "small"): void {
  panel.replaceChildren(element("p", className, text));
}

export function draw(panel: Element, shown: Shown): void {
  const { checked, findings, trust, ofThisSite, command } = shown;
  const failed = LAYERS.some((layer) => checked.layers[layer].status === "failed");
  const differs = findings !== undefined && (findings.held || findings.differ.length > 0);
  const held = differs ? "page_differs" : "verified";
  const key = checked.verified ? held : failed ? "failed" : "not_verified";
  const colour = failed || differs ? "bad" : checked.verified ? "good" : "warn";
  const head = element("p", `verdict ${colour}`, word(`check.${key}`));
  const parts: Node[] = [head, ...(findings ? found(findings) : [])];
  if (checked.verified && checked.bundle && !checked.bundle.chains.has(checked.bundle.subject)) {
    parts.push(element("p", "", word("check.absent", { subject: checked.bundle.subject })));
  }
  parts.push(layers(checked));
  if (checked.bundle) {
    const counts = { records: checked.bundle.records.length, entries: checked.bundle.size, ms: checked.ms };
    parts.push(
      element("p", "note", word("check.took", { ...counts, engine: word(`check.${checked.engine}`) })),
    );
  }
  if (checked.anchors) parts.push(checked.anchors.draw((again) => draw(panel, { ...shown, checked: again })));
  parts.push(worth(ofThisSite, command, trust), raw(checked, trust));
  panel.replaceChildren(...parts);
}

/** What evidence of an omission shows; none: nothing. */
export function drawOmission(
  panel: Element,
  trust: Trust,
  shown: Omission | undefined,
  command: string,
): void {
  const head = word(shown ? "check.omission_shown" : "check.omission_not_shown");
  const parts: Node[] = [
    element("p", `verdict ${shown ? "bad" : "warn"}`, head),
    element("p", "small", word("check.omission_of", { origin: trust.origin })),
  ];
  if (shown) {
    const blanks = { seq: String(shown.seq), subject: shown.subject ?? "", n: (shown.n ?? 0) + 1 };
    parts.splice(1, 0, element("p", "", word(`check.omission_${shown.kind}`, blanks)));
  }
  parts.push(worth(false, command, trust));
  panel.replaceChildren(...parts);
}

function found(findings: Findings): Node[] {
  const parts: Node[] = [];
  if (findings.held) parts.push(element("p", "err", word("check.hold_found")));
  else if (findings.lifted) parts.push(element("p", "small", word("check.lifted")));
  if (findings.differ.length) {
    parts.push(element("p", "err", word("check.differs", { n: findings.differ.length })));
    parts.push(element("ul", "fix", ...findings.differ.map((what) => element("li", "", what))));
  } else if (!findings.held) parts.push(element("p", "", word("check.agrees", { n: findings.agree })));
  return parts;
}

function layers(checked: Checked): HTMLElement {
  const rows = LAYERS.map((layer) => {
    const { status } = checked.layers[layer];
    const isLess = status === "not checked" && ALWAYS.includes(layer);
    const tag = element(
      "span",
      `tag ${isLess ? "warn" : CLASSES[status]}`,
      word(`outcome.${status.replace(" ", "_")}`),
    );
    const means = meaning(layer, checked);
    const says =
      status === "ok"
        ? means
        : word(status === "failed" ? "check.untrue" : "check.unconfirmed", { what: means });
    return element(
      "div",
      "test",
      element("p", "", tag, " ", element("b", "", word(`layer.${layer}`))),
      element("p", "small", says),
    );
  });
  return element("div", "", ...rows);
}

/** That nothing is left out is said only where somebody else than the operator has worked it out. */
function meaning(layer: keyof Checked["layers"], { layers, replayed }: Checked): string {
  if (layer !== "completeness" || layers.completeness.status !== "ok" || replayed.length === 0)
    return word(`check.${layer}`);
  return word("check.completeness_replayed", { k: replayed.length, names: replayed.join(", ") });
}

function worth(ofThisSite: boolean, command: string, trust: Trust): HTMLElement {
  const links = witnessPages(trust).map(({ name, host, address }) => {
    const link = element("a", "tap", word("check.witness_page", { name, host }));
    link.setAttribute("href", address);
    link.setAttribute("rel", "noopener noreferrer");
    return element("li", "", link);
  });
  return element(
    "div",
    "note",
    element("p", "", word(ofThisSite ? "check.served" : "check.served_file", { host: location.host })),
    ...(links.length ? [element("p", "", word("check.way_witness")), element("ul", "", ...links)] : []),
    element("p", "", word("check.way_elsewhere")),
    element("p", "", word("check.way_cli", { command })),
  );
}

/** Where witnesses of the policy check files. One under this very host would be no second opinion. */
function witnessPages(trust: Trust): { name: string; host: string; address: string }[] {
  return trust.witnesses.flatMap(({ key, url }) => {
    try {
      const address = new URL(`${(url ?? "").replace(/\/+$/, "")}/verify`);
      const isElsewhere = /^https?:$/.test(address.protocol) && address.host !== location.host;
      return isElsewhere ? [{ name: key.name, host: address.host, address: address.href }] : [];
    } catch {
      return [];
    }
  });
}

function raw(checked: Checked, trust: Trust): HTMLElement {
  const { bundle, layers, engine, anchors } = checked;
  const data = {
    layers,
    engine,
    anchors: anchors?.anchored,
    checkpoints: bundle?.checkpoints,
    records: bundle?.records.map(({ seq, leaf, payload }) => ({ seq, leaf, statement: payload })),
  };
  return element(
    "details",
    "",
    element("summary", "", word("check.raw")),
    element("p", "small", word("check.log_key")),
    element("p", "hash", trust.log.map((key) => key.vkey).join(" ")),
    element("p", "small", word("check.genesis")),
    element("p", "hash", trust.genesis),
    element(
      "pre",
      "",
      JSON.stringify(data, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value), 1),
    ),
  );
}
