//! What the rules of produce come to, in words: seats, safety, quantities, and what the records show of themselves.

use super::{Row, Said, Teller, row};
use crate::produce::lots::{Balance, Line, StageLoss};
use crate::produce::wording::base_amount;
use crate::produce::{ActiveContent, Claim, Guarantee, Interval, IntervalRow, Lifted, Reason, Seat, Source};
use crate::statement::kinds::Kind;
use crate::statement::schema::Shape;
use crate::statement::subject::{Subject, SubjectKind};
use crate::text::{Amount, Figure, GraphWord, Page, SeatState, Use, Words, labels, t};

/// Uses of pesticides and facts that a page shows unless asked for all.
const INTERVALS_SHOWN: usize = 3;
const NOTES_SHOWN: usize = 6;

/// Records behind a figure or fact that a page links to.
const LINKS_SHOWN: usize = 3;

pub(super) struct ProduceView {
    pub(super) seats: Vec<SeatView>,
    pub(super) guarantees: Vec<String>,
    pub(super) safety: Vec<Row>,
    pub(super) rules: Vec<RuleView>,
    pub(super) figures: Vec<FigureView>,
    pub(super) losses: Vec<FigureView>,
    pub(super) notes: Vec<NoteView>,
    pub(super) more_notes: Option<String>,
    pub(super) graph: String,
    pub(super) graph_title: &'static str,
    pub(super) graph_words: String,
    pub(super) judged: String,
}

pub(super) struct SeatView {
    pub(super) name: &'static str,
    pub(super) state: &'static str,
    pub(super) class: &'static str,
    pub(super) says: Vec<String>,
}

pub(super) struct FigureView {
    pub(super) label: String,
    pub(super) amount: String,
    /// Which figure it is, for the browser to work it out again.
    pub(super) name: String,
    pub(super) records: Vec<u64>,
}

/// A row of the table of intervals beside the words that it was read in.
pub(super) struct RuleView {
    pub(super) says: String,
    /// The quotation, then where it stands.
    pub(super) source: Vec<String>,
}

/// A fact and the records behind it.
pub(super) struct NoteView {
    pub(super) text: String,
    pub(super) class: &'static str,
    pub(super) records: Vec<u64>,
}

impl Teller<'_> {
    pub(super) fn produce(&self) -> ProduceView {
        let assessment = &self.story.assessment;
        let mut notes = self.notes();
        let left_out = notes.len().saturating_sub(NOTES_SHOWN);
        if !self.given.all {
            notes.truncate(NOTES_SHOWN);
        }
        ProduceView {
            seats: assessment.seats.seats.iter().map(|seat| self.seat(seat)).collect(),
            guarantees: assessment.guarantees.iter().map(|guarantee| self.guarantee(guarantee)).collect(),
            safety: self.safety(),
            rules: self.rules(),
            figures: self.figures(),
            losses: assessment.losses.iter().filter_map(|loss| self.loss(loss)).collect(),
            notes,
            more_notes: (left_out > 0 && !self.given.all)
                .then(|| self.fill(Page::MoreItems, &[("n", &left_out.to_string())])),
            graph: format!("/b/{}/graph.svg?lang={}", self.story.subject.id(), self.lang.tag()),
            graph_title: t(self.lang, GraphWord::Title),
            graph_words: self.ancestry(),
            judged: self.judged(),
        }
    }

    /// Why the page shows records only, and no more; nothing if it may show all.
    pub(super) fn gate(&self) -> Vec<String> {
        let blocked = self.story.assessment.judgement.blocks(Use::Page);
        blocked.into_iter().map(|reason| self.wording.fact(reason)).collect()
    }

    /// The reasons of the strip, the gravest first; what reads the same of several lots stands there once.
    pub(super) fn why(&self) -> Vec<String> {
        self.reasons(|_| true)
    }

    /// Only what holds it: what is merely missing stands further down.
    pub(super) fn why_held(&self) -> Vec<String> {
        self.reasons(Reason::is_hold)
    }

    fn reasons(&self, is_told: impl Fn(&Reason) -> bool) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        let reasons = self.story.assessment.judgement.reasons.iter().filter(|reason| is_told(reason));
        for reason in reasons.map(|reason| self.wording.fact(reason)) {
            if !told.contains(&reason) {
                told.push(reason);
            }
        }
        told
    }

    // -- seats -----------------------------------------------------------------------------------------------

    fn seat(&self, seat: &Seat) -> SeatView {
        let class = match seat.state {
            SeatState::Approved => "good",
            SeatState::ApprovedBefore => "warn",
            SeatState::Refused => "bad",
            SeatState::Empty => "",
        };
        let says = seat.signed.iter().flat_map(|signed| {
            let checked = signed.checked.iter().map(|code| self.code(Kind::SignOff, "/checked/0", code));
            let checked: Vec<String> = checked.collect();
            let who = format!("{} · {}", self.org(&signed.org), self.wording.when(&signed.occurred_at));
            [who, checked.join(t(self.lang, Amount::And))]
        });
        SeatView {
            name: t(self.lang, seat.seat),
            state: t(self.lang, seat.state),
            class,
            says: says.filter(|say| !say.is_empty()).collect(),
        }
    }

    fn guarantee(&self, guarantee: &Guarantee) -> String {
        let terms = guarantee.terms.iter().map(|code| self.code(Kind::Guarantee, "/terms/0", code));
        let who: Vec<&str> = guarantee.guarantors.iter().map(|org| self.org(org)).collect();
        let and = t(self.lang, Amount::And);
        self.fill(
            Page::Guaranteed,
            &[
                ("who", &who.join(and)),
                ("terms", &terms.collect::<Vec<_>>().join(and)),
                ("until", &self.day(&guarantee.valid_until)),
                ("state", t(self.lang, guarantee.state)),
            ],
        )
    }

    // -- safety ----------------------------------------------------------------------------------------------

    fn safety(&self) -> Vec<Row> {
        let judgement = &self.story.assessment.judgement;
        let mut intervals: Vec<&Interval> = judgement.intervals.iter().collect();
        // The shortest wait against what is asked first: that is what a reader looks for.
        intervals.sort_by_key(|interval| (interval.phi_days.is_some(), margin(interval)));
        intervals.dedup_by(|a, b| a.product == b.product && a.used == b.used);
        let shown = if self.given.all { intervals.len() } else { INTERVALS_SHOWN };
        let mut rows: Vec<Row> =
            intervals.iter().take(shown).map(|interval| self.interval(interval)).collect();
        if judgement.coverage.used == 0 {
            rows.push(row(self.w(Page::Pesticides), self.w(Page::NoPesticide).to_owned()));
        } else {
            let (tested, used) = (judgement.coverage.tested, judgement.coverage.used);
            let blanks = [("tested", tested.to_string()), ("used", used.to_string())];
            let blanks = blanks.each_ref().map(|(name, text)| (*name, text.as_str()));
            rows.push(row(self.w(Page::Pesticides), self.fill(Page::Covered, &blanks)));
        }
        let temperature = &judgement.temperature;
        if let (Some(over), Some(gap)) = (temperature.over_minutes, temperature.gap_minutes) {
            let (over, gap) = (over.to_string(), gap.to_string());
            let said = self.fill(Page::ColdChainSay, &[("over", &over), ("gap", &gap)]);
            rows.push(row(self.w(Page::ColdChain), said));
        }
        rows.extend(judgement.claims.iter().map(|claim| self.claim(claim)));
        rows.push(self.completeness());
        rows
    }

    fn interval(&self, interval: &Interval) -> Row {
        let waited = days_between(&interval.used, &interval.picked).to_string();
        let blanks = [
            ("used", self.day(&interval.used)),
            ("picked", self.day(&interval.picked)),
            ("days", waited),
            ("phi", interval.phi_days.map_or_else(String::new, |days| days.to_string())),
        ];
        let blanks = blanks.each_ref().map(|(name, text)| (*name, text.as_str()));
        let mut said = match interval.phi_days {
            Some(_) => self.fill(Page::Waited, &blanks),
            None => self.fill(Page::WaitUnknown, &blanks),
        };
        for (is_so, word) in
            [(interval.own_statement, Page::OwnStatement), (interval.fictional, Page::FictionalRow)]
        {
            if is_so {
                said = format!("{said} · {}", self.w(word));
            }
        }
        row(&interval.product, said)
    }

    /// Every row that an interval of the batch was counted by.
    fn rules(&self) -> Vec<RuleView> {
        let mut rows: Vec<&IntervalRow> = Vec::new();
        for row in
            self.story.assessment.judgement.intervals.iter().filter_map(|interval| interval.row.as_ref())
        {
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        rows.into_iter().map(|row| self.rule(row)).collect()
    }

    fn rule(&self, row: &IntervalRow) -> RuleView {
        let active = |active: &ActiveContent| {
            let unit = self.code(Kind::RulesSet, "/intervals/0/actives/0/unit", &active.unit);
            format!("{} {}{unit}", active.name, active.content)
        };
        let actives: Vec<String> = row.actives.iter().map(active).collect();
        let product = format!("{} {}", actives.join(" + "), row.formulation);
        let crops: Vec<&str> = [&row.crop].into_iter().chain(&row.same_crops).map(String::as_str).collect();
        let blanks = [("product", product), ("crop", crops.join(" / ")), ("phi", row.phi_days.to_string())];
        let blanks = blanks.each_ref().map(|(name, text)| (*name, text.as_str()));
        let uses = row.max_uses.map(|n| self.fill(Page::RowUses, &[("n", &n.to_string())]));
        let says = [Some(self.fill(Page::RowSays, &blanks)), uses].into_iter().flatten().collect::<Vec<_>>();
        let mut source = Vec::new();
        if let Some(read) = &row.source {
            source.push(self.fill(Page::RowQuote, &[("quote", &read.quote)]));
            let dated = read.dated.as_ref().map(|dated| format!(" {}", self.day(dated))).unwrap_or_default();
            let title = format!("{}{dated}", read.title);
            source.push(self.fill(Page::RowRead, &[("title", &title), ("day", &self.day(&read.read_on))]));
            source.extend(read.address.clone());
        }
        if row.fictional {
            source.push(self.w(Page::FictionalRow).to_owned());
        }
        RuleView { says: says.join(" · "), source }
    }

    fn claim(&self, claim: &Claim) -> Row {
        let scheme = self.code(Kind::PlotRegister, "/base_cert/0/scheme", &claim.scheme);
        let numbers: Vec<&str> = claim.numbers.iter().map(String::as_str).collect();
        let until = claim.valid_until.as_ref().map(|day| self.day(day));
        let parts = [Some(t(self.lang, claim.state).to_owned()), Some(numbers.join(" ")), until];
        row(&scheme, parts.into_iter().flatten().collect::<Vec<_>>().join(" · "))
    }

    fn completeness(&self) -> Row {
        let completeness = &self.story.assessment.judgement.completeness;
        let missing = completeness.stages.iter().filter(|stage| !stage.present);
        let missing: Vec<&str> = missing.map(|stage| t(self.lang, stage.need)).collect();
        let (present, needed) = (completeness.present.to_string(), completeness.needed.to_string());
        let mut said = self.fill(Page::StagesThere, &[("present", &present), ("needed", &needed)]);
        if !missing.is_empty() {
            let list = missing.join(t(self.lang, Amount::And));
            said = format!("{said} · {}", self.fill(Page::StagesMissing, &[("list", &list)]));
        }
        row(self.w(Page::RecordsThere), said)
    }

    // -- quantities ------------------------------------------------------------------------------------------

    fn figures(&self) -> Vec<FigureView> {
        let balances = &self.story.assessment.balances;
        let whole = balances.iter().flat_map(|balance| {
            balance.lines.iter().filter(|line| line.holder.is_none()).map(move |line| (balance, line))
        });
        let shown = whole.filter(|(_, line)| self.given.all || is_told_at_once(line.label));
        shown.map(|(balance, line)| self.figure(balance, line)).collect()
    }

    fn figure(&self, balance: &Balance, line: &Line) -> FigureView {
        let mut label = t(self.lang, line.label).to_owned();
        if let Some(year) = line.year {
            label = format!("{label} {year}");
        }
        let about = Subject::parse(&balance.subject).ok();
        let field = about.filter(|about| about.kind() != SubjectKind::Batch);
        let name = Words::entry(line.label).key.trim_start_matches("figure.");
        let year = line.year.map(|year| year.to_string());
        let parts = [Some(name), field.as_ref().map(Subject::as_str), year.as_deref()];
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        if let Some(local) = field.as_ref().and_then(Subject::local) {
            label = format!("{local} {label}");
        }
        FigureView {
            label,
            amount: base_amount(line.amount, line.base, self.lang),
            name,
            records: links(&line.sources),
        }
    }

    /// `分级 8.2%`, of what was put in.
    fn loss(&self, loss: &StageLoss) -> Option<FigureView> {
        let kind: Kind = format!("{}/1", loss.stage).parse().ok()?;
        let tenths = i128::from(loss.loss) * 1_000 / i128::from(loss.put_in.max(1));
        let share = format!("{}.{}%", tenths / 10, tenths % 10);
        let lost = base_amount(loss.loss, loss.base, self.lang);
        let label = format!("{} · {}", t(self.lang, Figure::Loss), labels::kind(self.lang, kind));
        (loss.put_in > 0 && loss.loss > 0).then(|| FigureView {
            label,
            amount: format!("{lost} · {share}"),
            // What was lost on the way is not in one record alone: the browser does not work it out.
            name: if kind == Kind::Shipping { String::new() } else { format!("loss {}", loss.stage) },
            records: Vec::new(),
        })
    }

    // -- what the records show ------------------------------------------------------------------------------

    /// What does not add up, what was lifted, notes, and flags: what does not fit before what only tells.
    fn notes(&self) -> Vec<NoteView> {
        let assessment = &self.story.assessment;
        let note =
            |text: String, class, records: &[Source]| NoteView { text, class, records: links(records) };
        let mut notes: Vec<NoteView> = assessment
            .imbalances
            .iter()
            .map(|fact| {
                note(self.wording.fact(fact), if fact.sort.holds() { "bad" } else { "warn" }, &fact.records)
            })
            .collect();
        notes.extend(
            assessment
                .judgement
                .notes
                .iter()
                .map(|fact| note(self.wording.fact(fact), "warn", &fact.records)),
        );
        notes.extend(assessment.judgement.lifted.iter().map(|lifted| self.lifted(lifted)));
        let (told, odd): (Vec<_>, Vec<_>) =
            assessment.flags.iter().partition(|flag| flag.sort.is_disclosure());
        for (flags, class) in [(odd, "warn"), (told, "")] {
            notes.extend(flags.into_iter().map(|flag| note(self.wording.fact(flag), class, &flag.records)));
        }
        notes
    }

    fn lifted(&self, lifted: &Lifted) -> NoteView {
        let who: Vec<&str> = lifted.by.iter().map(|org| self.org(org)).collect();
        let who = who.join(t(self.lang, Amount::And));
        let reason = self.wording.fact(&lifted.reason);
        let records: Vec<Source> = [lifted.release].into_iter().chain(lifted.test).collect();
        NoteView {
            text: self.fill(Page::LiftedBy, &[("reason", &reason), ("who", &who)]),
            class: "",
            records: links(&records),
        }
    }

    fn ancestry(&self) -> String {
        let lots: Vec<&str> = self.story.ancestors.iter().map(Subject::id).collect();
        match lots.as_slice() {
            [] => self.w(Page::Nothing).to_owned(),
            lots => lots.join(t(self.lang, Amount::And)),
        }
    }

    /// How many entries and which day everything here is judged by, and under which tables.
    fn judged(&self) -> String {
        let assessment = &self.story.assessment;
        let size = assessment.judgement.size.to_string();
        let at = self.wording.moment(assessment.judgement.as_of);
        let mut judged = self.fill(Page::Judged, &[("size", &size), ("at", &at)]);
        let tables = assessment.tables.iter().map(|table| {
            let name = self.code(Kind::RulesSet, "/table", table.table);
            self.fill(Page::TableVersion, &[("table", &name), ("n", &table.version.to_string())])
        });
        let tables: Vec<String> = tables.collect();
        if !tables.is_empty() {
            judged = format!("{judged} · {}", tables.join(t(self.lang, Amount::And)));
        }
        judged
    }

    /// What people read for a code of a kind's data; the code itself where a bundle's record has another.
    fn code(&self, kind: Kind, pointer: &str, code: &str) -> String {
        let label = Shape::of(kind).at(pointer).and_then(|shape| shape.label(self.lang, code));
        label.unwrap_or(code).to_owned()
    }
}

impl Row {
    /// Its value, where that is plain.
    pub(super) fn text(&self) -> &str {
        match &self.said {
            Said::Text(text) => text,
            _ => "",
        }
    }
}

/// How much there was, where it went, and what the field can give.
fn is_told_at_once(figure: Figure) -> bool {
    matches!(
        figure,
        Figure::Capacity
            | Figure::Drawn
            | Figure::Harvested
            | Figure::Left
            | Figure::Made
            | Figure::Sold
            | Figure::ToConsumers
    )
}

fn links(sources: &[Source]) -> Vec<u64> {
    sources.iter().map(|source| source.seq).take(LINKS_SHOWN).collect()
}

/// Days waited beyond what is asked.
fn margin(interval: &Interval) -> i64 {
    days_between(&interval.used, &interval.picked) - interval.phi_days.unwrap_or(0)
}

fn days_between(from: &str, to: &str) -> i64 {
    let day = |text: &str| text.parse::<crate::statement::time::Date>().map(|date| date.days());
    match (day(from), day(to)) {
        (Ok(from), Ok(to)) => to - from,
        _ => 0,
    }
}
