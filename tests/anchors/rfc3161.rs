//! A real authority, `openssl ts`, behind a small wrapper; what is judged of it here, by openssl and by a third party.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use suyuan::anchor::{self, AnchorKind, Claim, Finding, Level, Source, Told, Verdict, Why};
use suyuan::merkle::Hash;
use suyuan::publish::anchors::{Authority, AuthoritySettings, Job, State, Step, Submit as _};
use tempfile::TempDir;

use crate::server::{Reply, Request, Server, nobody};

const BODY: &str = "suyuan.test/log\n42\nMDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n";
const POLICY: &str = "1.2.3.4.1";

/// A root, an authority's certificate under it, and openssl's configuration for both.
struct Tsa {
    folder: TempDir,
    /// One stamp at a time: the serial numbers are in a file.
    turn: Mutex<()>,
}

#[derive(Clone, Copy)]
enum Keys {
    Rsa,
    P256,
}

impl Tsa {
    fn new(keys: Keys) -> Arc<Tsa> {
        Tsa::valid(keys, "20200101000000Z", "20400101000000Z")
    }

    /// The authority's certificate is good from and to these times.
    fn valid(keys: Keys, from: &str, to: &str) -> Arc<Tsa> {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let config = CONFIG.replace("DIR", folder.path().to_str().unwrap());
        std::fs::write(at("openssl.cnf"), config).unwrap();
        for (name, content) in [("index.txt", ""), ("serial", "1000\n"), ("tsaserial", "A0\n")] {
            std::fs::write(at(name), content).unwrap();
        }
        let tsa = Tsa { turn: Mutex::default(), folder };
        for name in ["root", "tsa"] {
            let key = format!("{name}.key");
            match keys {
                Keys::Rsa => tsa.run(&[
                    "genpkey",
                    "-algorithm",
                    "RSA",
                    "-pkeyopt",
                    "rsa_keygen_bits:2048",
                    "-out",
                    &key,
                ]),
                Keys::P256 => tsa.run(&[
                    "genpkey",
                    "-algorithm",
                    "EC",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-out",
                    &key,
                ]),
            };
        }
        tsa.run(&[
            "req",
            "-x509",
            "-new",
            "-config",
            "openssl.cnf",
            "-key",
            "root.key",
            "-subj",
            "/CN=Test root",
            "-days",
            "7300",
            "-extensions",
            "root",
            "-out",
            "root.pem",
        ]);
        tsa.run(&[
            "req",
            "-new",
            "-config",
            "openssl.cnf",
            "-key",
            "tsa.key",
            "-subj",
            "/CN=Test authority",
            "-out",
            "tsa.csr",
        ]);
        tsa.run(&[
            "ca",
            "-batch",
            "-notext",
            "-config",
            "openssl.cnf",
            "-extensions",
            "stamping",
            "-startdate",
            from,
            "-enddate",
            to,
            "-in",
            "tsa.csr",
            "-out",
            "tsa.pem",
        ]);
        Arc::new(tsa)
    }

    fn run(&self, words: &[&str]) -> Output {
        let done = Command::new("openssl").args(words).current_dir(self.folder.path()).output();
        let done = done.expect("openssl: apt-get install openssl");
        assert!(done.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&done.stderr));
        done
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn root(&self) -> Vec<u8> {
        self.run(&["x509", "-in", "root.pem", "-outform", "DER"]).stdout
    }

    /// What `openssl ts` answers.
    fn reply(&self, query: &[u8]) -> Vec<u8> {
        let _turn = self.turn.lock().unwrap();
        std::fs::write(self.path("query"), query).unwrap();
        self.run(&["ts", "-reply", "-config", "openssl.cnf", "-queryfile", "query", "-out", "reply"]);
        std::fs::read(self.path("reply")).unwrap()
    }

    /// Over HTTP, as RFC 3161 section 3.4 has it.
    fn serve(self: &Arc<Tsa>) -> Server {
        self.serve_with(|query| query)
    }

    /// One that answers not quite what it was asked.
    fn serve_with(self: &Arc<Tsa>, change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Server {
        let tsa = self.clone();
        Server::new(move |request: &Request, _| {
            assert!(request.head.contains("content-type: application/timestamp-query"), "{}", request.head);
            Reply::Answer(200, tsa.reply(&change(request.body.clone())))
        })
    }
}

const CONFIG: &str = "
[ca]
default_ca = authority
[authority]
database = DIR/index.txt
serial = DIR/serial
new_certs_dir = DIR
certificate = DIR/root.pem
private_key = DIR/root.key
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[stamping]
basicConstraints = CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = stamps
[stamps]
serial = DIR/tsaserial
signer_cert = DIR/tsa.pem
signer_key = DIR/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
";

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn job(now: u64) -> Job {
    Job::new(AnchorKind::Rfc3161, 42, 0, BODY.to_owned(), now)
}

fn authority(url: &str, root: Vec<u8>) -> Authority {
    Authority::new(AuthoritySettings {
        timeout: Duration::from_secs(30),
        ..AuthoritySettings::new(url.to_owned(), vec![root])
    })
}

/// What the worker does with a step.
fn then(job: &Job, step: Step) -> Job {
    let moved = step.state != job.state;
    Job {
        waits: if moved { 0 } else { job.waits + 1 },
        state: step.state,
        work: step.work,
        evidence: step.evidence,
        next_at: step.next_at,
        said: step.said,
        ..job.clone()
    }
}

/// Notes a nonce, then asks.
fn ask(authority: &mut Authority, now: u64) -> Job {
    let noted = then(&job(now), authority.step(&job(now), now));
    assert_eq!((&noted.state, noted.next_at, noted.work.len()), (&State::Queued, now, 9));
    then(&noted, authority.step(&noted, now))
}

fn judged(job: &Job, roots: Vec<Vec<u8>>) -> Finding {
    let told = Told { tsa_roots: roots, ..Told::default() };
    anchor::judge("rfc3161", 1, job.evidence.as_deref().unwrap(), BODY, &told)
}

/// Still queued, nothing kept, and says this.
fn waits(job: &Job, said: &str) {
    assert_eq!((&job.state, &job.evidence), (&State::Queued, &None), "{}", job.said);
    assert!(job.said.contains(said), "{}", job.said);
    assert!(job.next_at >= job.made_at + 60);
}

#[test]
fn a_stamp_is_got_judged_and_taken_by_openssl_and_a_third_party() {
    for keys in [Keys::P256, Keys::Rsa] {
        let tsa = Tsa::new(keys);
        let server = tsa.serve();
        let now = seconds();
        let done = ask(&mut authority(&server.url, tsa.root()), now);
        assert_eq!((&done.state, done.said.as_str()), (&State::Final, "stamped, number a1"));

        let finding = judged(&done, vec![tsa.root()]);
        assert_eq!(finding.verdict, Verdict::Ok);
        let Claim { level, not_after, source, .. } = finding.claim.unwrap();
        assert_eq!(level, Level::TrustedParty);
        assert!((now.saturating_sub(1)..=seconds() + 1).contains(&not_after.unwrap()));
        let expected = Source::Authority {
            name: "CN=Test authority".into(),
            serial: "a1".into(),
            policy: POLICY.into(),
        };
        assert_eq!(source, expected);
        assert_eq!(judged(&done, Vec::new()).verdict, Verdict::NotChecked(Why::NoTrustedRoot));
        let stranger = Tsa::new(Keys::P256);
        assert_eq!(judged(&done, vec![stranger.root()]).verdict, Verdict::NotChecked(Why::NoTrustedRoot));

        std::fs::write(tsa.path("body"), BODY).unwrap();
        std::fs::write(tsa.path("stamp.tsr"), done.evidence.as_deref().unwrap()).unwrap();
        let told = tsa.run(&["ts", "-verify", "-data", "body", "-in", "stamp.tsr", "-CAfile", "root.pem"]);
        assert!(String::from_utf8_lossy(&[told.stdout, told.stderr].concat()).contains("Verification: OK"));
        third_party(&tsa.path("stamp.tsr"), &tsa.path("root.pem"));
    }
}

/// `rfc3161-client` of PyPI takes the stamp for the body, and not with a changed byte or for another body.
fn third_party(stamp: &Path, root: &Path) {
    let python = std::env::var("SUYUAN_TEST_PYTHON")
        .expect("SUYUAN_TEST_PYTHON: run scripts/test, or need_test_python of scripts/env");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/anchors/read_tsr.py");
    let done = Command::new(python).args([&script, stamp, root]).arg(BODY).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn after_a_crash_the_same_request_goes_out_again() {
    let tsa = Tsa::new(Keys::P256);
    let server = tsa.serve();
    let now = seconds();
    let noted = then(&job(now), authority(&server.url, tsa.root()).step(&job(now), now));
    assert!(server.requests().is_empty(), "nothing is sent before the nonce is on the disk");
    for _ in 0..2 {
        let done = then(&noted, authority(&server.url, tsa.root()).step(&noted, now));
        assert_eq!(done.state, State::Final);
    }
    let sent = server.requests();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].body, sent[1].body);
    let other = then(&job(now), authority(&server.url, tsa.root()).step(&job(now), now));
    assert_ne!(other.work, noted.work);
}

#[test]
fn a_stamp_for_another_request_is_not_kept() {
    let tsa = Tsa::new(Keys::P256);
    let now = seconds();
    // An old answer, for the same digest: its nonce is another.
    let old = ask(&mut authority(&tsa.serve().url, tsa.root()), now).evidence.unwrap();
    let replay = Server::new(move |_, _| Reply::Answer(200, old.clone()));
    waits(&ask(&mut authority(&replay.url, tsa.root()), now), "its nonce differs");
    // The same nonce, another digest.
    let digest = job(now).digest().0;
    let other = tsa.serve_with(move |mut query| {
        let at = query.windows(32).position(|window| window == digest).unwrap();
        query[at..at + 32].copy_from_slice(&Hash::of(b"something else").0);
        query
    });
    waits(&ask(&mut authority(&other.url, tsa.root()), now), "stamps something else");
    // No nonce in the answer.
    let without = tsa.serve_with(|query| {
        let mut query = query;
        // 02 08 and eight bytes, before the last three: the nonce and `certReq`.
        let at = query.len() - 13;
        query.drain(at..at + 10);
        query[1] -= 10;
        query
    });
    waits(&ask(&mut authority(&without.url, tsa.root()), now), "its nonce differs");
}

#[test]
fn an_authority_that_says_no_or_that_nobody_vouches_for_ends_the_job() {
    let tsa = Tsa::new(Keys::P256);
    let server = tsa.serve();
    let now = seconds();
    let refused = ask(
        &mut Authority::new(AuthoritySettings {
            policy: Some("1.2.3.4.99".to_owned()),
            ..AuthoritySettings::new(server.url.clone(), vec![tsa.root()])
        }),
        now,
    );
    assert!(
        matches!(&refused.state, State::Failed(why) if why.starts_with("the authority refused the request: status 2")),
        "{:?}",
        refused.state
    );
    let asked_for = ask(
        &mut Authority::new(AuthoritySettings {
            policy: Some(POLICY.to_owned()),
            ..AuthoritySettings::new(server.url.clone(), vec![tsa.root()])
        }),
        now,
    );
    assert_eq!(asked_for.state, State::Final);
    let stranger = Tsa::new(Keys::P256);
    let unknown = ask(&mut authority(&server.url, stranger.root()), now);
    assert!(
        matches!(&unknown.state, State::Failed(why) if why.contains("none of the roots")),
        "{:?}",
        unknown.state
    );
    assert_eq!(unknown.evidence, None);
}

#[test]
fn an_expired_certificate_stamps_nothing() {
    let tsa = Tsa::valid(Keys::P256, "20200101000000Z", "20210101000000Z");
    let server = tsa.serve();
    let job = ask(&mut authority(&server.url, tsa.root()), seconds());
    waits(&job, "was not valid at the time of the stamp");
}

#[test]
fn a_stamp_of_another_time_than_ours_is_not_kept() {
    let tsa = Tsa::new(Keys::P256);
    let server = tsa.serve();
    for now in [seconds() - 3600, seconds() + 3600] {
        waits(&ask(&mut authority(&server.url, tsa.root()), now), "more than five minutes apart");
    }
    for now in [seconds() - 120, seconds() + 120] {
        assert_eq!(ask(&mut authority(&server.url, tsa.root()), now).state, State::Final);
    }
}

#[test]
fn nonsense_is_asked_again_later() {
    let tsa = Tsa::new(Keys::P256);
    let now = seconds();
    let answers = [
        (Reply::Answer(500, b"oops".to_vec()), "status 500"),
        (Reply::Answer(404, Vec::new()), "status 404"),
        (Reply::Redirect("http://127.0.0.1:1/".to_owned()), "status 302"),
        (Reply::Answer(200, b"<html>".to_vec()), "holds no stamp"),
        (Reply::Answer(200, Vec::new()), "holds no stamp"),
        (Reply::Answer(200, vec![0x30; 65_537]), "did not answer"),
        (Reply::Endless, "did not answer"),
    ];
    for (reply, said) in answers {
        let server = Server::new(move |_, _| reply.clone());
        waits(&ask(&mut authority(&server.url, tsa.root()), now), said);
    }
    waits(&ask(&mut authority(&nobody(), tsa.root()), now), "did not answer");
    let mut late = ask(&mut authority(&nobody(), tsa.root()), now);
    late.next_at = now + 3 * 86_400 + 1;
    let over = then(&late, authority(&nobody(), tsa.root()).step(&late, late.next_at));
    assert!(matches!(&over.state, State::Failed(why) if why.starts_with("given up after three days")));
}

#[test]
fn a_byte_now_and_then_does_not_hold_the_worker_for_ever() {
    let tsa = Tsa::new(Keys::P256);
    let server = Server::new(|_, _| Reply::Drip);
    let mut settings = AuthoritySettings::new(server.url.clone(), vec![tsa.root()]);
    settings.timeout = Duration::from_secs(2);
    let since = Instant::now();
    waits(&ask(&mut Authority::new(settings), seconds()), "did not answer");
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
}

#[test]
fn damaged_notes_and_a_policy_that_is_none_end_the_job() {
    let tsa = Tsa::new(Keys::P256);
    let server = tsa.serve();
    let now = seconds();
    for work in [vec![1, 2, 3], vec![9; 9]] {
        let job = Job { work, ..job(now) };
        let after = then(&job, authority(&server.url, tsa.root()).step(&job, now));
        assert!(matches!(after.state, State::Failed(_)));
    }
    let settings = AuthoritySettings {
        policy: Some("the usual".into()),
        ..AuthoritySettings::new(server.url.clone(), Vec::new())
    };
    let after = ask(&mut Authority::new(settings), now);
    assert!(matches!(&after.state, State::Failed(why) if why.contains("no object identifier")));
    assert!(server.requests().is_empty());
}
