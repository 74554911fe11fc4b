//! Says the steps of a plan in the order of their time, many at once where none waits for another.
//!
//! A group shares one commit and one ledger time, that of its last step. It ends where it is full, where it would
//! stretch over too long a time, and before a step that needs what the group has not committed yet: the leaf of a
//! record, or a key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use anyhow::Context as _;
use jiff::ToSpan as _;
use jiff::civil::DateTime;
use serde_json::json;

use super::dice::Dice;
use super::plan::{Plan, Step, StepId};
use crate::demo::client::Client;
use crate::demo::draft::File;
use crate::demo::season;
use crate::demo::teller::{Ledger, Told};
use crate::demo::wrap::{Wrapped, Wrapping};
use crate::merkle::Hash;
use crate::private::openings::Opening;
use crate::sequencer::{Clock, GROUP_MAX, LedgerHandle, Submission, SubmitError};
use crate::statement::kinds::Kind;

/// What is written in the evening must not look late, so no group is longer than this.
const GROUP_HOURS: i64 = 6;

/// Threads that write files, and files that may wait for them.
const FILE_WRITERS: usize = 4;
const FILES_WAITING: usize = 64;

/// Takes what the seasons say.
pub(super) trait Shelf {
    /// Appends a group at the ledger time `at`, in milliseconds, and names its records by leaf.
    fn take(&mut self, at: i64, group: &[Wrapped]) -> anyhow::Result<Vec<Hash>>;

    fn upload(&mut self, commitment: &Hash, file: &File) -> anyhow::Result<()>;

    /// Waits for what is still under way.
    fn finish(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}

/// The clock of a ledger that is filled: it stands where the filling has come to.
#[derive(Default)]
pub(super) struct SeasonClock(AtomicI64);

impl SeasonClock {
    pub(super) fn set(&self, at: i64) {
        self.0.store(at, Ordering::SeqCst);
    }
}

impl Clock for SeasonClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// The machine has been up for all that time.
    fn uptime_ms(&self) -> i64 {
        self.now_ms()
    }
}

/// Straight into a ledger of this process. Files are written beside, since each waits for the disk.
pub(super) struct Straight {
    handle: LedgerHandle,
    clock: Arc<SeasonClock>,
    files: Option<SyncSender<(Hash, Vec<u8>)>>,
    writers: Vec<JoinHandle<anyhow::Result<()>>>,
}

impl Straight {
    pub(super) fn new(handle: LedgerHandle, clock: Arc<SeasonClock>) -> Straight {
        let (files, waiting) = sync_channel(FILES_WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let writer = |_| {
            let (handle, waiting) = (handle.clone(), waiting.clone());
            std::thread::spawn(move || write_files(&handle, &waiting))
        };
        let writers = (0..FILE_WRITERS).map(writer).collect();
        Straight { handle, clock, files: Some(files), writers }
    }
}

impl Shelf for Straight {
    fn take(&mut self, at: i64, group: &[Wrapped]) -> anyhow::Result<Vec<Hash>> {
        self.clock.set(at);
        let submissions = group.iter().map(submission).collect::<anyhow::Result<Vec<_>>>()?;
        let pending = self.handle.enqueue_group(submissions)?;
        let accepted = pending.into_iter().map(|pending| Ok(pending.accepted_blocking()?.receipt.leaf));
        Ok(accepted.collect::<Result<Vec<Hash>, SubmitError>>()?)
    }

    fn upload(&mut self, commitment: &Hash, file: &File) -> anyhow::Result<()> {
        let sent = self.files.as_ref().map(|files| files.send((*commitment, file.bytes.clone())));
        match sent {
            Some(Ok(())) => Ok(()),
            // The writers ended, which they do only where one of them failed.
            _ => self.finish(),
        }
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        self.files = None;
        for writer in self.writers.drain(..) {
            writer.join().map_err(|_| anyhow::anyhow!("a writer of files broke down"))??;
        }
        Ok(())
    }
}

/// Until there are no more, or one cannot be written.
fn write_files(handle: &LedgerHandle, waiting: &Mutex<Receiver<(Hash, Vec<u8>)>>) -> anyhow::Result<()> {
    loop {
        let next = waiting.lock().map_err(|_| anyhow::anyhow!("another writer broke down"))?.recv();
        let Ok((commitment, bytes)) = next else { return Ok(()) };
        let mut blob = handle.upload(&commitment)?;
        blob.write(&bytes)?;
        blob.finish()?;
    }
}

fn submission(made: &Wrapped) -> anyhow::Result<Submission> {
    let openings = made.openings.iter().map(Opening::from_json).collect::<Result<_, _>>()?;
    Ok(Submission { envelope: made.envelope.clone(), openings })
}

/// Over HTTP to the running service, whose ledger has this clock.
pub(super) struct OverHttp {
    pub(super) client: Client,
    pub(super) clock: Arc<SeasonClock>,
}

impl Shelf for OverHttp {
    fn take(&mut self, at: i64, group: &[Wrapped]) -> anyhow::Result<Vec<Hash>> {
        self.clock.set(at);
        group.iter().map(|made| self.client.submit(&made.envelope, &made.openings)).collect()
    }

    fn upload(&mut self, commitment: &Hash, file: &File) -> anyhow::Result<()> {
        self.client.upload(commitment, file.media_type, &file.bytes)
    }
}

pub(super) struct Delivery<'a> {
    shelf: &'a mut dyn Shelf,
    /// Leaf hash of the genesis record.
    home: Hash,
    seed: u64,
    told: Told,
    /// By step.
    leaves: Vec<Hash>,
    /// Each phone's last statement: its number and the hash of its payload.
    phones: BTreeMap<Hash, (u64, Hash)>,
    group: Group,
}

#[derive(Default)]
struct Group {
    steps: Vec<(StepId, Vec<File>)>,
    made: Vec<Wrapped>,
    ids: BTreeSet<StepId>,
    /// Keys that it brings into the ledger.
    keys: BTreeSet<Hash>,
    /// Arrival of the first step and of the last.
    from: Option<DateTime>,
    to: Option<DateTime>,
}

impl<'a> Delivery<'a> {
    pub(super) fn new(shelf: &'a mut dyn Shelf, home: Hash, seed: u64) -> Delivery<'a> {
        let (told, leaves, phones) = (Told::default(), Vec::new(), BTreeMap::new());
        Delivery { shelf, home, seed, told, leaves, phones, group: Group::default() }
    }

    pub(super) fn told(&self) -> Told {
        self.told
    }

    /// The record of a step that was delivered.
    pub(super) fn leaf(&self, step: StepId) -> Option<Hash> {
        self.leaves.get(step).copied()
    }

    /// Says them all; `heard` learns how many with each group.
    pub(super) fn deliver(&mut self, plan: Plan, mut heard: impl FnMut(u64)) -> anyhow::Result<()> {
        self.leaves.resize(plan.end(), Hash::ZERO);
        let mut steps: Vec<(StepId, Step)> = (plan.first..).zip(plan.steps).collect();
        steps.sort_by_key(|(id, step)| (step.arrives, *id));
        for (id, step) in steps {
            if self.group.ends_before(&step) {
                heard(self.send()?);
            }
            self.add(id, step)?;
        }
        heard(self.send()?);
        Ok(())
    }

    fn add(&mut self, id: StepId, step: Step) -> anyhow::Result<()> {
        let Step { mut draft, arrives, names, corrects, is_chained } = step;
        let what = format!("{} about {}", draft.kind, draft.subject);
        for (member, named) in names {
            draft.data[member] = json!(self.leaves[named]);
        }
        if let Some((corrected, kind)) = corrects {
            draft.corrects = Some((self.leaves[corrected], kind));
        }
        let phone = draft.pens[0].key.key_id();
        if is_chained {
            let next = self.phones.get(&phone).map_or((0, Hash::ZERO), |(n, payload)| (n + 1, *payload));
            draft.device = Some(next);
        }
        let mut chance = Dice::of(self.seed, &format!("step {id}"));
        let made = Wrapping { home: self.home, chance: &mut chance }.wrap(&draft).context(what)?;
        if let Some((n, _)) = draft.device {
            self.phones.insert(phone, (n, Hash::of(&made.envelope.payload)));
        }
        if matches!(draft.kind, Kind::OrgRegister | Kind::OrgKeyAdd) {
            self.group.keys.extend(draft.pens.iter().skip(1).map(|pen| pen.key.key_id()));
        }
        self.group.from.get_or_insert(arrives);
        self.group.to = Some(arrives);
        self.group.ids.insert(id);
        self.group.made.push(made);
        self.group.steps.push((id, draft.files));
        Ok(())
    }

    /// Returns how many statements went.
    fn send(&mut self) -> anyhow::Result<u64> {
        let group = std::mem::take(&mut self.group);
        let Some(to) = group.to else { return Ok(0) };
        let about = || format!("statements up to {to}");
        let leaves = self.shelf.take(season::millis(to), &group.made).with_context(about)?;
        for ((id, files), (leaf, made)) in group.steps.iter().zip(leaves.iter().zip(&group.made)) {
            self.leaves[*id] = *leaf;
            for (commitment, file) in made.files.iter().zip(files) {
                self.shelf.upload(commitment, file).context(file.name.clone())?;
            }
            self.told.files += files.len() as u64;
            self.told.sealed_values += (made.openings.len() - files.len()) as u64;
        }
        let count = group.steps.len() as u64;
        self.told.statements += count;
        Ok(count)
    }
}

impl Group {
    fn ends_before(&self, step: &Step) -> bool {
        let Some(from) = self.from else { return false };
        let waits = |id: &StepId| self.ids.contains(id);
        self.steps.len() >= GROUP_MAX
            || step.arrives > from + GROUP_HOURS.hours()
            || step.names.iter().any(|(_, id)| waits(id))
            || step.corrects.iter().any(|(id, _)| waits(id))
            || step.draft.pens.iter().any(|pen| self.keys.contains(&pen.key.key_id()))
    }
}
