//! The feeds alone, at a quick pace: every answer that a witness may give, and what is done then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use suyuan::publish::{Cosigned, Pace, Publisher};
use suyuan::sequencer::{Ledger, LedgerHandle};
use suyuan::witness::{Refusal, Witness};

use crate::fake::{Fake, OtherMake, Reply, now};
use crate::farm::Farm;
use crate::setup::*;

const QUICK: Pace = Pace {
    between: Duration::from_millis(20),
    patience: Duration::from_secs(2),
    idle: Duration::from_secs(600),
    backoff_first: Duration::from_millis(20),
    backoff_max: Duration::from_millis(200),
};

/// A ledger whose feeds run.
struct Fed {
    publisher: Option<Publisher>,
    cosigned: Arc<Cosigned>,
    handle: LedgerHandle,
    _ledger: Ledger,
    _dir: tempfile::TempDir,
}

impl Fed {
    fn new(policy: &str, pace: Pace) -> Fed {
        let dir = tempfile::tempdir().unwrap();
        let (ledger, handle) = ledger(dir.path());
        let published = handle.published();
        let policy = policy_of(&handle, policy);
        let cosigned = Cosigned::open(policy, handle.aside(), &published.reader(), published.size).unwrap();
        let cosigned = Arc::new(cosigned);
        let publisher = Some(Publisher::start(handle.clone(), cosigned.clone(), pace).unwrap());
        Fed { publisher, cosigned, handle, _ledger: ledger, _dir: dir }
    }

    fn farm(&self) -> Farm<Direct> {
        Farm::new(Direct(self.handle.clone()))
    }

    fn caught_up(&self) -> u64 {
        until("the newest checkpoint meets the policy", || {
            let size = self.handle.published().size;
            self.cosigned.witnessed().is_some_and(|witnessed| witnessed.size == size).then_some(size)
        })
    }

    fn problem(&self) -> Option<String> {
        self.cosigned.standings()[0].problem.clone()
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        if let Some(publisher) = self.publisher.take() {
            publisher.stop();
        }
    }
}

fn honest(witness: &Witness, body: &str) -> Reply {
    match witness.add_checkpoint(body.as_bytes(), now()) {
        Ok(line) => Reply::new(200, line.to_string()),
        Err(Refusal::OtherSize { cosigned }) => {
            Reply::new(409, format!("{cosigned}\n")).with("content-type", "text/x.tlog.size")
        }
        Err(refusal) => Reply::new(422, refusal.to_string()),
    }
}

fn one_of(key: String, fake: &Fake) -> String {
    policy(1, &[("one", key, &fake.url)])
}

#[test]
fn nonsense_refusals_and_pauses_are_survived_and_nothing_of_them_is_kept() {
    let inner = witness("one.example");
    let key = inner.vkey().to_string();
    let stranger = witness("one.example.org");
    let fake = Fake::new(move |body, n| match n {
        0 => Reply::new(200, "<html>it works</html>"),
        1 => Reply::new(200, ""),
        // Another's line, and a line of its own over something else.
        2 => honest(&stranger, body),
        3 => {
            let mut line = witness("one.example").add_checkpoint(body.as_bytes(), now()).unwrap();
            line.signature[20] ^= 1;
            Reply::new(200, line.to_string())
        }
        4 => Reply::new(200, "x".repeat(100_000)),
        5 => Reply::new(409, "what?"),
        6 => Reply::new(409, "999999\n"),
        7 => Reply::new(422, ""),
        8 => Reply::new(404, ""),
        9 => Reply::new(403, ""),
        10 => Reply::new(500, "panic"),
        11 => Reply::new(301, "").with("location", "http://127.0.0.1:1/"),
        12 => Reply::new(429, "").with("retry-after", "1"),
        _ => honest(&inner, body),
    });
    let fed = Fed::new(&one_of(key, &fake), QUICK);
    let size = fed.caught_up();
    assert!(fake.bodies().len() >= 14, "{:?}", fake.olds());
    let witnessed = fed.cosigned.witnessed().unwrap();
    assert_eq!((witnessed.size, witnessed.note.signatures().len()), (size, 2));
    assert_eq!(fed.problem(), None);
}

#[test]
fn a_request_to_come_back_later_is_heeded() {
    let inner = witness("one.example");
    let key = inner.vkey().to_string();
    let asked = Instant::now();
    let fake = Fake::new(move |body, n| match n {
        0 => Reply::new(429, "").with("retry-after", "1"),
        _ => honest(&inner, body),
    });
    let pace = Pace { backoff_max: Duration::from_secs(30), ..QUICK };
    let fed = Fed::new(&one_of(key, &fake), pace);
    fed.caught_up();
    assert!(asked.elapsed() >= Duration::from_millis(740), "three quarters of what it asked for, at least");
}

#[test]
fn a_witness_that_knows_more_than_we_remember_says_where_to_go_on_from() {
    let inner = Arc::new(witness("one.example"));
    let key = inner.vkey().to_string();
    let fake = {
        let inner = inner.clone();
        Fake::new(move |body, _| honest(&inner, body))
    };
    let fed = Fed::new(&one_of(key.clone(), &fake), QUICK);
    let first = fed.caught_up();
    assert_eq!(fake.olds(), ["old 0"]);
    let mut farm = fed.farm();
    fed.caught_up();

    // Another publisher of the same log, which remembers nothing of it.
    let published = fed.handle.published();
    let text = one_of(key, &fake);
    let nothing = tempfile::tempdir().unwrap();
    let (empty, elsewhere) = ledger(nothing.path());
    let policy = policy_of(&fed.handle, &text);
    let cosigned = Cosigned::open(policy, elsewhere.aside(), &published.reader(), published.size).unwrap();
    let cosigned = Arc::new(cosigned);
    let before = fake.bodies().len();
    append(&mut farm, 1);
    let size = fed.caught_up();
    let second = Publisher::start(fed.handle.clone(), cosigned.clone(), QUICK).unwrap();
    until("the second has it too", || cosigned.witnessed().filter(|witnessed| witnessed.size == size));
    second.stop();
    let olds = &fake.olds()[before..];
    assert!(olds.contains(&"old 0".to_owned()), "{olds:?}");
    assert_eq!(olds.last().unwrap(), &format!("old {size}"), "{first} {olds:?}");
    drop(empty);
}

#[test]
fn a_witness_that_forgot_and_says_nothing_is_begun_anew() {
    let log_key = log_public();
    let (forget, name) = (Arc::new(AtomicBool::new(false)), "other.example/w");
    let current = Arc::new(std::sync::Mutex::new(OtherMake::new(name, &log_key)));
    let key = current.lock().unwrap().vkey();
    let fake = {
        let forget = forget.clone();
        Fake::new(move |body, _| {
            let mut other = current.lock().unwrap();
            if forget.swap(false, Ordering::Relaxed) {
                *other = OtherMake::new(name, &log_key);
            }
            other.answer(body, now())
        })
    };
    let fed = Fed::new(&one_of(key, &fake), QUICK);
    let size = fed.caught_up();
    forget.store(true, Ordering::Relaxed);
    let mut farm = fed.farm();
    append(&mut farm, 1);
    fed.caught_up();
    let olds = fake.olds();
    let at = olds.iter().position(|old| *old == format!("old {size}")).unwrap();
    assert_eq!(olds[at + 1], "old 0", "a conflict without a size");
}

#[test]
fn a_witness_of_another_make_cosigns_and_its_lines_of_unknown_types_are_left_out() {
    let other = OtherMake::new("other.example/w", &log_public());
    let key = other.vkey();
    let fake = Fake::new(move |body, _| other.answer(body, now()));
    let fed = Fed::new(&one_of(key, &fake), QUICK);
    let mut farm = fed.farm();
    farm.season();
    let size = fed.caught_up();
    let witnessed = fed.cosigned.witnessed().unwrap();
    let names: Vec<_> = witnessed.note.signatures().iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, [crate::service::ORIGIN, "other.example/w"]);
    assert!(fed.cosigned.policy().verify(&witnessed.note).is_ok());

    // With the lines that it sent besides, the note says the same to whoever knows only the first.
    let lines = OtherMake::new("other.example/w", &log_public())
        .answer(&format!("old 0\n\n{}", fed.handle.latest_checkpoint().unwrap()), now());
    let lines = suyuan::note::signed_note::parse_signatures(&lines.body).unwrap();
    assert_eq!(lines.len(), 3);
    let note = fed.handle.latest_checkpoint().unwrap().with(lines).unwrap();
    let opened = fed.cosigned.policy().verify(&note).unwrap();
    assert_eq!((opened.checkpoint.size, opened.cosigners.len()), (size, 1));
}

#[test]
fn an_idle_log_is_cosigned_again_for_a_newer_time() {
    let (inner, clock) = (witness("one.example"), Arc::new(AtomicU64::new(1_800_000_000)));
    let key = inner.vkey().to_string();
    let fake = {
        let clock = clock.clone();
        Fake::new(move |body, _| {
            let line = inner.add_checkpoint(body.as_bytes(), clock.fetch_add(1, Ordering::Relaxed));
            match line {
                Ok(line) => Reply::new(200, line.to_string()),
                Err(Refusal::OtherSize { cosigned }) => Reply::new(409, format!("{cosigned}\n")),
                Err(refusal) => Reply::new(422, refusal.to_string()),
            }
        })
    };
    let fed = Fed::new(&one_of(key, &fake), Pace { idle: Duration::from_millis(150), ..QUICK });
    let size = fed.caught_up();
    let newer = until("the time moves", || {
        fed.cosigned.witnessed().filter(|witnessed| witnessed.newest_time(u64::MAX) > Some(1_800_000_002))
    });
    // Only the newest line is kept, and the size is known to both.
    assert_eq!((newer.size, newer.note.signatures().len()), (size, 2));
    assert_eq!(fake.olds()[1..].iter().find(|old| **old != format!("old {size}")), None);
}

#[test]
fn an_older_line_does_not_take_the_place_of_a_newer_one() {
    let (inner, first) = (witness("one.example"), Arc::new(std::sync::Mutex::new(None::<String>)));
    let key = inner.vkey().to_string();
    let fake = Fake::new(move |body, n| {
        // A cache on the way: the first answer, again and again, from the third request on.
        let mut first = first.lock().unwrap();
        if let (Some(line), 2..) = (&*first, n) {
            return Reply::new(200, line.clone());
        }
        let line = inner.add_checkpoint(body.as_bytes(), now() - 1_000 + n as u64);
        let line = line.unwrap_or_else(|error| panic!("{error}")).to_string();
        first.get_or_insert_with(|| line.clone());
        Reply::new(200, line)
    });
    let fed = Fed::new(&one_of(key, &fake), Pace { idle: Duration::from_millis(50), ..QUICK });
    until("it is said", || fed.problem().filter(|problem| problem.contains("an older line")));
    let time = fed.cosigned.witnessed().unwrap().newest_time(u64::MAX).unwrap();
    assert!(time > now() - 1_000 - 60 && fake.bodies().len() >= 3);
    let lines = fed.cosigned.witnessed().unwrap().note.signatures().len();
    assert_eq!(lines, 2);
}

#[test]
fn under_load_and_at_different_paces_witnesses_meet_on_one_checkpoint() {
    let make = |name: &'static str, delay| {
        let inner = witness(name);
        let key = inner.vkey().to_string();
        let fake = Fake::new(move |body, _| {
            std::thread::sleep(Duration::from_millis(delay));
            honest(&inner, body)
        });
        (key, fake)
    };
    let ((a, one), (b, two)) = (make("one.example", 70), make("two.example", 110));
    let text = policy(2, &[("one", a, &one.url), ("two", b, &two.url)]);
    let fed = Fed::new(&text, Pace { between: Duration::from_millis(10), ..QUICK });
    let mut farm = fed.farm();
    let mut met = std::collections::BTreeSet::new();
    let end = Instant::now() + Duration::from_secs(60);
    for n in 1.. {
        if met.len() >= 4 {
            break;
        }
        assert!(Instant::now() < end, "they never met: {met:?}");
        append(&mut farm, n);
        met.extend(fed.cosigned.witnessed().map(|witnessed| witnessed.size));
    }
    // One checkpoint at a time: each of the two was asked about the same ones.
    let sizes = |fake: &Fake| {
        let size = |body: &String| body.split_once("\n\n").unwrap().1.lines().nth(1).unwrap().to_owned();
        fake.bodies().iter().map(size).collect::<std::collections::BTreeSet<_>>()
    };
    let common = sizes(&one).intersection(&sizes(&two)).count();
    assert!(common >= met.len(), "{met:?}");
}

#[test]
fn stopping_does_not_wait_for_a_witness_that_says_nothing() {
    let key = witness("one.example").vkey().to_string();
    let (url, called) = crate::fake::black_hole();
    let mut fed = Fed::new(&policy(1, &[("one", key, &url)]), QUICK);
    called.recv_timeout(PATIENCE).unwrap();
    let began = Instant::now();
    fed.publisher.take().unwrap().stop();
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}
