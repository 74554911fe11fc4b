//! Stories told of a small ledger in memory.

#[path = "../../tests/support/farm.rs"]
pub(crate) mod farm;

mod adversary;
mod honest;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::farm::{BATCH, Farm, Ledger, Openings, Says};
use super::wording::{SaidText, Wording};
use super::{Ask, Event, Story};
use crate::ledger::{Entry, MemoryFacts, Record, State};
use crate::merkle::Hash;
use crate::statement::envelope::Envelope;
use crate::statement::kinds::Kind;
use crate::statement::payload::Statement;
use crate::statement::subject::Subject;
use crate::statement::time::When;
use crate::text::{Condition, KeyStanding, Lang, Stage, Standing};
use crate::verify::collect::gather;

/// A ledger whose clock stands at the newest time that anybody has recorded, plus two minutes.
pub(crate) struct InMemory {
    state: State<MemoryFacts>,
    at: i64,
    openings: Openings,
}

impl Ledger for InMemory {
    fn id(&self) -> Hash {
        self.state.log().unwrap().ledger
    }

    fn take(&mut self, envelope: Envelope, openings: Vec<Value>) -> Hash {
        let statement = Statement::parse(&envelope.payload).unwrap();
        self.at = self.at.max(statement.recorded_at.unix_seconds() * 1_000 + 120_000);
        let record = self.state.draft(envelope, statement, self.at).unwrap();
        let leaf = record.leaf();
        self.apply(record);
        self.openings.insert(leaf, openings);
        leaf
    }
}

impl InMemory {
    /// Whether the ledger refuses it, which it does not take otherwise either.
    fn is_refused(&mut self, envelope: Envelope) -> bool {
        let statement = Statement::parse(&envelope.payload).unwrap();
        let at = statement.recorded_at.unix_seconds() * 1_000 + 120_000;
        let drafted = self.state.draft(envelope, statement, at);
        drafted.is_err() || self.state.apply(&Entry::Record(Box::new(drafted.unwrap()))).is_err()
    }

    fn apply(&mut self, record: Record) {
        let kind = record.statement.kind.to_string();
        self.state.apply(&Entry::Record(Box::new(record))).unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

pub(crate) fn farm() -> Farm<InMemory> {
    opened(farm::genesis)
}

/// One whose ledger says that it is for show, so that it takes made-up rule rows.
pub(crate) fn demonstration() -> Farm<InMemory> {
    opened(farm::demonstration)
}

fn opened(genesis: fn(&str, &str, &str) -> Envelope) -> Farm<InMemory> {
    let mut ledger = InMemory {
        state: State::load(MemoryFacts::default()).unwrap(),
        at: 1_767_225_600_000,
        openings: Openings::default(),
    };
    let log = crate::note::vkey::VerifierKey::new(
        "suyuan.test/log".parse().unwrap(),
        crate::note::vkey::KeyType::Ed25519,
        farm::key("log").public(),
    );
    let genesis = genesis("suyuan.test/log", &log.to_string(), "2026-03-01T08:00:00+08:00");
    let statement = Statement::parse(&genesis.payload).unwrap();
    let record = ledger.state.draft(genesis, statement, ledger.at).unwrap();
    ledger.apply(record);
    Farm::new(ledger)
}

fn tell(farm: &mut Farm<InMemory>, subject: &str, as_of: &str) -> Option<Story> {
    told(farm, subject, as_of).0
}

/// The story, if there is one, and the records that it is told from.
pub(crate) fn told(
    farm: &mut Farm<InMemory>,
    subject: &str,
    as_of: &str,
) -> (Option<Story>, BTreeMap<u64, Entry>) {
    let subject = Subject::parse(subject).unwrap();
    let at = farm.ledger.at;
    if !farm.ledger.state.is_sealed() {
        farm.ledger.state.seal(at).unwrap();
    }
    let size = farm.ledger.state.size();
    let gathered = gather(&farm.ledger.state.reader(), &subject, size).unwrap();
    let When::Instant(as_of) = as_of.parse().unwrap() else { panic!("{as_of} is a day") };
    let story = Story::tell(&Ask {
        subject: &subject,
        records: &gathered.records,
        openings: &farm.ledger.openings,
        size,
        at,
        as_of: as_of.unix_seconds() * 1_000,
        wide: None,
    });
    (story, gathered.records)
}

/// Every entry so far.
pub(crate) fn entries(farm: &Farm<InMemory>) -> Vec<Entry> {
    let reader = farm.ledger.state.reader();
    (0..farm.ledger.state.size()).map(|seq| reader.entry(seq).unwrap()).collect()
}

/// Every record so far.
pub(crate) fn all_records(farm: &Farm<InMemory>) -> Vec<Record> {
    entries(farm).iter().filter_map(|entry| entry.as_record().cloned()).collect()
}

fn story(farm: &mut Farm<InMemory>) -> Story {
    tell(farm, BATCH, "2026-06-16T10:00:00+08:00").unwrap()
}

fn of_kind(story: &Story, kind: Kind) -> Vec<&Event> {
    story.events.iter().filter(|event| event.kind == kind).collect()
}

#[test]
fn a_season_is_told_from_plot_to_road() {
    let mut farm = farm();
    farm.season();
    let story = story(&mut farm);
    assert_eq!(story.condition, Condition::Normal);
    assert_eq!(story.product.name.as_deref(), Some("仙居东魁杨梅"));
    assert_eq!(story.product.variety.as_deref(), Some("东魁"));
    assert_eq!(story.product.grade.as_deref(), Some("特级"));
    assert_eq!(story.product.harvested_to.as_deref(), Some("2026-06-13"));
    assert_eq!((story.product.days_since_harvest, story.product.days_in_store), (Some(3), Some(1)));
    assert_eq!(story.origin.villages, ["浙江省仙居县步路乡西炉村"]);
    assert_eq!(story.origin.plots[0].name, "西炉后山三号坡");
    assert_eq!(story.origin.growers, ["qingshan"]);
    let stages: Vec<Stage> = story.stages().iter().map(|(stage, _)| *stage).collect();
    use Stage::{Arrival, Harvest, Input, Inspection, Packing, Planting, Storage, Transport};
    assert_eq!(stages, [Planting, Input, Harvest, Inspection, Packing, Storage, Transport, Arrival]);
    assert_eq!(story.ancestors, [Subject::parse("batch:qingshan.h0613").unwrap()]);
    let test = &story.inspections[0];
    assert!(test.is_good() && test.signed_by_lab);
    assert_eq!(test.sample.as_ref().unwrap().method, "random");
    assert!(story.waiting_samples.is_empty());
    assert_eq!(of_kind(&story, Kind::Inspection)[0].standing, Standing::ThirdParty);
    assert_eq!(of_kind(&story, Kind::Harvest)[0].standing, Standing::Recorded);
    let farm = &story.organisations["qingshan"];
    assert_eq!(farm.identity.as_ref().unwrap().checked_by, "registrar");
    assert!(farm.signed_as.contains("coop"));
    assert_eq!(story.named_only().into_iter().collect::<Vec<_>>(), ["lengyun", "xianda"]);
}

#[test]
fn an_unknown_batch_has_no_story() {
    let mut farm = farm();
    assert_eq!(tell(&mut farm, "batch:qingshan.nothing", "2026-06-16T10:00:00+08:00"), None);
}

#[test]
fn a_correction_shows_both_values_and_the_newest_counts() {
    let mut farm = farm();
    let season = farm.season();
    farm.correct_harvest(season.harvest, "870");
    let story = story(&mut farm);
    assert_eq!((story.condition, story.corrections), (Condition::Corrected, 1));
    let harvest = of_kind(&story, Kind::Harvest)[0];
    assert_eq!(harvest.data["quantity"]["entered"], "870");
    let version = &harvest.versions[0];
    let pointers: Vec<&str> = version.changes.iter().map(|change| change.pointer.as_str()).collect();
    assert_eq!(pointers, ["/data/quantity"], "pickers' names are open on both sides and equal");
    assert_eq!(version.changes[0].old.as_ref().unwrap()["entered"], "860");
    assert_eq!((version.reason.as_str(), version.not_comparable), ("typo", 0));
}

#[test]
fn a_failed_test_holds_the_lot_and_what_was_made_of_it() {
    let mut farm = farm();
    farm.season();
    farm.inspect("LAB-2026-0615", "fail");
    let story = story(&mut farm);
    assert_eq!(story.condition, Condition::Hold);
    let bad: Vec<_> = story.inspections.iter().filter(|inspection| inspection.is_bad()).collect();
    assert_eq!((bad.len(), bad[0].failed_items), (1, 1));
}

#[test]
fn a_stolen_key_casts_doubt_from_the_theft_on() {
    let mut farm = farm();
    farm.add_key("qingshan", "coop", "phone", &["harvest"]);
    farm.grow();
    let leaf = farm.say(Says {
        kind: "harvest/1",
        subject: BATCH.replace("shanqian", "qingshan").as_str(),
        touches: &["crop:qingshan.p1-2026"],
        signer: ("qingshan", "coop"),
        key: Some("phone"),
        occurred_at: "2026-06-13T05:30:00+08:00",
        data: json!({"from": ["crop:qingshan.p1-2026"], "quantity": farm::quantity("10", "jin")}),
        ..Says::default()
    });
    farm.revoke("qingshan", "coop", "phone", Some("2026-06-13T00:00:00+08:00"));
    let story = tell(&mut farm, "batch:qingshan.dk0613a", "2026-06-16T10:00:00+08:00").unwrap();
    assert_eq!(story.condition, Condition::SignerRevoked);
    let signed = &story.events.iter().find(|event| event.leaf == leaf).unwrap().signers[0];
    assert_eq!(signed.standing, KeyStanding::Suspect);
    assert_eq!(signed.revoked.as_ref().unwrap().reason, "stolen");
}

#[test]
fn what_happened_to_other_lots_is_not_told() {
    let mut farm = farm();
    farm.season();
    let told = story(&mut farm).events.len();
    farm.say(Says {
        kind: "harvest/1",
        subject: "batch:qingshan.h0614",
        touches: &["crop:qingshan.p1-2026"],
        signer: ("qingshan", "coop"),
        occurred_at: "2026-06-14T05:30:00+08:00",
        data: json!({"from": ["crop:qingshan.p1-2026"], "quantity": farm::quantity("900", "jin")}),
        ..Says::default()
    });
    farm.input("2026-06-15", "2026-06-15T18:00:00+08:00");
    assert_eq!(story(&mut farm).events.len(), told);
    // What is entered late about a day before the harvest is told, and marked.
    farm.input("2026-05-20", "2026-06-16T18:00:00+08:00");
    let story = story(&mut farm);
    assert_eq!(story.events.len(), told + 1);
    assert!(story.events.last().unwrap().late);
    assert!(!of_kind(&story, Kind::Harvest)[0].late);
}

#[test]
fn values_are_worded_by_the_schemas_in_the_units_of_the_reader() {
    let mut farm = farm();
    farm.season();
    let story = story(&mut farm);
    let harvest = of_kind(&story, Kind::Harvest)[0];
    let said = |lang: Lang, name: &str| {
        let names = story.organisations.values().map(|org| (org.id.as_str(), org.name.as_str())).collect();
        let lines = Wording { lang, names }.lines(harvest.kind, &harvest.data, &harvest.opened);
        let line = lines.into_iter().find(|line| line.pointer == format!("/data/{name}")).unwrap();
        (line.label, line.said.flat(lang))
    };
    let pair = |label: &str, said: &str| (label.to_owned(), said.to_owned());
    assert_eq!(said(Lang::Zh, "quantity"), pair("数量", "860 斤（430 公斤）"));
    assert_eq!(said(Lang::En, "quantity"), pair("Quantity", "430 kg"));
    assert_eq!(said(Lang::Zh, "picker_names"), pair("采收人", "王小山、李月"));
    assert_eq!(said(Lang::En, "brix"), pair("Sugar", "11.8 °Brix"));
    let moment = Wording { lang: Lang::Zh, names: Default::default() }.moment(1_781_301_000_000);
    assert_eq!(moment, "2026年6月13日 05:50");
}

#[test]
fn sealed_values_stay_sealed_unless_their_opening_is_held_and_everybody_may_see_it() {
    let mut farm = farm();
    let hidden = Says {
        kind: "plot.register/1",
        subject: "plot:qingshan.p9",
        signer: ("qingshan", "coop"),
        occurred_at: "2026-03-02T10:00:00+08:00",
        data: json!({
            "name": "坡", "area": farm::quantity("1", "mu"), "crop": "杨梅", "variety": "东魁",
            "declared_yield": farm::quantity("900", "jin"), "holder": "王小山",
        }),
        ..Says::default()
    };
    let holder = |farm: &mut Farm<InMemory>, plot: &str| {
        let story = tell(farm, plot, "2026-06-16T10:00:00+08:00").unwrap();
        let event = &story.events[0];
        let wording = Wording { lang: Lang::Zh, names: Default::default() };
        let lines = wording.lines(event.kind, &event.data, &event.opened);
        lines.into_iter().find(|line| line.pointer == "/data/holder").unwrap().said
    };
    farm.say(hidden.clone());
    assert_eq!(holder(&mut farm, "plot:qingshan.p9"), SaidText::Text("王小山".to_owned()));
    let partners = json!({"visibility": "partners"});
    farm.say(Says { subject: "plot:qingshan.p8", more: partners, ..hidden.clone() });
    assert_eq!(holder(&mut farm, "plot:qingshan.p8"), SaidText::Sealed);
    farm.ledger.openings.clear();
    assert_eq!(holder(&mut farm, "plot:qingshan.p9"), SaidText::Sealed);
}
