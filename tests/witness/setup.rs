//! A witness of ours on a port of its own, policies, and waiting for what takes a moment.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use suyuan::config::RateLimit;
use suyuan::http::witness::{WitnessServing, WitnessSettings, start};
use suyuan::note::policy::Policy;
use suyuan::sequencer::{Ledger, LedgerHandle};
use suyuan::store::Store;
use suyuan::store::memory::MemoryStore;
use suyuan::verify::Trust;
use suyuan::witness::{Logs, Witness};

use crate::farm::{self, Farm};
use crate::service::{self, Service};

/// How long a test waits for something that should come at once; machines are sometimes busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn log_vkey() -> String {
    service::signer().verifier_keys()[0].to_string()
}

pub(crate) fn log_public() -> [u8; 32] {
    *service::signer().verifier_keys()[0].public().as_bytes()
}

/// Knows the log of the tests' service.
pub(crate) fn logs() -> Logs {
    let mut logs = Logs::default();
    logs.add_key(&log_vkey()).unwrap();
    logs
}

pub(crate) fn witness_on(name: &str, store: Arc<dyn Store>, logs: Logs) -> Witness {
    Witness::new(name.parse().unwrap(), farm::key(name), store, logs)
}

pub(crate) fn witness(name: &str) -> Witness {
    witness_on(name, Arc::new(MemoryStore::new()), logs())
}

pub(crate) fn serving_at(witness: Witness, listen: SocketAddr) -> WitnessServing {
    let unlimited = RateLimit { per_second: 0, burst: 1 };
    let settings = WitnessSettings {
        listen,
        reads: unlimited,
        writes: unlimited,
        log_filter: "off".into(),
        ..WitnessSettings::default()
    };
    start(settings, witness).unwrap()
}

pub(crate) fn serving(witness: Witness) -> WitnessServing {
    serving_at(witness, SocketAddr::from(([127, 0, 0, 1], 0)))
}

pub(crate) fn url(serving: &WitnessServing) -> String {
    format!("http://{}", serving.address)
}

/// So many of these witnesses: name, key, address.
pub(crate) fn policy(enough: usize, witnesses: &[(&str, String, &str)]) -> String {
    let mut text = format!("log {}\n", log_vkey());
    for (name, key, url) in witnesses {
        text += &format!("witness {name} {key} {url}\n");
    }
    let names: Vec<&str> = witnesses.iter().map(|(name, ..)| *name).collect();
    text + &format!("group all-of-them {enough} {}\nquorum all-of-them\n", names.join(" "))
}

/// A new ledger that is served with this policy.
pub(crate) fn operator(policy: &str) -> Service {
    let dir = tempfile::tempdir().unwrap();
    service::create(dir.path());
    on(dir, policy)
}

pub(crate) fn on(dir: tempfile::TempDir, policy: &str) -> Service {
    std::fs::write(dir.path().join("policy"), policy).unwrap();
    Service::on(dir, |config| config.policy = Some("policy".into()))
}

/// A ledger without a service, to be fed from at a quicker pace.
pub(crate) fn ledger(dir: &Path) -> (Ledger, LedgerHandle) {
    service::create(dir);
    let ledger = service::open(dir, Some(service::signer()));
    let handle = ledger.handle();
    (ledger, handle)
}

pub(crate) fn policy_of(handle: &LedgerHandle, text: &str) -> Policy {
    let log = handle.snapshot().log().unwrap().unwrap();
    Trust::parse(&Trust::to_text(&log.origin, &[log.log_vkey], log.ledger, Some(text))).unwrap().policy
}

#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not in {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One statement more, from an organisation that signs nothing else.
pub(crate) fn append(farm: &mut Farm<impl farm::Ledger>, n: u64) {
    let name = format!("org{n}");
    farm.register(&name, "新来的合作社", "A new co-op", "coop");
}

/// A ledger's handle as the farm of the tests sees it.
pub(crate) struct Direct(pub(crate) LedgerHandle);

impl farm::Ledger for Direct {
    fn id(&self) -> suyuan::merkle::Hash {
        self.0.snapshot().log().unwrap().unwrap().ledger
    }

    fn take(
        &mut self,
        envelope: suyuan::statement::envelope::Envelope,
        openings: Vec<serde_json::Value>,
    ) -> suyuan::merkle::Hash {
        let body = serde_json::json!({ "envelope": envelope.to_json(), "openings": openings });
        let submission = suyuan::sequencer::Submission::from_json(&body).unwrap();
        self.0.submit_blocking(submission).unwrap().receipt.leaf
    }
}
