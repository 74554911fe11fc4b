//! Founds a ledger whose clock follows the seasons, and fills it.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::cast::World;
use super::deliver::{Delivery, OverHttp, SeasonClock, Shelf, Straight};
use super::dice::{self, Dice};
use super::fraud::Record;
use super::judge::Judge;
use super::{Book, Found, Seasons, Wanted, check};
use crate::config::Config;
use crate::demo::Telling;
use crate::demo::client::Client;
use crate::demo::found::{self, Founding};
use crate::demo::season;
use crate::demo::stories::{Featured, Story};
use crate::demo::teller::Told;
use crate::http;
use crate::merkle::Hash;
use crate::sequencer::LedgerHandle;
use crate::store::data_dir::DataDir;

/// Batches of each sort that links are printed of.
const SHOWN: usize = 3;

/// Fills a fresh directory. `config` is what the service runs with where statements go through it.
pub(in crate::demo) fn fill(
    dir: &DataDir,
    config: Config,
    public_url: &str,
    wanted: &Wanted,
) -> anyhow::Result<(Telling, Record)> {
    let begun = Instant::now();
    let key = |holder: &str| dice::key(wanted.seed, holder);
    let registrar = [key("registrar 1"), key("registrar 2")];
    let clock = Arc::new(SeasonClock::default());
    let world = World::cast(wanted, registrar[0].pair());
    let founded = season::millis(world.founded());
    clock.set(founded);
    let mut chance = Dice::of(wanted.seed, "genesis");
    let founding = Founding { log: key("log"), registrar, clock: &*clock, chance: &mut chance };
    let (home, _) = found::found_with(dir, public_url, Timestamp::from_millisecond(founded)?, founding)?;
    let ledger = found::open_by(dir, clock.clone())?;
    let told = match wanted.straight {
        true => {
            let mut shelf = Straight::new(ledger.handle(), clock);
            let told = tell(&mut shelf, home, world, wanted);
            let finished = shelf.finish();
            ledger.shut_down();
            finished.and(told)
        }
        false => {
            let serving = http::start(config, ledger)?;
            let client = Client::new(&format!("http://{}", serving.address));
            let told = tell(&mut OverHttp { client, clock }, home, world, wanted);
            serving.stop()?;
            told
        }
    };
    let (telling, record) = told?;
    summarise(&telling.told, &record, begun);
    Ok((telling, record))
}

/// Whether the functions that judge lots find what was planted, and leave the honest alone.
pub(in crate::demo) fn judge(handle: &LedgerHandle, record: &Record) -> anyhow::Result<Found> {
    let judge = Judge::of(handle.snapshot(), record.as_of)?;
    check(record, |lot| judge.words(lot).with_context(|| lot.to_owned()))
}

fn summarise(told: &Told, record: &Record, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    let lots = record.honest.len() + record.planted.iter().map(|planted| planted.lots.len()).sum::<usize>();
    eprintln!(
        "{} statements, {} files, {lots} lots, {} frauds in {seconds:.1} s: {:.0} statements/s",
        told.statements,
        told.files,
        record.planted.len(),
        told.statements as f64 / seconds.max(0.001),
    );
}

/// Plans and says one season after the other.
fn tell(
    shelf: &mut dyn Shelf,
    home: Hash,
    world: World,
    wanted: &Wanted,
) -> anyhow::Result<(Telling, Record)> {
    let mut seasons = Seasons::of(world);
    let mut delivery = Delivery::new(shelf, home, wanted.seed);
    let mut book = Book::new(wanted);
    let bar = ProgressBar::new(0).with_style(style());
    let prologue = seasons.prologue();
    bar.inc_length(prologue.steps.len() as u64);
    delivery.deliver(prologue, |said| bar.inc(said))?;
    for season in 0..wanted.seasons {
        let (plan, sown) = seasons.season(season);
        bar.inc_length(plan.steps.len() as u64);
        delivery.deliver(plan, |said| bar.inc(said))?;
        book.write(&seasons.world, season, &sown, |step| delivery.leaf(step));
    }
    bar.finish_and_clear();
    let record = book.record;
    let stories = stories(&record, delivery.told().statements);
    Ok((Telling { stories, told: delivery.told(), keys: Vec::new() }, record))
}

fn style() -> ProgressStyle {
    // The template is a constant; where it were wrong, the plain bar does.
    ProgressStyle::with_template("{bar:40} {pos}/{len} statements, {per_sec}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// What is worth opening: some lots of honest farms, and one of each fraud.
fn stories(record: &Record, statements: u64) -> Vec<Story> {
    let bare = |lot: &String| lot.trim_start_matches("batch:").to_owned();
    let packed = |lots: &[String]| lots.iter().find(|lot| lot.ends_with('p')).or(lots.first()).map(bare);
    let honest = record.honest.iter().filter(|lot| lot.ends_with('p')).take(SHOWN);
    let honest =
        honest.map(|lot| Featured { batch: bare(lot), zh: "诚信农场", en: "an honest farm" }).collect();
    let mut kinds = std::collections::BTreeMap::new();
    for planted in &record.planted {
        if let Some(batch) = packed(&planted.lots) {
            let (zh, en) = planted.kind.words();
            kinds.entry(planted.kind).or_insert(Featured { batch, zh, en });
        }
    }
    let dishonest = kinds.into_values().collect();
    let story = |name, featured, statements| Story { name, featured, statements };
    vec![story("示范产季", honest, statements), story("埋入的问题", dishonest, 0)]
}
