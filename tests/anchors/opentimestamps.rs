//! Calendars that keep their promises, that do not, and that do what they please; and the stock client on our files.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use suyuan::anchor::opentimestamps::{Proof, ends, native, open};
use suyuan::anchor::{self, AnchorKind, Finding, Source, Told, Verdict, Why};
use suyuan::publish::anchors::{
    CalendarSettings, Calendars, CalendarsError, Job, NodeSettings, State, Step, Submit as _,
};

use crate::calendar::{BLOCK_TIME, Calendar, HEIGHT, block, node, promise, way_to_block};
use crate::server::{Reply, Server, nobody};

const BODY: &str = "suyuan.test/log\n42\nMDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n";
const NOW: u64 = 1_781_500_000;
const DAY: u64 = 86_400;

fn job() -> Job {
    Job::new(AnchorKind::OpenTimestamps, 42, 0, BODY.to_owned(), NOW)
}

fn settings(calendars: &[&str]) -> CalendarSettings {
    let calendars = calendars.iter().map(|url| (*url).to_owned()).collect();
    CalendarSettings { timeout: Duration::from_secs(20), ..CalendarSettings::new(calendars) }
}

fn of(calendars: &[&Calendar]) -> Calendars {
    let urls: Vec<String> = calendars.iter().map(|calendar| calendar.url()).collect();
    Calendars::new(settings(&urls.iter().map(String::as_str).collect::<Vec<_>>())).unwrap()
}

/// What the worker does with a step: it is stored, then comes the next.
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

fn step(calendars: &mut Calendars, job: &Job) -> Job {
    let now = job.next_at;
    then(job, calendars.step(job, now))
}

/// A job whose nonce is noted.
fn noted(calendars: &mut Calendars) -> Job {
    let job = step(calendars, &job());
    assert_eq!((&job.state, job.evidence.is_none(), job.next_at), (&State::Queued, true, NOW));
    job
}

fn judged(job: &Job, told: &Told) -> Finding {
    anchor::judge("ots", 1, job.evidence.as_deref().unwrap(), BODY, told)
}

fn promised_by(finding: &Finding) -> Vec<String> {
    assert_eq!(finding.verdict, Verdict::NotChecked(Why::Pending), "{finding:?}");
    match &finding.claim.as_ref().unwrap().source {
        Source::Calendars(calendars) => calendars.clone(),
        source => panic!("{source:?}"),
    }
}

#[test]
fn a_checkpoint_is_promised_by_two_calendars_and_gets_into_a_block() {
    let (alice, bob) = (Calendar::new(), Calendar::new());
    let mut calendars = of(&[&alice, &bob]);
    let job = noted(&mut calendars);
    assert!(alice.server.requests().is_empty(), "nothing is sent before the nonce is on the disk");

    let job = step(&mut calendars, &job);
    assert_eq!(job.state, State::Submitted, "{}", job.said);
    let sent = [&alice, &bob].map(|calendar| calendar.requests("POST")[0].body.clone());
    assert_eq!(sent[0], sent[1]);
    assert_ne!(sent[0], job.digest().0, "no calendar sees the digest");
    let mut by = promised_by(&judged(&job, &Told::default()));
    by.sort();
    let mut expected = [alice.url(), bob.url()];
    expected.sort();
    assert_eq!(by, expected);

    let (mut waiting, mut last) = (job, 0);
    for _ in 0..9 {
        let before = waiting.next_at;
        waiting = step(&mut calendars, &waiting);
        let pause = waiting.next_at - before;
        assert_eq!(waiting.state, State::Submitted);
        assert!((60..=3600).contains(&pause) && pause >= last, "{pause} s after {last} s");
        last = pause;
    }
    assert_eq!(last, 3600);
    assert_eq!(alice.requests("POST").len(), 1, "who has promised is not asked again");

    bob.mine();
    let job = step(&mut calendars, &waiting);
    assert_eq!((&job.state, job.said.as_str()), (&State::Final, "in Bitcoin block 121"));
    let finding = judged(&job, &Told::default());
    assert_eq!(finding.verdict, Verdict::NotChecked(Why::BlockNotConfirmed));
    let root = bob.roots()[0];
    let source = Source::Bitcoin { height: HEIGHT.into(), merkle_root: root, block_hash: None };
    assert_eq!(finding.claim.unwrap().source, source);
    // The block is as easy as regtest's: whoever shows its header proves nothing.
    let told = Told { bitcoin_headers: vec![block(root)], ..Told::default() };
    assert_eq!(judged(&job, &told).verdict, Verdict::NotChecked(Why::TestChain));
}

#[test]
fn after_a_crash_the_same_bytes_are_sent_again() {
    let (alice, bob) = (Calendar::new(), Calendar::new());
    let job = noted(&mut of(&[&alice, &bob]));
    let first = step(&mut of(&[&alice, &bob]), &job);
    // What came back was never stored; the program starts anew.
    let second = step(&mut of(&[&alice, &bob]), &job);
    assert_eq!(first, second);
    let sent = alice.requests("POST");
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].body, sent[1].body);
    let other = noted(&mut of(&[&alice, &bob]));
    assert_ne!(other.work, job.work, "every job has a nonce of its own");
}

#[test]
fn a_calendar_that_is_down_is_asked_again_until_there_are_enough_promises() {
    let (alice, bob) =
        (Calendar::new(), Calendar::odd(|_, before| (before < 2).then(|| Reply::Answer(503, Vec::new()))));
    let mut calendars = of(&[&alice, &bob]);
    let mut job = noted(&mut calendars);
    for _ in 0..2 {
        job = step(&mut calendars, &job);
        assert_eq!(job.state, State::Queued);
        assert!(job.said.contains("promised by 1 of 2") && job.said.contains("status 503"), "{}", job.said);
        assert_eq!(promised_by(&judged(&job, &Told::default())), [alice.url()]);
    }
    job = step(&mut calendars, &job);
    assert_eq!(job.state, State::Submitted);
    assert_eq!(promised_by(&judged(&job, &Told::default())).len(), 2);
    assert_eq!((alice.requests("POST").len(), bob.requests("POST").len()), (1, 3));
}

#[test]
fn one_calendar_of_three_that_never_answers_holds_nothing_up() {
    let (alice, bob, gone) = (Calendar::new(), Calendar::new(), nobody());
    let mut calendars = Calendars::new(settings(&[&alice.url(), &gone, &bob.url()])).unwrap();
    let job = noted(&mut calendars);
    let job = step(&mut calendars, &job);
    assert_eq!(job.state, State::Submitted);
    assert!(job.said.contains(&gone), "{}", job.said);
    alice.mine();
    assert_eq!(step(&mut calendars, &job).state, State::Final);
}

/// What a calendar may answer to a digest, or to the question what has become of it, without having it believed.
fn bad_answers() -> Vec<(&'static str, Reply)> {
    let mut truncated = promise("http://127.0.0.1:1");
    truncated.pop();
    let mut long = vec![0xf0, 16];
    long.extend([1; 16]);
    let long = [long.repeat(600), way_to_block(b"").0].concat();
    assert!(long.len() > 10_000);
    vec![
        ("500", Reply::Answer(500, b"oops".to_vec())),
        ("garbage", Reply::Answer(200, b"<html>maintenance</html>".to_vec())),
        ("nothing", Reply::Answer(200, Vec::new())),
        ("truncated", Reply::Answer(200, truncated)),
        ("something behind it", Reply::Answer(200, [promise("http://127.0.0.1:1"), vec![0]].concat())),
        ("too deep", Reply::Answer(200, [vec![0x08; 300], way_to_block(b"").0].concat())),
        ("too long", Reply::Answer(200, long)),
        ("endless", Reply::Endless),
    ]
}

#[test]
fn bad_answers_are_no_promises() {
    for (name, bad) in bad_answers() {
        let alice = Calendar::new();
        let bob = Calendar::odd(move |_, before| (before == 0).then(|| bad.clone()));
        let mut calendars = of(&[&alice, &bob]);
        let job = noted(&mut calendars);
        let job = step(&mut calendars, &job);
        assert_eq!(job.state, State::Queued, "{name}: {}", job.said);
        assert!(job.said.contains(&bob.url()), "{name}: {}", job.said);
        assert_eq!(promised_by(&judged(&job, &Told::default())), [alice.url()], "{name}");
        assert_eq!(step(&mut calendars, &job).state, State::Submitted, "{name}");
    }
}

#[test]
fn bad_answers_do_not_spoil_a_promise() {
    for (name, bad) in bad_answers() {
        let alice = Calendar::new();
        // Its promise is good, its next answer is not.
        let bob = Calendar::odd(move |_, before| (before == 1).then(|| bad.clone()));
        let mut calendars = of(&[&alice, &bob]);
        let job = noted(&mut calendars);
        let job = step(&mut calendars, &job);
        bob.mine();
        let after = step(&mut calendars, &job);
        assert_eq!(
            (&after.state, &after.evidence),
            (&State::Submitted, &job.evidence),
            "{name}: {}",
            after.said
        );
        assert!(after.said.contains(&bob.url()), "{name}: {}", after.said);
        assert_eq!(step(&mut calendars, &after).state, State::Final, "{name}");
    }
}

#[test]
fn a_byte_now_and_then_does_not_hold_the_worker_for_ever() {
    let alice = Calendar::new();
    let bob = Calendar::odd(|_, _| Some(Reply::Drip));
    let mut slow = settings(&[&alice.url(), &bob.url()]);
    slow.timeout = Duration::from_secs(3);
    let mut calendars = Calendars::new(slow).unwrap();
    let job = noted(&mut calendars);
    let since = Instant::now();
    let job = step(&mut calendars, &job);
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
    assert_eq!(job.state, State::Queued);
    assert!(job.said.contains(&bob.url()), "{}", job.said);
}

#[test]
fn nobody_is_asked_but_who_stands_in_the_settings() {
    let trap = Server::new(|_, _| Reply::Answer(200, way_to_block(b"").0));
    let alice = Calendar::new();
    let to = trap.url.clone();
    // Promises in the name of another, then shows another the way.
    let bob = Calendar::odd(move |_, before| {
        Some(if before == 0 {
            Reply::Answer(200, promise(&to))
        } else {
            Reply::Redirect(format!("{to}/digest"))
        })
    });
    let mut calendars = of(&[&alice, &bob]);
    let mut job = noted(&mut calendars);
    for _ in 0..3 {
        job = step(&mut calendars, &job);
        assert_eq!(job.state, State::Queued);
        assert_eq!(promised_by(&judged(&job, &Told::default())), [alice.url()]);
    }
    assert!(job.said.contains("status 302"), "{}", job.said);
    assert!(trap.requests().is_empty());

    // A pool's calendars can be named.
    let pool = Server::new({
        let behind = alice.url();
        move |_, _| Reply::Answer(200, promise(&behind))
    });
    let mut named = settings(&[&pool.url, &bob.url()]);
    named.minimum = 1;
    named.also = vec![format!("{}/", alice.url())];
    let mut calendars = Calendars::new(named).unwrap();
    let job = noted(&mut calendars);
    let job = step(&mut calendars, &job);
    assert_eq!(job.state, State::Submitted, "{}", job.said);
    alice.mine();
    assert_eq!(step(&mut calendars, &job).state, State::Final);
}

#[test]
fn our_own_node_is_believed_before_a_calendar_and_its_header_stands_with_the_proof() {
    let (alice, bob) = (Calendar::new(), Calendar::new());
    let header = Arc::new(Mutex::new(None));
    let node = node(header.clone());
    let mut with_node = settings(&[&alice.url(), &bob.url()]);
    with_node.node = Some(NodeSettings {
        url: node.url.clone(),
        user: "suyuan".to_owned(),
        password: "secret".to_owned(),
        is_test_network: true,
    });
    let mut calendars = Calendars::new(with_node.clone()).unwrap();
    let job = noted(&mut calendars);
    let submitted = step(&mut calendars, &job);
    alice.mine();
    // The node has not got so far.
    let early = step(&mut calendars, &submitted);
    assert_eq!(early.state, State::Submitted);
    assert!(early.said.contains("is not confirmed"), "{}", early.said);
    let root = alice.roots()[0];
    // The node has another block there: the way that the calendar shows leads nowhere.
    *header.lock().unwrap() = Some(block([7; 32]));
    let refused = step(&mut calendars, &submitted);
    assert_eq!((&refused.state, &refused.evidence), (&State::Submitted, &submitted.evidence));
    assert!(refused.said.contains("does not end in our node's block 121"), "{}", refused.said);

    *header.lock().unwrap() = Some(block(root));
    let done = step(&mut calendars, &early);
    assert_eq!(done.state, State::Final);
    let evidence = done.evidence.as_deref().unwrap();
    assert_eq!(open(evidence).unwrap().1.unwrap().0, block(root));
    let finding = judged(&done, &Told::default());
    assert_eq!(finding.verdict, Verdict::NotChecked(Why::TestChain));
    assert_eq!(finding.claim.unwrap().not_after, Some(u64::from(BLOCK_TIME)));

    // The same block for an operator who says that his node is of the main network.
    with_node.node.as_mut().unwrap().is_test_network = false;
    let strict = step(&mut Calendars::new(with_node).unwrap(), &early);
    assert_eq!(strict.state, State::Submitted);
    assert!(strict.said.contains("test network"), "{}", strict.said);
}

#[test]
fn after_two_weeks_it_is_over() {
    let (alice, bob) = (Calendar::new(), Calendar::new());
    let mut calendars = of(&[&alice, &bob]);
    let job = noted(&mut calendars);
    let submitted = step(&mut calendars, &job);
    let late = Job { next_at: NOW + 14 * DAY + 1, ..submitted.clone() };
    let over = step(&mut calendars, &late);
    assert_eq!(over.state, State::Failed("in no block after fourteen days".to_owned()));
    assert_eq!(over.evidence, submitted.evidence, "the promises are still there");
    alice.mine();
    assert_eq!(step(&mut calendars, &late).state, State::Final, "it is asked once more before that");
}

#[test]
fn damaged_notes_and_settings_that_cannot_be_are_told() {
    let (alice, bob) = (Calendar::new(), Calendar::new());
    let mut calendars = of(&[&alice, &bob]);
    for work in [vec![1; 16], vec![2; 17], [vec![1; 17], vec![0xff]].concat()] {
        let after = step(&mut calendars, &Job { work, ..job() });
        assert!(matches!(after.state, State::Failed(_)));
    }
    assert!(alice.server.requests().is_empty());
    let new = |urls: &[&str]| Calendars::new(settings(urls)).err();
    assert_eq!(new(&["https://a.example"]), Some(CalendarsError::Count));
    assert_eq!(new(&["https://a.example", "https://a.example/"]), Some(CalendarsError::Count));
    assert_eq!(
        new(&["https://a.example", "a.example"]),
        Some(CalendarsError::Address("a.example".to_owned()))
    );
    let mut three_of_two = settings(&["https://a.example", "https://b.example"]);
    three_of_two.minimum = 3;
    assert_eq!(Calendars::new(three_of_two).err(), Some(CalendarsError::Minimum));
}

// --- the stock client

/// The `ots` of opentimestamps-client, in a folder of its own so that it has no cache.
fn ots(folder: &Path, words: &[&str]) -> String {
    let python = std::env::var("SUYUAN_TEST_PYTHON")
        .expect("SUYUAN_TEST_PYTHON: run scripts/test, or need_test_python of scripts/env");
    let client = Path::new(&python).with_file_name("ots");
    let done = Command::new(client).arg("--no-cache").args(words).current_dir(folder).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr))
}

#[test]
fn the_stock_client_opens_upgrades_and_verifies_our_files() {
    let folder = tempfile::tempdir().unwrap();
    let (alice, bob) = (Calendar::new(), Calendar::new());
    let mut calendars = of(&[&alice, &bob]);
    let job = noted(&mut calendars);
    let submitted = step(&mut calendars, &job);
    std::fs::write(folder.path().join("checkpoint"), BODY).unwrap();
    let file = folder.path().join("checkpoint.ots");
    std::fs::write(&file, native(submitted.evidence.as_deref().unwrap()).unwrap()).unwrap();
    let told = ots(folder.path(), &["info", "checkpoint.ots"]);
    assert!(told.contains(&format!("File sha256 hash: {}", submitted.digest())), "{told}");
    for calendar in [&alice, &bob] {
        assert!(told.contains(&format!("PendingAttestation('{}')", calendar.url())), "{told}");
    }

    alice.mine();
    let told = ots(folder.path(), &["-l", &alice.url(), "-l", &bob.url(), "upgrade", "checkpoint.ots"]);
    assert!(told.contains("Success! Timestamp complete"), "{told}");
    let theirs = std::fs::read(&file).unwrap();
    let ours = step(&mut calendars, &submitted);
    let (their_proof, length) = Proof::read(&theirs).unwrap();
    assert_eq!(length, theirs.len());
    assert_eq!(their_proof.to_bytes(), theirs, "their file is written again byte for byte");
    let our_proof = open(ours.evidence.as_deref().unwrap()).unwrap().0;
    assert_eq!(ends(&our_proof), ends(&their_proof));

    std::fs::write(&file, native(ours.evidence.as_deref().unwrap()).unwrap()).unwrap();
    let told = ots(folder.path(), &["--no-bitcoin", "verify", "checkpoint.ots"]);
    let mut root = alice.roots()[0];
    root.reverse();
    let expected = format!("check that Bitcoin block 121 has merkleroot {}", hex::encode(root));
    assert!(told.contains(&expected), "{told}");
}

#[test]
fn what_the_stock_client_stamps_is_judged_here() {
    let folder = tempfile::tempdir().unwrap();
    let (alice, bob) = (Calendar::new(), Calendar::new());
    std::fs::write(folder.path().join("checkpoint"), BODY).unwrap();
    let told = ots(folder.path(), &["stamp", "-m", "2", "-c", &alice.url(), "-c", &bob.url(), "checkpoint"]);
    let file = folder.path().join("checkpoint.ots");
    let stamped = std::fs::read(&file).unwrap_or_else(|error| panic!("{error}: {told}"));
    let finding = anchor::judge("ots", 1, &stamped, BODY, &Told::default());
    assert_eq!(promised_by(&finding).len(), 2);

    bob.mine();
    ots(folder.path(), &["-l", &bob.url(), "upgrade", "checkpoint.ots"]);
    let upgraded = std::fs::read(&file).unwrap();
    let finding = anchor::judge("ots", 1, &upgraded, BODY, &Told::default());
    assert_eq!(finding.verdict, Verdict::NotChecked(Why::BlockNotConfirmed));
    let other = anchor::judge("ots", 1, &upgraded, "suyuan.test/log\n43\nAA==\n", &Told::default());
    assert!(matches!(other.verdict, Verdict::Failed(_)));
    let block = block(bob.roots()[0]);
    let told = Told { bitcoin_headers: vec![block], ..Told::default() };
    assert_eq!(anchor::judge("ots", 1, &upgraded, BODY, &told).verdict, Verdict::NotChecked(Why::TestChain));
}

/// Both implementations read and refuse the same files, but for three spellings that only ours is strict about.
#[test]
fn the_stock_library_reads_what_is_read_here() {
    let python = std::env::var("SUYUAN_TEST_PYTHON")
        .expect("SUYUAN_TEST_PYTHON: run scripts/test, or need_test_python of scripts/env");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let done = Command::new(python)
        .arg(here.join("tests/anchors/read_ots.py"))
        .arg(here.join("tests/vectors/anchors/ots"))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
