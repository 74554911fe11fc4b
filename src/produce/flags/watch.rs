//! What only the whole ledger can tell: the same photo elsewhere, the same number elsewhere, many entries at once.
//!
//! A [`Watchlist`] takes the records one by one, in the order of the log, and keeps what comparing needs: hashes of
//! photos, times of entries, numbers of reports and samples. It answers as of any size up to what it took. Fed with a
//! bundle's records alone it answers for those. Of two users of one photo or number the later is told: whoever was
//! there first cannot be blamed for what others copied.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::entries::telling_photos;
use super::numbers::{Bearer, Number, Numbers, plain};
use super::{Flags, in_order};
use crate::ledger::Record;
use crate::merkle::Hash;
use crate::produce::acts::Act;
use crate::produce::dossier::Dossier;
use crate::produce::hosts::Hosts;
use crate::produce::photos::PhotoIndex;
use crate::produce::reason::{Fact, Said, Source};
use crate::produce::tables::Tunables;
use crate::produce::times::day_of;
use crate::statement::context;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::subject::{Subject, SubjectKind};
use crate::text::Flag;
use crate::verify::needed::ancestors;

#[derive(Debug, Clone, Default)]
pub struct Watchlist {
    pub hosts: Hosts,
    photos: PhotoIndex,
    /// By their places in `photos`.
    shots: Vec<Shot>,
    entries: BTreeMap<Hash, Vec<Written>>,
    reports: Numbers,
    samples: Numbers,
    /// What lots, seasons and plots came from, directly.
    parents: BTreeMap<Subject, BTreeSet<Subject>>,
    /// What corrections correct first, by their own leaves.
    originals: BTreeMap<Hash, Hash>,
    /// By the leaf of what was taken back, in its first version: the entry that did.
    withdrawn: BTreeMap<Hash, u64>,
}

/// A photo and what it was taken for.
#[derive(Debug, Clone)]
struct Shot {
    source: Source,
    kind: Kind,
    about: Vec<Subject>,
    org: String,
    day: i64,
}

/// An entry that a key signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    /// Seconds since 1970, as the signer says.
    recorded: i64,
    source: Source,
    day: i64,
    imported: bool,
}

impl Watchlist {
    /// Records in the order of the log.
    pub fn take(&mut self, record: &Record) {
        let statement = &record.statement;
        let Ok(kind) = Kind::try_from(&statement.kind) else { return };
        let source = Source { seq: record.seq, leaf: record.leaf() };
        self.hosts.take(record, source);
        for subject in statement.subjects() {
            let parents = ancestors(subject, record);
            if !parents.is_empty() {
                self.parents.entry(subject.clone()).or_default().extend(parents);
            }
        }
        match kind {
            Kind::Withdrawal => {
                let withdrawn = statement.data.get("withdraws").and_then(Value::as_str);
                if let Some(leaf) = withdrawn.and_then(|leaf| leaf.parse().ok()) {
                    self.withdrawn.entry(self.original(leaf)).or_insert(record.seq);
                    self.reports.end(&leaf, record.seq);
                    self.samples.end(&leaf, record.seq);
                }
            }
            Kind::Correction => {
                if let Some(corrected) = &statement.corrects {
                    self.originals.insert(source.leaf, self.original(*corrected));
                    self.reports.end(corrected, record.seq);
                    self.samples.end(corrected, record.seq);
                }
                if let Some(data) = statement.data.get("data").and_then(Value::as_object) {
                    self.take_numbers(record, source, data);
                }
            }
            Kind::Inspection | Kind::Sampling => self.take_numbers(record, source, &statement.data),
            _ => {}
        }
        self.take_photos(record, source, kind);
        if is_diary(kind) {
            self.take_entry(record, source);
        }
    }

    /// What stands elsewhere in the ledger and concerns the line of a batch, as of the dossier's size.
    pub fn flags(&self, dossier: &Dossier<'_>) -> Vec<Fact<Flag>> {
        let told: Vec<&Act<'_>> = dossier.told().collect();
        let mut flags = Vec::new();
        for act in told.iter().filter(|act| !act.is_withdrawn()) {
            for version in &act.versions {
                flags.extend(self.photo(dossier, version.record));
            }
            flags.extend(self.report(dossier, act));
            flags.extend(self.sample(dossier, act));
        }
        self.bursts(dossier, &told, &mut flags);
        in_order(flags)
    }

    // -- photos --------------------------------------------------------------------------------------------------

    fn take_photos(&mut self, record: &Record, source: Source, kind: Kind) {
        if !is_compared(kind) {
            return;
        }
        for hash in telling_photos(record) {
            if self.photos.add(hash).is_some() {
                self.shots.push(shot(record, source, kind));
            }
        }
    }

    fn photo(&self, dossier: &Dossier<'_>, record: &Record) -> Option<Fact<Flag>> {
        let Ok(kind) = Kind::try_from(&record.statement.kind) else { return None };
        if !is_compared(kind) {
            return None;
        }
        let own = shot(record, Source { seq: record.seq, leaf: record.leaf() }, kind);
        let allowed = dossier.tables.strictest_since(record.seq).photo_distance;
        let near = telling_photos(record).flat_map(|hash| self.photos.near(hash, allowed));
        let elsewhere = near.filter_map(|(place, distance)| Some((self.shots.get(place)?, distance)));
        let found: Vec<(&Shot, u32)> = elsewhere
            .filter(|(shot, _)| shot.source.seq < own.source.seq && !self.is_withdrawn(shot, dossier.size))
            .filter(|(shot, _)| !is_one_scene(shot, &own) && !self.is_one_line(shot, &own))
            .collect();
        // The most alike, then the first.
        let (first, distance) =
            found.iter().min_by_key(|(shot, distance)| (*distance, shot.source.seq)).copied()?;
        let sort = if distance == 0 { Flag::PhotoReused } else { Flag::PhotoAlike };
        let sources = [own.source, first.source];
        let other = first.about.first().map(Subject::to_string).unwrap_or_default();
        Some(Fact::new(sort, &record.statement.subject, sources).says("other", Said::Subject(other)))
    }

    fn is_withdrawn(&self, shot: &Shot, size: u64) -> bool {
        self.withdrawn.get(&self.original(shot.source.leaf)).is_some_and(|seq| *seq < size)
    }

    fn original(&self, leaf: Hash) -> Hash {
        self.originals.get(&leaf).copied().unwrap_or(leaf)
    }

    /// The same lot, season or plot, or one that came from the other.
    fn is_one_line(&self, one: &Shot, other: &Shot) -> bool {
        let pairs = one.about.iter().flat_map(|a| other.about.iter().map(move |b| (a, b)));
        pairs.into_iter().any(|(a, b)| a == b || self.came_from(a, b) || self.came_from(b, a))
    }

    fn came_from(&self, subject: &Subject, source: &Subject) -> bool {
        let mut seen = BTreeSet::from([subject]);
        let mut open = vec![subject];
        while let Some(next) = open.pop() {
            if next == source {
                return true;
            }
            let parents = self.parents.get(next).into_iter().flatten();
            open.extend(parents.filter(|parent| seen.insert(*parent)));
        }
        false
    }

    // -- numbers -------------------------------------------------------------------------------------------------

    fn take_numbers(&mut self, record: &Record, source: Source, data: &Map<String, Value>) {
        let text = |name: &str| data.get(name).and_then(Value::as_str);
        let (Some(lab), Some(sample)) = (text("lab"), text("sample_no")) else { return };
        let signers = &record.statement.signers;
        let by_lab = signers.iter().any(|signer| signer.org == lab && signer.role == Role::Lab);
        let about = &record.statement.subject;
        if let Some(number) = text("report_no").and_then(|number| Number::of(lab, number)) {
            self.reports.add(number, Bearer::new(source, about.clone(), sample, by_lab));
        } else if let (Some(drawn_from), Some(number)) = (text("drawn_from"), Number::of(lab, sample)) {
            let about = Subject::parse(drawn_from).unwrap_or_else(|_| about.clone());
            self.samples.add(number, Bearer::new(source, about, sample, by_lab));
        }
    }

    /// A report that stands for something outside the line. One sample of what both came from may answer for both.
    fn report(&self, dossier: &Dossier<'_>, act: &Act<'_>) -> Option<Fact<Flag>> {
        let now = act.now();
        let (lab, report_no) = (now.text("lab")?, now.text("report_no")?);
        let (sample, size) = (plain(now.text("sample_no").unwrap_or_default()), dossier.size);
        let drawn_here = || {
            let number = Number::of(lab, &sample);
            number
                .is_some_and(|number| self.samples.of(&number, size).any(|bearer| dossier.has(&bearer.about)))
        };
        let by_lab = act.is_signed_by(lab, Role::Lab);
        let number = Number::of(lab, report_no)?;
        let other = self.reports.of(&number, size).find(|bearer| {
            self.is_elsewhere(dossier, act, bearer, by_lab) && !(bearer.sample == sample && drawn_here())
        })?;
        Some(numbered(Flag::ReportReused, act, other, report_no))
    }

    fn sample(&self, dossier: &Dossier<'_>, act: &Act<'_>) -> Option<Fact<Flag>> {
        let now = act.now();
        let drawn = now.text("drawn_from").filter(|_| act.kind == Kind::Sampling)?;
        let (lab, sample_no) = (now.text("lab")?, now.text("sample_no")?);
        let by_lab = act.is_signed_by(lab, Role::Lab);
        let number = Number::of(lab, sample_no)?;
        let other = self
            .samples
            .of(&number, dossier.size)
            .find(|bearer| bearer.about.as_str() != drawn && is_later(act, bearer, by_lab))?;
        Some(numbered(Flag::SampleNumberTwice, act, other, sample_no))
    }

    fn is_elsewhere(&self, dossier: &Dossier<'_>, act: &Act<'_>, bearer: &Bearer, by_lab: bool) -> bool {
        !dossier.has(&bearer.about)
            && !self.came_from(&bearer.about, act.subject())
            && is_later(act, bearer, by_lab)
    }

    // -- bursts --------------------------------------------------------------------------------------------------

    fn take_entry(&mut self, record: &Record, source: Source) {
        let statement = &record.statement;
        let written = Written {
            recorded: statement.recorded_at.unix_seconds(),
            source,
            day: statement.occurred_at.date().days(),
            imported: statement.source == Some(context::Source::Import),
        };
        for signer in &statement.signers {
            let entries = self.entries.entry(signer.key).or_default();
            let place = entries.partition_point(|known| *known <= written);
            entries.insert(place, written);
        }
    }

    /// One flag for each run of entries of one key, naming those that belong to the batch.
    fn bursts(&self, dossier: &Dossier<'_>, told: &[&Act<'_>], flags: &mut Flags) {
        let mut of_key: BTreeMap<Hash, BTreeMap<u64, &Act<'_>>> = BTreeMap::new();
        for act in told.iter().filter(|act| is_diary(act.kind)) {
            for signer in &act.record.statement.signers {
                of_key.entry(signer.key).or_default().insert(act.seq(), act);
            }
        }
        for (key, acts) in of_key {
            let known = self.entries.get(&key).into_iter().flatten();
            let entries: Vec<Written> =
                known.filter(|written| written.source.seq < dossier.size).copied().collect();
            let first = acts.first_key_value().map_or(u64::MAX, |(seq, _)| *seq);
            for burst in bursts(&entries, &dossier.tables.strictest_since(first)) {
                let of_batch: Vec<&Written> =
                    burst.iter().filter(|written| acts.contains_key(&written.source.seq)).collect();
                let about = of_batch.first().and_then(|written| acts.get(&written.source.seq));
                let Some(about) = about.map(|act| act.subject()) else { continue };
                flags.push(burst_flag(burst, about, of_batch.iter().map(|written| written.source)));
            }
        }
    }
}

/// Whether the act is the one to be told: the other was there first, or its laboratory signed and this one's did not.
fn is_later(act: &Act<'_>, bearer: &Bearer, by_lab: bool) -> bool {
    let is_other = act.versions.iter().all(|version| version.leaf != bearer.source.leaf);
    is_other
        && match (by_lab, bearer.by_lab) {
            (true, false) => false,
            (false, true) => true,
            _ => bearer.source.seq < act.seq(),
        }
}

fn numbered(sort: Flag, act: &Act<'_>, other: &Bearer, number: &str) -> Fact<Flag> {
    Fact::new(sort, act.subject(), [Source::of(act), other.source])
        .says("number", Said::Text(number.to_owned()))
        .says("other", Said::Subject(other.about.to_string()))
}

fn shot(record: &Record, source: Source, kind: Kind) -> Shot {
    let statement = &record.statement;
    let many =
        matches!(kind, Kind::Shipping | Kind::Receiving | Kind::Grading | Kind::Packing | Kind::Processing);
    let lots = statement.touches.iter().filter(|touched| many && touched.kind() == SubjectKind::Batch);
    Shot {
        source,
        kind,
        about: std::iter::once(&statement.subject).chain(lots).cloned().collect(),
        org: statement.signers.first().map(|signer| signer.org.clone()).unwrap_or_default(),
        day: statement.occurred_at.date().days(),
    }
}

/// What goes with storage are charts of temperatures, and one chart looks like another.
fn is_compared(kind: Kind) -> bool {
    kind != Kind::Storage
}

/// One lorry with several lots, one patrol over several plots: one picture for what one organisation did of one kind
/// on one day. What lots look like when they are picked or packed is each lot's own.
fn is_one_scene(one: &Shot, other: &Shot) -> bool {
    let is_own = matches!(one.kind, Kind::Harvest | Kind::Grading | Kind::Packing | Kind::Processing);
    let is_field = |shot: &Shot| shot.about.iter().all(|subject| subject.kind() != SubjectKind::Batch);
    let is_same = one.kind == other.kind || is_field(one) && is_field(other);
    !is_own && is_same && one.org == other.org && one.day == other.day
}

/// What people write down as they work. Registering plots on the first day is no diary, nor is a laboratory's post.
fn is_diary(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Grading
            | Kind::Harvest
            | Kind::Input
            | Kind::Irrigation
            | Kind::Observation
            | Kind::Packing
            | Kind::Planting
            | Kind::Processing
            | Kind::Receiving
            | Kind::Shipping
            | Kind::Storage
    )
}

/// The longest runs of `entries`, which are sorted by the time of recording, whose every entry lies in a window of
/// `burst_minutes` that holds many entries about many days, at least half of them about days gone by.
fn bursts<'w>(entries: &'w [Written], tunables: &Tunables) -> Vec<&'w [Written]> {
    let width = tunables.burst_minutes.saturating_mul(60);
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut window = Window::default();
    let mut end = 0;
    for (start, first) in entries.iter().enumerate() {
        while end < entries.len() && entries[end].recorded.saturating_sub(first.recorded) <= width {
            window.add(&entries[end]);
            end += 1;
        }
        if window.is_burst(tunables) {
            match runs.last_mut() {
                Some(run) if start < run.1 => run.1 = end,
                _ => runs.push((start, end)),
            }
        }
        window.remove(first);
    }
    runs.into_iter().map(|(start, end)| &entries[start..end]).collect()
}

/// Entries that lie close together, as the window moves on.
#[derive(Default)]
struct Window {
    count: usize,
    /// How many are about a day before they were recorded.
    gone_by: usize,
    /// How many are about each day.
    days: BTreeMap<i64, usize>,
}

impl Window {
    fn add(&mut self, written: &Written) {
        self.count += 1;
        self.gone_by += usize::from(written.is_about_gone_by());
        *self.days.entry(written.day).or_default() += 1;
    }

    fn remove(&mut self, written: &Written) {
        self.count -= 1;
        self.gone_by -= usize::from(written.is_about_gone_by());
        if let Some(count) = self.days.get_mut(&written.day) {
            *count -= 1;
            if *count == 0 {
                self.days.remove(&written.day);
            }
        }
    }

    fn is_burst(&self, tunables: &Tunables) -> bool {
        let days = self.days.last_key_value().zip(self.days.first_key_value());
        let spanned = days.map_or(0, |((last, _), (first, _))| last - first + 1);
        self.count >= tunables.burst_count.max(2)
            && spanned >= tunables.burst_days
            && self.gone_by * 2 >= tunables.burst_count
    }
}

impl Written {
    fn is_about_gone_by(&self) -> bool {
        self.day < day_of(self.recorded.saturating_mul(1_000))
    }
}

fn days_spanned(window: &[Written]) -> i64 {
    let days = || window.iter().map(|written| written.day);
    days().max().zip(days().min()).map_or(0, |(last, first)| last - first + 1)
}

fn burst_flag(burst: &[Written], about: &Subject, sources: impl Iterator<Item = Source>) -> Fact<Flag> {
    let imported = burst.iter().all(|written| written.imported);
    let sort = if imported { Flag::BurstImported } else { Flag::Burst };
    let seconds = burst.last().zip(burst.first()).map_or(0, |(last, first)| last.recorded - first.recorded);
    let fact = Fact::new(sort, about, sources)
        .says("count", Said::Number(i64::try_from(burst.len()).unwrap_or(i64::MAX)))
        .says("days", Said::Number(days_spanned(burst)));
    if imported { fact } else { fact.says("minutes", Said::Number(seconds.div_euclid(60).max(1))) }
}
