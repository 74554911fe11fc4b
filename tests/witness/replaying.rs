//! Witnesses that work out what they cosign.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use suyuan::follow::{FetchError, Fetcher, Get};
use suyuan::ledger::{Entry, MapRecord};
use suyuan::merkle::Hash;
use suyuan::merkle::proof::consistency_path;
use suyuan::merkle::tile::{TilePath, encode_bundle};
use suyuan::merkle::tree::{Frontier, NodesInMemory, leaf_hash};
use suyuan::note::add_checkpoint::AddCheckpoint;
use suyuan::note::checkpoint::Checkpoint;
use suyuan::note::signed_note::{self, SignedNote};
use suyuan::store::memory::MemoryStore;
use suyuan::verify::{Layer, Options, verify_bundle};
use suyuan::witness::{Refusal, Replay, Witness};

use crate::fake::now;
use crate::farm::{self, BATCH, Farm};
use crate::service::ORIGIN;
use crate::setup::*;

/// Entries as a service would give them; none: it is away.
#[derive(Clone, Default)]
struct Entries(Arc<Mutex<Option<Vec<Vec<u8>>>>>);

impl Get for Entries {
    fn get(&self, path: &str, _bytes_max: u64) -> Result<Vec<u8>, FetchError> {
        let away = || FetchError::Unreachable { url: path.to_owned(), problem: "away".to_owned() };
        let entries = self.0.lock().unwrap().clone().ok_or_else(away)?;
        let Ok(TilePath::Entries(bundle)) = path.parse() else { return Err(away()) };
        let first = usize::try_from(bundle.index * 256).unwrap();
        let wanted = entries.get(first..first + usize::from(bundle.width)).ok_or_else(away)?;
        Ok(encode_bundle(wanted.iter().cloned()).unwrap())
    }
}

/// The request that the log's own key would sign over these entries.
fn request(entries: &[Vec<u8>], old: usize) -> String {
    let (mut frontier, mut nodes) = (Frontier::new(), NodesInMemory::new());
    for entry in entries {
        frontier.push(leaf_hash(entry), |node| {
            nodes.insert((node.level, node.index), node.hash);
        });
    }
    let origin = ORIGIN.parse().unwrap();
    let text = Checkpoint { origin, size: frontier.size(), root: frontier.root() }.to_string();
    let line = signed_note::sign(&text, &ORIGIN.parse().unwrap(), &farm::key("log"));
    let path = match old {
        0 => Vec::new(),
        old => consistency_path(&nodes, old as u64, frontier.size()).unwrap(),
    };
    AddCheckpoint { old: old as u64, path, checkpoint: SignedNote::new(text, vec![line]).unwrap() }
        .to_string()
}

/// The entries of an orchard's ledger, and its genesis.
fn season() -> (Vec<Vec<u8>>, Hash) {
    let dir = tempfile::tempdir().unwrap();
    let (_ledger, handle) = ledger(dir.path());
    Farm::new(Direct(handle.clone())).season();
    let (size, reader) = (handle.published().size, handle.snapshot());
    let entries: Vec<_> = (0..size).map(|seq| reader.entry_bytes(seq).unwrap().unwrap()).collect();
    let genesis = leaf_hash(&entries[0]);
    (entries, genesis)
}

fn replaying(genesis: Hash, source: &Entries) -> Witness {
    let replay = Replay::new(genesis, Box::new(source.clone())).unwrap();
    witness("replayer.example").replaying(BTreeMap::from([(ORIGIN.parse().unwrap(), replay)]))
}

fn add(witness: &Witness, body: &str) -> Result<(), Refusal> {
    witness.add_checkpoint(body.as_bytes(), now()).map(|_| ())
}

#[test]
fn a_replaying_witness_cosigns_no_map_that_leaves_something_out() {
    let (honest, genesis) = season();
    let source = Entries::default();
    let witness = replaying(genesis, &source);
    assert!(
        matches!(add(&witness, &request(&honest, 0)), Err(Refusal::NotReplayed(_))),
        "nobody gives the entries"
    );

    // The newest map record says what an older one said: the last record is in the log, and in no chain.
    let mut lying = honest.clone();
    let is_map = |entry: &Vec<u8>| matches!(Entry::parse(entry), Ok(Entry::Map(_)));
    let older = honest.iter().rev().filter(|entry| is_map(entry)).nth(1).unwrap();
    let (Ok(Entry::Map(older)), Ok(Entry::Map(newest))) =
        (Entry::parse(older), Entry::parse(honest.last().unwrap()))
    else {
        panic!("two map records");
    };
    let lie = MapRecord { root: older.root, ..newest };
    *lying.last_mut().unwrap() = Entry::Map(lie).encode();
    *source.0.lock().unwrap() = Some(lying.clone());
    let refused = add(&witness, &request(&lying, 0)).unwrap_err();
    assert!(matches!(&refused, Refusal::NotTheSameLog(why) if why.contains("found wrong")), "{refused}");

    // Signed over other entries than are given, and over one that ends with no map record.
    *source.0.lock().unwrap() = Some(honest.clone());
    assert!(matches!(add(&witness, &request(&lying, 0)), Err(Refusal::NotTheSameLog(_))));
    let open = honest.len() - 1;
    assert!(matches!(add(&witness, &request(&honest[..open], 0)), Err(Refusal::NotTheSameLog(_))));

    // What is honest is cosigned, in steps, and nothing of the attempts before is in its way.
    let half = honest[..honest.len() / 2].iter().rposition(is_map).unwrap() + 1;
    add(&witness, &request(&honest[..half], 0)).unwrap();
    add(&witness, &request(&honest, half)).unwrap();
    add(&witness, &request(&honest, honest.len())).unwrap();
}

#[test]
fn a_replaying_witness_knows_its_ledger_by_its_genesis_and_no_other_log() {
    let (honest, genesis) = season();
    let source = Entries(Arc::new(Mutex::new(Some(honest.clone()))));
    let refused = add(&replaying(Hash::of(b"another"), &source), &request(&honest, 0)).unwrap_err();
    assert!(refused.to_string().contains("trust file"), "{refused}");
    let witness = replaying(genesis, &source);
    let other = crate::log::Log::new("log.example/a", 3, 3, 0);
    let mut logs = logs();
    logs.add_key(&other.vkey()).unwrap();
    witness.know(logs);
    assert!(matches!(add(&witness, &other.request(0, 3)), Err(Refusal::UnknownLog(_))));
    add(&witness, &request(&honest, 0)).unwrap();
}

#[test]
fn what_was_replayed_is_said_to_be_so_in_bundle_and_page() {
    // The witness listens before there is a service that it could read, and reads when it is asked.
    let late = Late::default();
    let (plain, replayer) = (witness("plain.example"), "replayer.example");
    let keys = [plain.vkey().to_string(), witness(replayer).vkey().to_string()];
    let dir = tempfile::tempdir().unwrap();
    crate::service::create(dir.path());
    let genesis = {
        let ledger = crate::service::open(dir.path(), None);
        ledger.handle().snapshot().log().unwrap().unwrap().ledger
    };
    let replay = Replay::new(genesis, Box::new(late.clone())).unwrap();
    let replaying = witness_on(replayer, Arc::new(MemoryStore::new()), logs())
        .replaying(BTreeMap::from([(ORIGIN.parse().unwrap(), replay)]));
    let (plain, replaying) = (serving(plain), serving(replaying));
    let [a, b] = keys;
    let text = format!(
        "log {}\nwitness p {a} {}\nwitness r {b} {}\ngroup replaying any r\ngroup enough 2 replaying p\nquorum enough\n",
        log_vkey(),
        url(&plain),
        url(&replaying),
    );
    let service = on(dir, &text);
    *late.0.lock().unwrap() = Some(format!("http://{}", service.client.address));
    let client = &service.client;
    service.farm().season();
    until("the newest is replayed and cosigned", || {
        let (seen, newest) = (client.get("/log/checkpoint"), client.get("/log/latest"));
        (seen.status == 200 && seen.body == newest.body).then_some(())
    });

    let id = BATCH.strip_prefix("batch:").unwrap();
    let bundle = client.get(&format!("/api/v1/batches/{id}/bundle")).body;
    let options = Options { now: i64::try_from(now()).unwrap(), max_age: 3_600 };
    let report = verify_bundle(&bundle, &client.trust(), &options);
    assert!(report.verified(&[Layer::Witnesses]), "{}", report.to_json(&[]));
    let reason = report.status(Layer::Completeness).reason();
    assert!(reason.starts_with("replayed by 1 (replayer.example): nothing is left out of"), "{reason}");
    assert_eq!(report.facts["completeness"], "replayed");
    let page = |lang: &str| client.get(&format!("/b/{id}?lang={lang}")).text();
    assert!(page("zh").contains("没有遗漏：1 家见证已逐条复算"));
    assert!(page("en").contains("Nothing is left out: worked through up to entry"));

    // To whoever's trust file lists nobody as replaying, it is the operator's word.
    let plain_trust = client
        .trust()
        .with_policy(&text.replace("group replaying any r\n", "").replace("2 replaying p", "2 r p"));
    let report = verify_bundle(&bundle, &plain_trust.unwrap(), &options);
    assert!(report.verified(&[Layer::Witnesses]) && report.facts["completeness"] == "claimed");
    plain.stop().unwrap();
    replaying.stop().unwrap();
}

/// A service whose address is known later.
#[derive(Clone, Default)]
struct Late(Arc<Mutex<Option<String>>>);

impl Get for Late {
    fn get(&self, path: &str, bytes_max: u64) -> Result<Vec<u8>, FetchError> {
        let url = self.0.lock().unwrap().clone();
        let away = || FetchError::Unreachable { url: path.to_owned(), problem: "away".to_owned() };
        Fetcher::hasty(&url.ok_or_else(away)?)?.get(path, bytes_max)
    }
}
