//! The provenance page as a view: everything that the template shows, already in words.
//!
//! Built from a [`Story`] and the checkpoint it stands under; the template decides nothing but the order.

mod produce;

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use serde_json::Value;

use self::produce::ProduceView;
use super::anchor_rows::{self, AnchorRow};
use super::layout::{Layout, Strip};
use super::witness_rows::{WitnessRows, WitnessesSeen};
use crate::http::anchored::JudgedJob;
use crate::ledger::Entry;
use crate::merkle::Hash;
use crate::produce::wording::{Line, SaidText, Wording};
use crate::produce::{Event, Inspection, Organisation, Sample, Signed, Story, Version};
use crate::statement::kinds::Kind;
use crate::statement::subject::{Subject, SubjectKind};
use crate::text::{
    Amount, Anchor, Check, Condition, KeyStanding, Lang, Page, Standing, Use, fill, labels, t,
};

/// Up to here a page shows every entry in full; longer stories show the newest of each stage.
const EVENTS_IN_FULL: usize = 12;

/// Older entries of a stage that a shortened page still lists, folded away.
const OLDER_LISTED: usize = 3;

/// Test results that a page tells unless asked for all: the bad ones first.
const TESTS_SHOWN: usize = 6;

/// Lines of reasons in the strip.
const REASONS_SHOWN: usize = 6;

/// Elements of a list, such as analytes, that a page shows unless asked for all.
const GROUPS_SHOWN: usize = 12;

/// Raw statements that a page carries, the newest first, unless all is asked for; the others are a link away.
const RAW_BYTES_SHOWN: usize = 1_024;

/// What a page is made of.
pub(super) struct Given<'a> {
    pub story: &'a Story,
    pub records: &'a BTreeMap<u64, Entry>,
    pub root: Hash,
    /// None: there is no policy that asks for witnesses.
    pub witnesses: Option<WitnessesSeen>,
    /// What is anchored of the entries that the page tells of.
    pub anchors: &'a [JudgedJob],
    /// Commitments of attachments whose files can be shown.
    pub held: &'a BTreeSet<Hash>,
    /// Show every entry in full, however many there are.
    pub all: bool,
}

#[derive(Template)]
#[template(path = "batch.html")]
pub(super) struct BatchView {
    layout: Layout,
    strip: Strip,
    name: String,
    subtitle: String,
    freshness: Vec<String>,
    photo: Option<PhotoView>,
    brief: Vec<BriefView>,
    facts: Vec<Row>,
    origin: Vec<Row>,
    tests: Vec<TestView>,
    more_tests: Option<String>,
    waiting: Vec<String>,
    people: Vec<PersonView>,
    stages: Vec<StageView>,
    care: Vec<Row>,
    produce: ProduceView,
    /// What is missing for a page; where something is, the records stand alone.
    gate: Vec<String>,
    evidence: EvidenceView,
    batch: String,
    /// Labels may be printed.
    may_print: bool,
    short_code: String,
    data_of: String,
    shows_all: bool,
}

/// A label and a value, nested where the value is a group.
#[derive(Template)]
#[template(path = "row.html")]
struct Row {
    label: String,
    said: Said,
    /// Where it stands in the entry's `data`, for the browser to compare with the evidence.
    fact: Option<String>,
}

/// A value on the page.
enum Said {
    Text(String),
    /// Address and text.
    Link(String, String),
    Sealed(&'static str),
    Groups(Vec<Vec<Row>>),
}

/// One of the three facts in a line, with the place on the page where it is told in full.
struct BriefView {
    anchor: &'static str,
    label: &'static str,
    said: String,
    /// Of what colour; none for what is neither good nor bad.
    class: &'static str,
    tag: Option<String>,
}

#[derive(Template)]
#[template(path = "photo.html")]
struct PhotoView {
    words: PhotoWords,
    url: Option<String>,
    ai_made: bool,
}

struct PhotoWords {
    photo: &'static str,
    ai_made: &'static str,
    not_held: &'static str,
}

struct TestView {
    seq: u64,
    is_bad: bool,
    is_good: bool,
    conclusion: String,
    by_third_party: bool,
    report_no: String,
    lines: Vec<String>,
    failed: Vec<String>,
}

struct PersonView {
    name: String,
    id: String,
    roles: String,
    identity: String,
    status: Option<String>,
}

struct StageView {
    name: &'static str,
    key: &'static str,
    shown: Vec<EventView>,
    older: Vec<EventView>,
    /// Not on this page at all.
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "event.html")]
struct EventView {
    words: EventWords,
    in_full: bool,
    seq: u64,
    leaf: String,
    kind: &'static str,
    headline: Vec<Part>,
    when: String,
    who: String,
    late: Option<String>,
    ahead: bool,
    corrected: Option<String>,
    suspect: bool,
    bad: bool,
    third_party: bool,
    times: [Row; 3],
    place: Option<String>,
    fields: Vec<Row>,
    signatures: Vec<SignatureView>,
    versions: Vec<VersionView>,
    photos: Vec<PhotoView>,
    files: Option<String>,
    raw: Option<String>,
    link: String,
}

#[derive(Clone, Copy)]
struct EventWords {
    ahead: &'static str,
    correction: &'static str,
    hold: &'static str,
    leaf: &'static str,
    place: &'static str,
    raw: &'static str,
    revoked: &'static str,
    signed_by: &'static str,
    third_party: &'static str,
}

/// A piece of an entry's headline, and where it stands in the entry's `data`.
struct Part {
    fact: Option<String>,
    text: String,
}

struct SignatureView {
    text: String,
    key: &'static str,
    is_bad: bool,
}

struct VersionView {
    seq: u64,
    when: String,
    why: String,
    who: String,
    changes: Vec<ChangeView>,
    not_comparable: Option<String>,
    link: String,
}

struct ChangeView {
    label: String,
    old: String,
    new: String,
}

struct EvidenceView {
    size: String,
    root: String,
    at: String,
    witnesses: WitnessRows,
    anchors: Vec<AnchorRow>,
    not_anchored: &'static str,
    chains: Vec<Row>,
    bundle: String,
    file: String,
    commands: String,
}

/// Entries of the log that the page tells of: up to its newest record.
pub(super) fn covered(records: &BTreeMap<u64, Entry>) -> u64 {
    records.last_key_value().map_or(0, |(seq, _)| seq + 1)
}

impl BatchView {
    pub(super) fn new(layout: Layout, given: &Given<'_>) -> BatchView {
        Teller::new(&layout, given).view(layout.clone())
    }

    fn third_party(&self) -> &'static str {
        t(self.layout.lang, Standing::ThirdParty)
    }

    fn check_word(&self) -> &'static str {
        t(self.layout.lang, Check::Start)
    }

    fn check_file_word(&self) -> &'static str {
        t(self.layout.lang, Check::FileTitle)
    }
}

/// Turns a story into a view, in one language.
struct Teller<'a> {
    given: &'a Given<'a>,
    story: &'a Story,
    lang: Lang,
    wording: Wording<'a>,
    public_url: String,
    /// Entries whose raw statements the page carries.
    raw: BTreeSet<u64>,
}

impl<'a> Teller<'a> {
    fn new(layout: &Layout, given: &'a Given<'a>) -> Teller<'a> {
        let lang = layout.lang;
        let wording = Wording::of(given.story, lang);
        let raw = raw_shown(given);
        Teller { given, story: given.story, lang, wording, public_url: layout.public_url.clone(), raw }
    }

    fn view(&self, mut layout: Layout) -> BatchView {
        let story = self.story;
        let in_full = self.given.all || story.events.len() <= EVENTS_IN_FULL;
        let gate = self.gate();
        let may_print = story.assessment.judgement.blocks(Use::Labels).is_empty();
        let strip = self.strip(!gate.is_empty());
        let name = self.name();
        layout.title = format!("{name} · {} · {}", strip.word, self.w(Page::SiteName));
        layout.description = strip.says.first().cloned().unwrap_or_default();
        let held = story.events.iter().flat_map(|event| &event.photos);
        let photo = held.map(|photo| self.photo(photo)).find(|photo| photo.url.is_some());
        layout.image = match &photo {
            Some(PhotoView { url: Some(url), .. }) => format!("{}{url}", self.public_url),
            _ if may_print => format!("{}/b/{}/qr.png", self.public_url, story.subject.id()),
            _ => String::new(),
        };
        BatchView {
            subtitle: self.subtitle(),
            freshness: self.freshness(),
            photo,
            brief: vec![self.brief_origin(), self.brief_test(), self.brief_who()],
            facts: self.facts(),
            origin: self.origin(),
            tests: self.tests(),
            more_tests: self.more_tests(),
            waiting: story.waiting_samples.iter().map(|sample| self.waiting(sample)).collect(),
            people: self.people(),
            stages: self.stages(in_full),
            care: self.care(),
            produce: self.produce(),
            gate,
            may_print,
            evidence: self.evidence(),
            batch: story.subject.id().to_owned(),
            short_code: story.short_code.clone(),
            data_of: self.fill(Page::DataOf, &[("at", &self.wording.moment(story.at))]),
            shows_all: self.given.all,
            layout,
            strip,
            name,
        }
    }

    // -- the strip -------------------------------------------------------------------------------------------

    fn strip(&self, is_gated: bool) -> Strip {
        let story = self.story;
        let word = t(self.lang, story.condition);
        let (class, says, reasons) = match story.condition {
            Condition::Withdrawn => ("hold", vec![self.w(Page::SayWithdrawn).to_owned()], self.why()),
            Condition::Hold => ("hold", vec![self.w(Page::SayHold).to_owned()], self.why_held()),
            Condition::Incomplete => {
                let say = if is_gated { Page::SayGate } else { Page::SayIncomplete };
                ("incomplete", vec![self.w(say).to_owned()], self.why())
            }
            Condition::SignerRevoked => ("revoked", self.why_revoked(), Vec::new()),
            Condition::Corrected => ("corrected", vec![self.corrected_times()], self.what_changed()),
            Condition::Normal => {
                let tested = story.inspections.iter().any(Inspection::is_good);
                let say = if tested { Page::SayNormal } else { Page::SayNoTest };
                ("normal", vec![self.w(say).to_owned()], Vec::new())
            }
        };
        let mut reasons: Vec<String> = reasons;
        reasons.truncate(REASONS_SHOWN);
        Strip { class, word, says, reasons }
    }

    fn corrected_times(&self) -> String {
        self.fill(Page::SayCorrected, &[("n", &self.story.corrections.to_string())])
    }

    fn failed_items(&self, inspection: &Inspection) -> Vec<String> {
        let failed = inspection.items.iter().filter(|item| text(item, "verdict") == "fail");
        let item = |item: &Value| {
            let code = |name: &str| {
                let pointer = format!("/items/0/{name}");
                labels::code(self.lang, Kind::Inspection, &pointer, text(item, name)).unwrap_or_default()
            };
            let unit = code("unit");
            let value = match text(item, "value") {
                "" => code("result").to_owned(),
                value => format!("{value} {unit}"),
            };
            let analyte = text(item, "analyte");
            match text(item, "limit") {
                "" => self.fill(Page::SayFailedPlain, &[("analyte", analyte), ("value", &value)]),
                limit => self.fill(
                    Page::SayFailedItem,
                    &[("analyte", analyte), ("value", &value), ("limit", &format!("{limit} {unit}"))],
                ),
            }
        };
        failed.map(item).collect()
    }

    fn why_revoked(&self) -> Vec<String> {
        let mut says = BTreeSet::new();
        let mut suspect = 0;
        for event in &self.story.events {
            let versions = event.versions.iter().flat_map(|version| &version.signers);
            for signed in event.signers.iter().chain(versions) {
                let Some(revoked) = &signed.revoked else { continue };
                if !matches!(signed.standing, KeyStanding::Revoked | KeyStanding::Suspect) {
                    continue;
                }
                suspect += usize::from(signed.standing == KeyStanding::Suspect);
                let reason = labels::code(self.lang, Kind::OrgKeyRevoke, "/reason", &revoked.reason);
                says.insert(self.fill(
                    Page::SayRevoked,
                    &[
                        ("org", self.org(&signed.org)),
                        ("reason", reason.unwrap_or(&revoked.reason)),
                        ("date", &self.wording.moment(revoked.at)),
                    ],
                ));
            }
        }
        let mut says: Vec<String> = says.into_iter().collect();
        says.push(match suspect {
            0 => self.w(Page::SayBefore).to_owned(),
            n => self.fill(Page::SaySuspect, &[("n", &n.to_string())]),
        });
        says
    }

    fn what_changed(&self) -> Vec<String> {
        let mut changed = Vec::new();
        for event in &self.story.events {
            for change in event.versions.iter().flat_map(|version| self.changes(event, version)) {
                let kind = labels::kind(self.lang, event.kind);
                let label = format!("{kind} {}", change.label);
                let blanks = [("label", label.as_str()), ("old", &change.old), ("new", &change.new)];
                changed.push(self.fill(Page::WasNow, &blanks));
            }
        }
        changed
    }

    // -- what it is ------------------------------------------------------------------------------------------

    fn name(&self) -> String {
        let product = &self.story.product;
        let grown = [&product.variety, &product.crop].into_iter().flatten().cloned().collect::<Vec<_>>();
        match &product.name {
            Some(name) => name.clone(),
            None if grown.is_empty() => self.w(Page::Unnamed).to_owned(),
            None => grown.join(" "),
        }
    }

    fn subtitle(&self) -> String {
        let product = &self.story.product;
        let variety = product.variety.as_ref().filter(|variety| !self.name().contains(variety.as_str()));
        let size = product.spec.as_ref().map(|spec| self.spec(spec));
        let parts = [product.brand.clone(), variety.cloned(), product.grade.clone(), size];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    fn spec(&self, spec: &Value) -> String {
        match text(spec, "label") {
            "" => self.wording.line(Kind::Grading, "/data/outputs/0/spec", spec).said.flat(self.lang),
            label => label.to_owned(),
        }
    }

    fn freshness(&self) -> Vec<String> {
        let product = &self.story.product;
        let picked = product.days_since_harvest.map(|days| {
            let (from, to) = (product.harvested_from.as_deref(), product.harvested_to.as_deref());
            let last = self.day(to.unwrap_or_default());
            let day = match from.filter(|from| Some(*from) != to) {
                Some(first) => format!("{} – {last}", self.day(first)),
                None => last,
            };
            let word = match days {
                0 => Page::HarvestedToday,
                1 => Page::HarvestedYesterday,
                _ => Page::HarvestedAgo,
            };
            self.fill(word, &[("n", &days.to_string()), ("day", &day)])
        });
        let stored = product.days_in_store.filter(|days| *days > 0);
        let stored = stored.map(|n| self.fill(Page::InStore, &[("n", &n.to_string())]));
        picked.into_iter().chain(stored).collect()
    }

    fn facts(&self) -> Vec<Row> {
        let product = &self.story.product;
        let mut rows = Vec::new();
        for name in ["net_weight", "pack_date"] {
            rows.extend(self.packing_row(name));
        }
        if let Some(quantity) = &product.quantity {
            let said = self.wording.line(Kind::Harvest, "/data/quantity", quantity).said.flat(self.lang);
            rows.push(Row { fact: Some("quantity".to_owned()), ..row(self.w(Page::LotSize), said) });
        }
        rows.push(row(self.w(Page::BatchCode), self.story.subject.id().to_owned()));
        rows.push(row(self.w(Page::ShortCode), self.story.short_code.clone()));
        rows
    }

    fn care(&self) -> Vec<Row> {
        let names = ["shelf_life_days", "storage_advice", "eating", "shortcomings", "pack_type"];
        names.into_iter().filter_map(|name| self.packing_row(name)).collect()
    }

    fn packing_row(&self, name: &str) -> Option<Row> {
        let value = self.story.product.packing.get(name)?;
        Some(self.row(self.wording.line(Kind::Packing, &format!("/data/{name}"), value)))
    }

    // -- three facts -----------------------------------------------------------------------------------------

    fn brief_origin(&self) -> BriefView {
        let origin = &self.story.origin;
        let said = match (origin.villages.as_slice(), origin.plots.as_slice()) {
            ([], []) => self.w(Page::NoOrigin).to_owned(),
            ([], plots) => plots.iter().map(|plot| plot.name.as_str()).collect::<Vec<_>>().join(" · "),
            (villages, _) => villages.join(" · "),
        };
        BriefView { anchor: "origin", label: self.w(Page::FactOrigin), said, class: "", tag: None }
    }

    /// The worst result if one is bad, else the newest.
    fn brief_test(&self) -> BriefView {
        let mut newest = self.story.inspections.iter().rev();
        let told = newest.clone().find(|inspection| inspection.is_bad()).or_else(|| newest.next());
        let view = told.map(|inspection| (inspection, self.test(inspection)));
        let (said, class, tag) = match view {
            Some((inspection, test)) => {
                let class = if test.is_bad { "bad" } else { "good" };
                let date = self.day(&inspection.reported_date);
                let class = if test.is_bad || test.is_good { class } else { "" };
                (format!("{} {date}", self.org(&inspection.lab)), class, Some(test.conclusion))
            }
            None if self.story.waiting_samples.is_empty() => (self.w(Page::NoTest).to_owned(), "", None),
            None => (self.waiting(&self.story.waiting_samples[0]), "", None),
        };
        BriefView { anchor: "tests", label: self.w(Page::FactTest), said, class, tag }
    }

    fn brief_who(&self) -> BriefView {
        let names: Vec<String> = self.people().into_iter().map(|person| person.name).collect();
        let said = match names.as_slice() {
            [] => self.w(Page::Nothing).to_owned(),
            [one] => one.clone(),
            [first, rest @ ..] => {
                self.fill(Page::WhoAndMore, &[("name", first), ("n", &rest.len().to_string())])
            }
        };
        BriefView { anchor: "who", label: self.w(Page::FactWho), said, class: "", tag: None }
    }

    fn origin(&self) -> Vec<Row> {
        let origin = &self.story.origin;
        let village = labels_of_place(self.lang, "village");
        let mut rows: Vec<Row> =
            origin.villages.iter().map(|village_name| row(village, village_name.clone())).collect();
        for plot in &origin.plots {
            let area = plot
                .area
                .as_ref()
                .map(|area| self.wording.line(Kind::PlotRegister, "/data/area", area).said.flat(self.lang));
            let said = [Some(plot.name.clone()), area].into_iter().flatten().collect::<Vec<_>>();
            rows.push(row(labels_of_place(self.lang, "plot"), said.join(" · ")));
        }
        for grower in &origin.growers {
            let roles = self.story.organisations.get(grower).map(|org| self.roles(&org.roles));
            let label = roles.filter(|roles| !roles.is_empty()).unwrap_or_else(|| grower.clone());
            rows.push(row(&label, self.org(grower).to_owned()));
        }
        rows
    }

    /// Every bad result, and the newest of the others.
    fn tests(&self) -> Vec<TestView> {
        let mut told: Vec<&Inspection> = self.story.inspections.iter().rev().collect();
        // Stable: each kind stays newest first.
        told.sort_by_key(|inspection| !inspection.is_bad());
        let shown = if self.given.all { told.len() } else { TESTS_SHOWN };
        told.into_iter().take(shown).map(|inspection| self.test(inspection)).collect()
    }

    fn more_tests(&self) -> Option<String> {
        let left_out = self.story.inspections.len().saturating_sub(TESTS_SHOWN);
        let is_short = left_out > 0 && !self.given.all;
        is_short.then(|| self.fill(Page::MoreItems, &[("n", &left_out.to_string())]))
    }

    fn test(&self, inspection: &Inspection) -> TestView {
        let code = |pointer: &str, code: &str| {
            labels::code(self.lang, Kind::Inspection, pointer, code).unwrap_or_default().to_owned()
        };
        let sampled = match &inspection.sample {
            Some(sample) => self.fill(
                Page::Sampled,
                &[("who", self.org(&sample.sampler_org)), ("how", &self.sampling(sample))],
            ),
            None => self.w(Page::SampleUnknown).to_owned(),
        };
        let signed = if inspection.signed_by_lab { Page::LabSigned } else { Page::LabNotSigned };
        let count = self.fill(Page::Items, &[("n", &inspection.items.len().to_string())]);
        let date = self.day(&inspection.reported_date);
        let lab = self.org(&inspection.lab);
        TestView {
            seq: inspection.seq,
            is_bad: inspection.is_bad(),
            is_good: inspection.is_good(),
            conclusion: match inspection.failed_items {
                0 => code("/conclusion", &inspection.conclusion),
                n => self.fill(Page::ItemsFailed, &[("n", &n.to_string())]),
            },
            report_no: inspection.report_no.clone(),
            by_third_party: inspection.signed_by_lab && self.story.subject.org() != Some(&inspection.lab),
            lines: vec![
                format!("{lab} · {}", self.w(signed)),
                format!("{date} · {} · {count}", code("/method", &inspection.method)),
                inspection.report_no.clone(),
                sampled,
            ],
            failed: self.failed_items(inspection),
        }
    }

    fn sampling(&self, sample: &Sample) -> String {
        let code = |name: &str, code: &str| {
            labels::code(self.lang, Kind::Sampling, &format!("/{name}"), code).unwrap_or_default().to_owned()
        };
        format!("{} · {}", code("method", &sample.method), code("purpose", &sample.purpose))
    }

    fn waiting(&self, sample: &Sample) -> String {
        self.fill(Page::Waiting, &[("no", &sample.sample_no), ("date", &self.day(&sample.day))])
    }

    fn people(&self) -> Vec<PersonView> {
        let signed = self.story.organisations.values().filter(|org| !org.signed_as.is_empty());
        let mut people: Vec<&Organisation> = signed.collect();
        let grower = |org: &Organisation| !self.story.origin.growers.contains(&org.id);
        people.sort_by_key(|org| (grower(org), org.id.clone()));
        people.into_iter().map(|org| self.person(org)).collect()
    }

    fn person(&self, org: &Organisation) -> PersonView {
        let identity = match &org.identity {
            Some(check) => {
                let shape = crate::statement::schema::Shape::shared("identity");
                let method = shape.and_then(|shape| shape.member("method"));
                let how = method.and_then(|method| method.label(self.lang, &check.method));
                self.fill(
                    Page::IdentityChecked,
                    &[
                        ("who", self.org(&check.checked_by)),
                        ("date", &self.day(&check.date)),
                        ("how", how.unwrap_or(&check.method)),
                    ],
                )
            }
            None if org.roles.iter().any(|role| role == "registrar") => self.w(Page::IdentityRoot).to_owned(),
            None => self.w(Page::IdentityUnchecked).to_owned(),
        };
        let status = (org.status != "active").then(|| {
            let status = labels::code(self.lang, Kind::OrgUpdate, "/status", &org.status);
            self.fill(Page::Suspended, &[("status", status.unwrap_or(&org.status))])
        });
        PersonView {
            name: org.name_in(self.lang).to_owned(),
            id: org.id.clone(),
            roles: self.roles(&org.signed_as.iter().cloned().collect::<Vec<_>>()),
            identity,
            status,
        }
    }

    // -- the timeline ----------------------------------------------------------------------------------------

    fn stages(&self, in_full: bool) -> Vec<StageView> {
        let stages = self.story.stages();
        stages
            .into_iter()
            .map(|(stage, events)| {
                let key = crate::text::Words::entry(stage).key.trim_start_matches("stage.");
                let name = t(self.lang, stage);
                if in_full {
                    let shown = events.iter().map(|event| self.event(event, true)).collect();
                    return StageView { name, key, shown, older: Vec::new(), more: None };
                }
                let mut newest_first = events.into_iter().rev();
                let shown = newest_first.by_ref().take(1).map(|event| self.event(event, true)).collect();
                let mut older: Vec<EventView> =
                    newest_first.by_ref().take(OLDER_LISTED).map(|event| self.event(event, false)).collect();
                older.reverse();
                let more = match newest_first.count() {
                    0 => None,
                    n => Some(self.fill(Page::MoreOfStage, &[("n", &n.to_string())])),
                };
                StageView { name, key, shown, older, more }
            })
            .collect()
    }

    /// An entry; one that is only listed goes without its fields and raw bytes.
    fn event(&self, event: &Event, in_full: bool) -> EventView {
        let lines = self.wording.lines(event.kind, &event.data, &event.opened);
        let when = self.wording.when(&event.occurred_at);
        let orgs: BTreeSet<&str> = event.signers.iter().map(|signed| self.org(&signed.org)).collect();
        let n = |count: usize| count.to_string();
        EventView {
            words: EventWords {
                ahead: self.w(Page::Ahead),
                correction: self.w(Page::Correction),
                hold: t(self.lang, Condition::Hold),
                leaf: self.w(Page::Leaf),
                place: self.w(Page::Place),
                raw: self.w(Page::Raw),
                revoked: t(self.lang, Condition::SignerRevoked),
                signed_by: self.w(Page::SignedBy),
                third_party: t(self.lang, Standing::ThirdParty),
            },
            in_full,
            seq: event.seq,
            link: self.record_link(event.seq),
            leaf: event.leaf.to_string(),
            kind: labels::kind(self.lang, event.kind),
            headline: self.headline(event),
            who: orgs.into_iter().collect::<Vec<_>>().join(t(self.lang, Amount::And)),
            late: event
                .late
                .then(|| self.fill(Page::LateDays, &[("n", &(event.lag_seconds / 86_400).to_string())])),
            ahead: event.ahead,
            corrected: event
                .is_corrected()
                .then(|| self.fill(Page::CorrectedTimes, &[("n", &n(event.versions.len()))])),
            suspect: event.signers.iter().any(is_doubtful),
            bad: event.text("conclusion") == Some("fail"),
            third_party: event.standing == Standing::ThirdParty,
            times: [
                row(self.w(Page::TimeOccurred), when.clone()),
                row(self.w(Page::TimeRecorded), self.wording.when(&recorded(event))),
                row(self.w(Page::TimeProven), self.wording.moment(event.at)),
            ],
            when,
            place: in_full.then(|| self.place(event)).flatten(),
            fields: if in_full { lines.into_iter().map(|line| self.row(line)).collect() } else { Vec::new() },
            signatures: event.signers.iter().map(|signed| self.signature(event, signed)).collect(),
            versions: event.versions.iter().map(|version| self.version(event, version)).collect(),
            photos: event.photos.iter().map(|photo| self.photo(photo)).collect(),
            files: (event.files > 0).then(|| self.fill(Page::Files, &[("n", &n(event.files))])),
            raw: in_full.then(|| self.raw(event.seq)).flatten(),
        }
    }

    /// The one or two things that a reader wants from an entry without opening it.
    fn headline(&self, event: &Event) -> Vec<Part> {
        let names: &[&str] = match event.kind {
            Kind::CropOpen => &["season"],
            Kind::Harvest => &["quantity"],
            Kind::Input => &["kind", "target"],
            Kind::Inspection => &["conclusion"],
            Kind::Packing => &["net_weight"],
            Kind::Planting => &["action", "quantity"],
            Kind::PlotRegister => &["name", "area"],
            Kind::Processing => &["process", "product"],
            Kind::Receiving => &["accept", "temp_on_arrival"],
            Kind::Sampling => &["method", "purpose"],
            Kind::Shipping => &["temp_mode", "to"],
            Kind::Storage => &["action", "storage_type"],
            _ => &[],
        };
        let said = names.iter().filter_map(|name| {
            let text = self.wording.member(event.kind, &event.data, name)?;
            Some(Part { fact: Some((*name).to_owned()), text })
        });
        let mut parts: Vec<Part> = said.collect();
        if let Some(product) = event.data.get("product").filter(|_| event.kind == Kind::Input) {
            let text = text(product, "name").to_owned();
            parts.insert(0, Part { fact: Some("product/name".to_owned()), text });
        }
        if let Some(count) = event.data.get("pack_count") {
            parts.push(Part { fact: Some("pack_count".to_owned()), text: format!("× {count}") });
        }
        if event.kind == Kind::Grading {
            let outputs = event.data.get("outputs").and_then(Value::as_array);
            let grades = outputs.into_iter().flatten().map(|output| text(output, "grade").to_owned());
            let grades = grades.filter(|grade| !grade.is_empty());
            parts.extend(grades.map(|text| Part { fact: None, text }));
        }
        parts
    }

    fn signature(&self, event: &Event, signed: &Signed) -> SignatureView {
        let org = self.org(&signed.org);
        let role = labels::role(self.lang, signed.role);
        let mut text = format!("{org} · {role}");
        if let Some(other) = event.on_behalf_of.as_deref().filter(|other| *other != signed.org) {
            text = format!("{text} · {}", self.fill(Page::OnBehalf, &[("who", self.org(other))]));
        }
        SignatureView { text, key: t(self.lang, signed.standing), is_bad: is_doubtful(signed) }
    }

    fn version(&self, event: &Event, version: &Version) -> VersionView {
        let orgs = version.signers.iter().map(|signed| self.org(&signed.org)).collect::<Vec<_>>();
        let why = labels::code(self.lang, Kind::Correction, "/reason", &version.reason);
        VersionView {
            seq: version.seq,
            link: self.record_link(version.seq),
            when: self.wording.moment(version.at),
            why: why.unwrap_or(&version.reason).to_owned(),
            who: orgs.join(t(self.lang, Amount::And)),
            changes: self.changes(event, version),
            not_comparable: (version.not_comparable > 0)
                .then(|| self.fill(Page::NotComparable, &[("n", &version.not_comparable.to_string())])),
        }
    }

    fn changes(&self, event: &Event, version: &Version) -> Vec<ChangeView> {
        let side = |pointer: &str, value: &Option<Value>| match value {
            Some(value) => self.wording.line(event.kind, pointer, value).said.flat(self.lang),
            None => self.w(Page::Nothing).to_owned(),
        };
        let label = |pointer: &str| self.wording.line(event.kind, pointer, &Value::Null).label;
        let change = |change: &crate::produce::Change| ChangeView {
            label: label(&change.pointer),
            old: side(&change.pointer, &change.old),
            new: side(&change.pointer, &change.new),
        };
        version.changes.iter().map(change).collect()
    }

    fn photo(&self, photo: &crate::produce::Photo) -> PhotoView {
        let held = self.given.held.contains(&photo.commitment);
        PhotoView {
            words: PhotoWords {
                photo: self.w(Page::Photo),
                ai_made: self.w(Page::AiMade),
                not_held: self.w(Page::PhotoNotHeld),
            },
            url: held.then(|| format!("/api/v1/blobs/{}", photo.commitment)),
            ai_made: photo.ai_made,
        }
    }

    fn place(&self, event: &Event) -> Option<String> {
        let place = event.place.as_ref()?;
        let plot = place.plot.as_ref().map(|plot| plot.id().to_owned());
        let parts = [place.village.clone(), place.site.clone(), plot];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" · "))
    }

    fn all_url(&self) -> String {
        format!("/b/{}?all=1", self.story.subject.id())
    }

    fn record_link(&self, seq: u64) -> String {
        self.fill(Page::RawLink, &[("seq", &seq.to_string())])
    }

    fn raw(&self, seq: u64) -> Option<String> {
        let record = self.given.records.get(&seq).filter(|_| self.raw.contains(&seq))?.as_record()?;
        let payload: Value = serde_json::from_slice(&record.statement.payload).ok()?;
        serde_json::to_string_pretty(&payload).ok()
    }

    // -- evidence --------------------------------------------------------------------------------------------

    fn evidence(&self) -> EvidenceView {
        let story = self.story;
        let (id, url) = (story.subject.id(), &self.public_url);
        let at = self.wording.moment(story.at);
        let file = format!("{id}.suyuan");
        EvidenceView {
            size: self.fill(Page::Entries, &[("n", &story.size.to_string())]),
            root: self.given.root.to_string(),
            witnesses: WitnessRows::new(self.given.witnesses.as_ref(), &self.wording, &at),
            at,
            anchors: anchor_rows::rows(self.given.anchors, covered(self.given.records), &self.wording),
            not_anchored: t(self.lang, Anchor::None),
            chains: self.chains(),
            bundle: format!("/api/v1/batches/{id}/bundle"),
            commands: format!(
                "curl -o {file} {url}/api/v1/batches/{id}/bundle\nsuyuan verify {file} --trust trust.json"
            ),
            file,
        }
    }

    /// The chains of the batch and of what it came from.
    fn chains(&self) -> Vec<Row> {
        let mut counts: BTreeMap<&Subject, u64> = BTreeMap::new();
        for record in self.given.records.values().filter_map(Entry::as_record) {
            for link in &record.links {
                let count = counts.entry(&link.subject).or_default();
                *count = (*count).max(link.n + 1);
            }
        }
        let story = self.story;
        let about = |subject: &Subject| {
            *subject == story.subject
                || story.ancestors.contains(subject)
                || story.events.iter().any(|event| event.about.contains(subject))
        };
        let told = counts.into_iter().filter(|(subject, _)| about(subject));
        let mut told: Vec<(&Subject, u64)> = told.collect();
        told.sort_by_key(|(subject, _)| (**subject != story.subject, subject.kind() != SubjectKind::Batch));
        told.into_iter()
            .map(|(subject, n)| row(subject.as_str(), self.fill(Page::ChainOf, &[("n", &n.to_string())])))
            .collect()
    }

    // -- words -----------------------------------------------------------------------------------------------

    fn row(&self, line: Line) -> Row {
        let said = match line.said {
            SaidText::Text(text) => Said::Text(text),
            SaidText::Subject(subject) => match subject.strip_prefix("batch:") {
                Some(id) if subject != self.story.subject.as_str() => {
                    Said::Link(format!("/b/{id}"), id.to_owned())
                }
                Some(id) => Said::Text(id.to_owned()),
                None => Said::Text(SaidText::Subject(subject).flat(self.lang)),
            },
            SaidText::Sealed => Said::Sealed(t(self.lang, Amount::Sealed)),
            SaidText::Groups(groups) => {
                let group = |lines: Vec<Line>| lines.into_iter().map(|line| self.row(line)).collect();
                let shown = if self.given.all { groups.len() } else { GROUPS_SHOWN.min(groups.len()) };
                let left_out = groups.len() - shown;
                let mut told: Vec<Vec<Row>> = groups.into_iter().take(shown).map(group).collect();
                if left_out > 0 {
                    let say = self.fill(Page::MoreItems, &[("n", &left_out.to_string())]);
                    told.push(vec![Row {
                        label: "…".to_owned(),
                        said: Said::Link(self.all_url(), say),
                        fact: None,
                    }]);
                }
                Said::Groups(told)
            }
        };
        let fact = match &said {
            Said::Text(_) => line.pointer.strip_prefix("/data/").map(str::to_owned),
            _ => None,
        };
        Row { label: line.label, said, fact }
    }

    fn org<'b>(&'b self, id: &'b str) -> &'b str {
        self.story.organisations.get(id).map_or(id, |org| org.name_in(self.lang))
    }

    fn roles(&self, roles: &[String]) -> String {
        let names = roles.iter().filter_map(|role| role.parse().ok());
        let names: Vec<&str> = names.map(|role| labels::role(self.lang, role)).collect();
        names.join(t(self.lang, Amount::And))
    }

    fn day(&self, date: &str) -> String {
        date.parse().map_or_else(|_| date.to_owned(), |date| self.wording.date(date))
    }

    fn w(&self, word: Page) -> &'static str {
        t(self.lang, word)
    }

    fn fill(&self, word: Page, blanks: &[(&str, &str)]) -> String {
        fill(self.w(word), blanks)
    }
}

/// The newest entries whose statements fit together, or all where all is asked for.
fn raw_shown(given: &Given<'_>) -> BTreeSet<u64> {
    let mut left = if given.all { usize::MAX } else { RAW_BYTES_SHOWN };
    let mut shown = BTreeSet::new();
    for event in given.story.events.iter().rev() {
        let record = given.records.get(&event.seq).and_then(Entry::as_record);
        let Some(record) = record else { continue };
        let Some(rest) = left.checked_sub(record.statement.payload.len()) else { break };
        left = rest;
        shown.insert(event.seq);
    }
    shown
}

fn row(label: &str, text: String) -> Row {
    Row { label: label.to_owned(), said: Said::Text(text), fact: None }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn labels_of_place(lang: Lang, member: &str) -> &'static str {
    let place = crate::statement::schema::Shape::of_payload().member("place");
    place.and_then(|place| place.member(member)).and_then(|shape| shape.title(lang)).unwrap_or_default()
}

fn is_doubtful(signed: &Signed) -> bool {
    matches!(signed.standing, KeyStanding::Revoked | KeyStanding::Suspect)
}

fn recorded(event: &Event) -> crate::statement::time::When {
    crate::statement::time::When::Instant(event.recorded_at.clone())
}
