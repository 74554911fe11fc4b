/** Brought only where a bundle has anchors: judges them, and says what each is worth, whom to trust and what to compare. */

import { fromHex } from "../verify/bytes";
import {
  type Anchored,
  type Claim,
  HEADER_BYTES,
  Header,
  type JudgedAnchors,
  NOTHING_TOLD,
  type Publication,
  type Source,
  type Told,
  type Why,
  judgeAnchors,
  reversed,
} from "../verify/anchors/index";
import type { Bundle } from "../verify/bundle";
import { element } from "./dom";
import { word } from "./wording";

const KINDS: Record<string, string> = {
  "evm-calldata": "kind_evm_calldata",
  "evm-log": "kind_evm_log",
  ots: "kind_ots",
  rfc3161: "kind_rfc3161",
};
const LEVELS = {
  consensus: "level_consensus",
  "rpc-attested": "level_rpc_attested",
  "trusted-party": "level_trusted_party",
} as const;
const WHYS: Record<Why, string> = {
  pending: "pending",
  "block-not-confirmed": "block_not_confirmed",
  "test-chain": "test_chain",
  "rpc-attested": "rpc_attested",
  "unknown-kind": "unknown_kind",
  "unknown-version": "unknown_version",
  elsewhere: "not_in_browser",
  unsupported: "no_bitcoin",
};
const HASH_DIGITS = 64;
const ETHEREUM = 1n;

export function judge(bundle: Bundle, told: Told, list?: Publication): JudgedAnchors {
  return judgeAnchors(bundle, told, list);
}

/** `give` is called with what the reader knows from elsewhere by then. */
export function draw(anchored: Anchored[], told: Told, give: (told: Told) => void): HTMLElement {
  return element(
    "div",
    "",
    element("h3", "", say("title")),
    ...anchored.map((anchor) => one(anchor, told, give)),
    element("p", "note", say("not_truth")),
  );
}

export const nothingTold = NOTHING_TOLD;

function say(key: string, blanks: Record<string, string> = {}): string {
  return word(`anchor.${key}`, blanks);
}

function one(anchor: Anchored, told: Told, give: (told: Told) => void): HTMLElement {
  const { kind, size, coversAll, finding } = anchor;
  const { status, why, claim } = finding;
  const colour = status === "ok" ? "good" : status === "failed" ? "bad" : "warn";
  const known = KINDS[kind];
  const name = known ? say(known) : say("kind_other", { kind });
  const tag = element("span", `tag ${colour}`, word(`outcome.${status.replace(" ", "_")}`));
  const state =
    status === "ok"
      ? "confirmed"
      : status === "failed"
        ? "failed"
        : claim && isHeader(claim) && why === "block-not-confirmed"
          ? "header_not_confirmed"
          : WHYS[why!];
  // How far one must believe somebody; what proves nothing has no level.
  const isProof = claim && status !== "failed" && why !== "pending" && why !== "test-chain";
  const level = isProof ? [" ", element("span", "tag", say(LEVELS[claim.level]))] : [];
  const parts: (Node | string)[] = [
    element("p", "", tag, " ", element("b", "", name), ...level),
    element("p", status === "failed" ? "err" : "", say(state)),
  ];
  if (status !== "failed") {
    parts.push(...(claim ? claimed(claim, status === "ok", why) : []));
    parts.push(element("p", "small", whomToTrust(anchor)));
    if (why !== "pending" && why !== "test-chain")
      parts.push(element("p", "small", covering(size, coversAll, claim)));
    if (claim && (why === "block-not-confirmed" || why === "rpc-attested"))
      parts.push(...compare(claim, told, give, why === "block-not-confirmed"));
  }
  return element("div", "test", ...parts);
}

function isHeader({ source }: Claim): boolean {
  return source.is === "bitcoin";
}

function covering(size: number, coversAll: boolean, claim: Claim | undefined): string {
  const parts = [say("covers", { size: String(size) })];
  if (!coversAll) parts.push(say("covers_older"));
  if (claim) parts.push(say(claim.isPublication ? "publication" : "age_only"));
  return parts.join(" ");
}

/** The third of three times: neither the signer's nor the ledger's. */
function claimed(claim: Claim, isOk: boolean, why: Why | undefined): Node[] {
  const source = sourceText(claim.source);
  if (why === "pending") return [element("p", "small", source)];
  // A test chain's time is nobody's.
  if (why === "test-chain") return [element("p", "small", source)];
  if (claim.notAfter === undefined) return [element("p", "", say("no_later_unknown", { source }))];
  const key = isOk ? "no_later" : why === "rpc-attested" ? "no_later_rpc" : "no_later_if";
  const said = [element("p", "", say(key, { at: moment(claim.notAfter), source }))];
  if (claim.source.is === "bitcoin") said.push(element("p", "small", say("loose")));
  if (isOk) said.push(element("p", "", say("unchanged_since", { at: moment(claim.notAfter) })));
  return said;
}

function sourceText(source: Source): string {
  if (source.is === "calendars") return say("source_calendars", { names: source.names.join(" ") });
  if (source.is === "bitcoin") return say("source_bitcoin", { height: String(source.height) });
  const chain =
    source.chain === ETHEREUM ? say("chain_ethereum") : say("chain_other", { id: String(source.chain) });
  return say("source_evm", { chain, number: String(source.block) });
}

function whomToTrust({ kind, finding: { status, why, claim } }: Anchored): string {
  if (why === "test-chain" || why === "unsupported") return say("trust_nobody");
  if (why === "pending") return say("trust_calendars");
  if (kind === "rfc3161") return say("trust_some_party");
  if (status === "not checked" && !claim) return say("trust_nobody");
  return say(claim?.level === "rpc-attested" ? "trust_rpc" : "trust_consensus");
}

/** On China's clock, as the page tells time. */
function moment(seconds: bigint): string {
  const at = new Date(Number(seconds + 28_800n) * 1000);
  return Number.isNaN(at.getTime())
    ? String(seconds)
    : `${at.toISOString().slice(0, 16).replace("T", " ")} (UTC+8)`;
}

// -- what to compare, and where --------------------------------------------------------------------------------------

function compare(claim: Claim, told: Told, give: (told: Told) => void, mayGive: boolean): Node[] {
  const { source } = claim;
  if (source.is === "calendars") return [];
  const hash = source.is === "evm" ? `0x${source.blockHash}` : (source.blockHash ?? source.merkleRoot);
  const key = source.is === "bitcoin" && source.blockHash === undefined ? "compare_root" : "compare_hash";
  const shown = [element("p", "", say(key, { source: sourceText(source) })), element("p", "hash", hash)];
  return mayGive ? [...shown, field(source, told, give)] : shown;
}

/** Where the reader puts what he found elsewhere. It stays on the device. */
function field(source: Source, told: Told, give: (told: Told) => void): HTMLElement {
  const isHash = source.is === "evm";
  const digits = isHash ? HASH_DIGITS : 2 * HEADER_BYTES;
  const input = element("input", "") as HTMLInputElement;
  input.autocomplete = "off";
  input.spellcheck = false;
  const button = element("button", "button", say("give_button"));
  const answer = element("p", "err");
  answer.setAttribute("role", "status");
  const label = element("label", "", say(isHash ? "give_hash" : "give_header"), input);
  const form = element("form", "give", label, button, answer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.replace(/\s/g, "").toLowerCase().replace(/^0x/, "");
    answer.textContent = "";
    if (!new RegExp(`^[0-9a-f]{${digits}}$`).test(text))
      answer.textContent = say("given_unread", { n: String(digits) });
    else answer.textContent = wrong(source, text) ?? "";
    if (!answer.textContent) give(withGiven(source, text, told));
  });
  return form;
}

/** What is wrong with what the reader gave, if anything is. */
function wrong(source: Source, text: string): string | undefined {
  const given = text.length > HASH_DIGITS ? `${text.slice(0, HASH_DIGITS)}…` : text;
  if (source.is === "evm") return text === source.blockHash ? undefined : say("given_other", { given });
  if (source.is !== "bitcoin") return undefined;
  const header = new Header(fromHex(text));
  if (reversed(header.merkleRoot) !== source.merkleRoot || !header.meetsItsTarget)
    return say("given_other", { given });
  return header.isAsHardAs() ? undefined : say("given_weak");
}

function withGiven(source: Source, text: string, told: Told): Told {
  if (source.is === "evm") {
    return { ...told, evmBlocks: [...told.evmBlocks, { chain: source.chain, hash: text }] };
  }
  return { ...told, bitcoinHeaders: [...told.bitcoinHeaders, fromHex(text)] };
}
