//! A ledger on disk with the service in front of it, on a free port, and a client that sees what any client sees.

#![allow(dead_code, unreachable_pub, reason = "each test that includes this file uses its own part of it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use suyuan::config::{Config, LogFormat, RateLimit};
use suyuan::http::{self, Serving};
use suyuan::merkle::Hash;
use suyuan::sequencer::{self, LogSigner, SystemClock};
use suyuan::statement::envelope::Envelope;
use suyuan::store::data_dir::DataDir;
use suyuan::store::signed_head::SignedHead;
use suyuan::verify::Trust;

use super::farm::{self, Farm, Ledger};

pub const ORIGIN: &str = "suyuan.test/log";

/// Runs until it is dropped or stopped.
pub struct Service {
    pub client: Client,
    serving: Option<Serving>,
    pub dir: tempfile::TempDir,
}

pub fn config(dir: &std::path::Path) -> Config {
    let unlimited = RateLimit { per_second: 0, burst: 1 };
    Config {
        dir: dir.to_owned(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: "https://trace.test".into(),
        origin: ORIGIN.into(),
        operator: None,
        policy: None,
        signed_head: None,
        disk_stop: 0,
        mirrors: Vec::new(),
        workers: 2,
        reads: unlimited,
        writes: unlimited,
        trusted_proxies: Vec::new(),
        client_timeout_secs: 10,
        shutdown_secs: 5,
        log_format: LogFormat::Text,
        log_filter: "off".into(),
    }
}

impl Service {
    /// A new ledger of the test registrar's.
    pub fn new() -> Service {
        Service::with(|_| {})
    }

    /// The same, set otherwise.
    pub fn with(change: impl FnOnce(&mut Config)) -> Service {
        let dir = tempfile::tempdir().unwrap();
        create(dir.path());
        Service::on(dir, change)
    }

    /// On a directory that holds a ledger.
    pub fn on(dir: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> Service {
        let ledger = open(dir.path(), Some(signer()));
        Service::serving(dir, change, ledger)
    }

    /// On a directory that holds a ledger, without the log's key.
    pub fn read_only(dir: tempfile::TempDir) -> Service {
        let ledger = open(dir.path(), None);
        Service::serving(dir, |_| {}, ledger)
    }

    fn serving(
        dir: tempfile::TempDir,
        change: impl FnOnce(&mut Config),
        ledger: sequencer::Ledger,
    ) -> Service {
        let mut config = config(dir.path());
        change(&mut config);
        let serving = http::start(config, ledger).unwrap();
        Service { client: Client::new(serving.address), serving: Some(serving), dir }
    }

    /// Stops in good order and gives the directory back.
    pub fn stop(mut self) -> tempfile::TempDir {
        self.serving.take().unwrap().stop().unwrap();
        let empty = tempfile::tempdir().unwrap();
        std::mem::replace(&mut self.dir, empty)
    }

    /// The orchard of `farm`, talking to this service.
    pub fn farm(&self) -> Farm<Client> {
        Farm::new(self.client.clone())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            let _ = serving.stop();
        }
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The stable name of the problem that this is.
    #[track_caller]
    pub fn problem(&self) -> String {
        let told = format!("{}: {}", self.status, self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{told}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{told}");
        for member in ["title", "title_zh", "detail", "class"] {
            assert!(problem[member].is_string(), "no {member} in {told}");
        }
        problem["type"].as_str().unwrap().strip_prefix("/problems/").unwrap().to_owned()
    }
}

#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    agent: ureq::Agent,
    ledger: std::cell::OnceCell<Hash>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Client { address, agent: config.new_agent(), ledger: std::cell::OnceCell::new() }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> Answer {
        answer(self.agent.get(self.url(path)).call().unwrap())
    }

    pub fn get_with(&self, path: &str, header: (&str, &str)) -> Answer {
        answer(self.agent.get(self.url(path)).header(header.0, header.1).call().unwrap())
    }

    pub fn head(&self, path: &str) -> Answer {
        answer(self.agent.head(self.url(path)).header("accept-encoding", "identity").call().unwrap())
    }

    pub fn delete(&self, path: &str) -> Answer {
        answer(self.agent.delete(self.url(path)).call().unwrap())
    }

    pub fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        answer(self.agent.post(self.url(path)).header("content-type", content_type).send(body).unwrap())
    }

    pub fn put(&self, path: &str, body: &[u8]) -> Answer {
        answer(self.agent.put(self.url(path)).send(body).unwrap())
    }

    pub fn submit(&self, envelope: &Envelope, openings: &[Value]) -> Answer {
        let body = json!({"envelope": envelope.to_json(), "openings": openings}).to_string();
        self.post("/api/v1/statements", "application/json", body.as_bytes())
    }

    /// None: nobody answered.
    pub fn try_submit(&self, envelope: &Envelope, openings: &[Value]) -> Option<Answer> {
        let body = json!({"envelope": envelope.to_json(), "openings": openings}).to_string();
        let request =
            self.agent.post(self.url("/api/v1/statements")).header("content-type", "application/json");
        let (head, mut body) = request.send(body.as_bytes()).ok()?.into_parts();
        let body = body.read_to_vec().ok()?;
        Some(Answer { status: head.status.as_u16(), headers: Vec::new(), body })
    }

    /// Bytes as they are, and whatever comes back until the other side closes.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(bytes).unwrap();
        let mut back = Vec::new();
        let _ = stream.read_to_end(&mut back);
        String::from_utf8_lossy(&back).into_owned()
    }

    pub fn trust_text(&self) -> String {
        self.get("/trust.json").text()
    }

    pub fn trust(&self) -> Trust {
        Trust::parse(&self.trust_text()).unwrap()
    }
}

impl Ledger for Client {
    fn id(&self) -> Hash {
        *self.ledger.get_or_init(|| self.trust().genesis)
    }

    fn take(&mut self, envelope: Envelope, openings: Vec<Value>) -> Hash {
        let answer = self.submit(&envelope, &openings);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["leaf"].as_str().unwrap().parse().unwrap()
    }
}

fn answer(response: ureq::http::Response<ureq::Body>) -> Answer {
    let (head, mut body) = response.into_parts();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Answer {
        status: head.status.as_u16(),
        headers: headers.collect(),
        body: body.with_config().limit(64 * 1024 * 1024).read_to_vec().unwrap(),
    }
}

pub fn create(dir: &std::path::Path) {
    let (dir, clock) = (DataDir::new(dir), SystemClock::new());
    let genesis = farm::genesis(ORIGIN, &signer().verifier_keys()[0].to_string(), "2026-01-01T00:00:00Z");
    sequencer::create(&dir, &SignedHead::new(dir.signed_head()), &signer(), genesis, &clock).unwrap();
}

pub fn open(dir: &std::path::Path, signer: Option<LogSigner>) -> sequencer::Ledger {
    let dir = DataDir::new(dir);
    let settings = sequencer::Settings {
        signed_head: SignedHead::new(dir.signed_head()),
        dir,
        signer,
        clock: Arc::new(SystemClock::new()),
        clock_confirmed: true,
    };
    sequencer::Ledger::open(settings).unwrap()
}

pub fn signer() -> LogSigner {
    LogSigner::new(ORIGIN.parse().unwrap(), farm::key("log"))
}
