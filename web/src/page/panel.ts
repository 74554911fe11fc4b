/** The panel: what was checked, in words for people first; what it is worth; the raw data one tap further. */

import { ALWAYS, LAYERS } from "../verify/index";
import { element } from "./dom";
import type { Findings } from "./redraw";
import type { Checked } from "./run";
import { word } from "./wording";

const CLASSES = { ok: "good", failed: "bad", "not checked": "" } as const;

export interface Shown {
  checked: Checked;
  trust: string;
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
  parts.push(worth(ofThisSite, command), raw(checked, trust));
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
    const means = word(`check.${layer}`);
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

function worth(ofThisSite: boolean, command: string): HTMLElement {
  return element(
    "div",
    "note",
    element("p", "", word(ofThisSite ? "check.served" : "check.served_file", { host: location.host })),
    element("p", "", word("check.way_elsewhere")),
    element("p", "", word("check.way_cli", { command })),
  );
}

function raw(checked: Checked, trust: string): HTMLElement {
  const { log, genesis } = JSON.parse(trust) as { log: string[]; genesis: string };
  const { bundle, layers, engine } = checked;
  const data = {
    layers,
    engine,
    checkpoints: bundle?.checkpoints,
    records: bundle?.records.map(({ seq, leaf, payload }) => ({ seq, leaf, statement: payload })),
  };
  return element(
    "details",
    "",
    element("summary", "", word("check.raw")),
    element("p", "small", word("check.log_key")),
    element("p", "hash", ...log),
    element("p", "small", word("check.genesis")),
    element("p", "hash", genesis),
    element("pre", "", JSON.stringify(data, null, 1)),
  );
}
