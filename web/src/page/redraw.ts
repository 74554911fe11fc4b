/** Compares the page with a verified bundle, and redraws what the bundle says otherwise. */

import { type Bundle, type Json, isMembers } from "../verify/index";
import { element, shown, strike } from "./dom";
import { figuresOf } from "./figures";
import { type Story, type Told, failedItems, isBad, now, own, storyOf } from "./story";
import { canBe, kindWord, resultUnit, textOf, word } from "./wording";

export interface Findings {
  agree: number;
  /** In words, each already struck or drawn on the page. */
  differ: string[];
  /** A failed test or a hold that the page did not tell of. */
  held: boolean;
  /** There is one, and a release that names it. */
  lifted: boolean;
}

/** What a lot's account always tells, if there is any. */
const LOT_FIGURES = ["made", "drawn", "to_consumers", "sold"];
/** What the bundle alone may not be enough for. */
const MAY_BE_UNKNOWN = /^(?:left|sold|harvested) ?/;

export function redraw(bundle: Bundle): Findings {
  const story = storyOf(bundle);
  const findings: Findings = { agree: 0, differ: [], held: false, lifted: story.lifted.length > 0 };
  checkEvents(story, findings);
  checkTests(story, findings);
  checkFacts(story, findings);
  checkFigures(bundle, story, findings);
  checkMissing(bundle, story, findings);
  checkStrip(story, findings);
  return findings;
}

function name(told: Told): string {
  return word("check.record_no", { seq: told.seq, kind: kindWord(told.kind) });
}

// -- entries ---------------------------------------------------------------------------------------------------------

function checkEvents(story: Story, findings: Findings): void {
  for (const event of document.querySelectorAll("[data-seq]")) {
    const told = story.told.get(Number(event.getAttribute("data-seq")));
    const summary = event.querySelector("summary")!;
    const leaf = event.querySelector(".hash")?.textContent.trim().split(" ").pop();
    const label = shown(event.querySelector("summary b")!);
    if (!told || (leaf !== undefined && leaf !== told.record.leaf) || label !== kindWord(told.kind)) {
      findings.differ.push(word("check.not_in_evidence", { what: shown(summary) }));
      strike(summary);
      continue;
    }
    findings.agree += 1;
    for (const fact of event.querySelectorAll("[data-f]"))
      checkFact(fact, [valueAt(now(told), fact)], findings, name(told));
  }
}

function valueAt(data: Json | undefined, fact: Element): Json | undefined {
  let value = data;
  for (const token of fact.getAttribute("data-f")!.split("/")) {
    if (Array.isArray(value)) value = value[Number(token)];
    else value = isMembers(value) ? value[token.replace(/~1/g, "/").replace(/~0/g, "~")] : undefined;
  }
  return value;
}

function checkFact(fact: Element, values: (Json | undefined)[], findings: Findings, where: string): void {
  const page = shown(fact);
  if (values.some((value) => canBe(page, value))) {
    findings.agree += 1;
    return;
  }
  const known = values.filter((value) => value !== undefined);
  if (known.length === 1) {
    const evidence = textOf(known[0]);
    findings.differ.push(`${where}：${word("check.other_in_evidence", { page, evidence })}`);
    strike(fact, evidence);
  } else {
    findings.differ.push(word("check.not_in_evidence", { what: page }));
    strike(fact);
  }
}

/** Facts above the timeline: what any entry of the line says under that name. */
function checkFacts(story: Story, findings: Findings): void {
  const events = [...new Set(story.told.values())];
  for (const fact of document.querySelectorAll("[data-f]")) {
    if (fact.closest("[data-seq],[data-test]")) continue;
    const last = fact.getAttribute("data-f")!.split("/").pop()!;
    const values: Json[] = [];
    const collect = (value: Json): void => {
      if (Array.isArray(value)) value.forEach(collect);
      else if (isMembers(value)) {
        for (const [member, item] of Object.entries(value)) {
          if (member === last) values.push(item);
          collect(item);
        }
      }
    };
    events.forEach((told) => collect(now(told)));
    const label = fact.previousElementSibling ? shown(fact.previousElementSibling) : "";
    checkFact(fact, values, findings, label);
  }
}

// -- tests -----------------------------------------------------------------------------------------------------------

function conclusionOf(told: Told): string {
  const failed = failedItems(now(told)).length;
  return failed ? word("page.items_failed", { n: failed }) : textOf(now(told).conclusion);
}

function checkTests(story: Story, findings: Findings): void {
  const section = document.querySelector("#tests");
  if (!section) return;
  const tests = [...section.querySelectorAll("[data-test]")];
  for (const test of tests) {
    const told = story.told.get(Number(test.getAttribute("data-test")));
    const tag = test.querySelector(".tag")!;
    if (told?.kind === "inspection/1") checkCard(test, told, findings);
    if (told?.kind !== "inspection/1") {
      findings.differ.push(word("check.not_in_evidence", { what: shown(test) }));
      strike(test);
    } else if (shown(tag) !== conclusionOf(told)) {
      findings.differ.push(
        `${name(told)}：${word("check.other_in_evidence", { page: shown(tag), evidence: conclusionOf(told) })}`,
      );
      strike(tag, conclusionOf(told));
    } else findings.agree += 1;
  }
  const told = new Set(tests.map((test) => Number(test.getAttribute("data-test"))));
  for (const bad of [...story.held, ...story.lifted].filter(
    ({ kind, seq }) => kind === "inspection/1" && !told.has(seq),
  )) {
    section.querySelector("h2")?.after(drawTest(bad));
  }
}

/** What a test's card tells beside its conclusion: the report's number, and each item that failed. */
function checkCard(test: Element, told: Told, findings: Findings): void {
  const number = test.querySelector("[data-f]");
  if (number) checkFact(number, [now(told).report_no], findings, name(told));
  const failed = told.versions.flatMap((data) => failedItems(data).map(failedText));
  for (const item of test.querySelectorAll("[data-item]")) {
    if (failed.includes(shown(item))) findings.agree += 1;
    else {
      findings.differ.push(word("check.not_in_evidence", { what: shown(item) }));
      strike(item);
    }
  }
}

function drawTest(told: Told): HTMLElement {
  const data = told.versions.find(isBad) ?? now(told);
  const lines = failedItems(data).map((item) => element("p", "err", failedText(item)));
  const report = element(
    "p",
    "small",
    `${textOf(data.reported_date)} · ${textOf(data.report_no)} · ${name(told)}`,
  );
  return element(
    "div",
    "test",
    element("p", "", element("span", "tag bad", conclusionOf(told))),
    ...lines,
    report,
  );
}

function failedText(item: Record<string, Json>): string {
  const unit = resultUnit(item.unit);
  const value = `${textOf(item.value ?? item.result)}${unit}`;
  const blanks = { analyte: textOf(item.analyte), value, limit: `${textOf(item.limit)}${unit}` };
  return word(item.limit === undefined ? "page.say_failed_plain" : "page.say_failed_item", blanks);
}

// -- quantities ------------------------------------------------------------------------------------------------------

/** Figures that are sums: worked out again from the bundle's own records. */
function checkFigures(bundle: Bundle, story: Story, findings: Findings): void {
  const figures = figuresOf(bundle, story);
  const shownOnes = [...document.querySelectorAll("[data-x]")];
  for (const figure of shownOnes) {
    const name = figure.getAttribute("data-x")!;
    const known = figures.get(name);
    const [page, label] = [shown(figure), shown(figure.closest("dd")!.previousElementSibling!)];
    if (known?.includes(page)) findings.agree += 1;
    else if (known?.length) {
      const evidence = known.join(" · ");
      findings.differ.push(`${label}：${word("check.other_in_evidence", { page, evidence })}`);
      strike(figure, evidence);
    } else if (known || !MAY_BE_UNKNOWN.test(name)) {
      findings.differ.push(word("check.not_in_evidence", { what: `${label} ${page}` }));
      strike(figure);
    }
  }
  const names = shownOnes.map((figure) => figure.getAttribute("data-x"));
  if (!document.querySelector("#amounts")) return;
  for (const [name, texts] of figures) {
    if (LOT_FIGURES.includes(name) && texts.length && !names.includes(name)) {
      findings.differ.push(
        word("check.not_on_page", { what: `${word(`figure.${name}`)} ${texts.join(" · ")}` }),
      );
    }
  }
}

// -- what the page leaves out ----------------------------------------------------------------------------------------

/** A page that shortens itself says so; one that shows everything must show all of the batch's own entries. */
function checkMissing(bundle: Bundle, story: Story, findings: Findings): void {
  if (document.querySelector("#timeline a[href*='all=1']")) return;
  const events = [...document.querySelectorAll("[data-seq]")].map((event) =>
    Number(event.getAttribute("data-seq")),
  );
  for (const told of own(bundle, story)) {
    if (!told.withdrawn && !events.includes(told.seq)) {
      findings.differ.push(word("check.not_on_page", { what: name(told) }));
    }
  }
}

// -- the strip -------------------------------------------------------------------------------------------------------

/** Never makes it milder: the page may know of reasons that this program does not look for. */
function checkStrip(story: Story, findings: Findings): void {
  const strip = document.querySelector(".strip");
  if (!strip || strip.classList.contains("hold")) return;
  const isNormal = strip.classList.contains("normal");
  if (story.held.length > 0) {
    findings.held = true;
    draw(strip, "hold", word("condition.hold"), [word("check.hold_found")]);
    const reasons = story.held.flatMap((told) =>
      failedItems(told.versions.find(isBad) ?? now(told)).map(failedText),
    );
    strip
      .querySelector(".wide")
      ?.append(
        element("ul", "why", ...[...story.held.map(name), ...reasons].map((say) => element("li", "", say))),
      );
    document.title = `${word("condition.hold")} · ${document.title}`;
  } else if (story.corrected > 0 && isNormal) {
    findings.differ.push(word("check.not_on_page", { what: word("condition.corrected") }));
    draw(strip, "corrected", word("condition.corrected"), []);
  } else findings.agree += 1;
}

function draw(strip: Element, className: string, said: string, says: string[]): void {
  strip.className = `strip ${className}`;
  strip.querySelector(".why")?.remove();
  // The old sign would say the old thing.
  strip.querySelector("svg")?.remove();
  const status = strip.querySelector("[role=status]")!;
  status.replaceChildren(element("strong", "", said), ...says.map((say) => element("p", "", say)));
}
