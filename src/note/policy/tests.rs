use proptest::prelude::*;

use super::*;
use crate::merkle::Hash;
use crate::note::cosignature::cosign;
use crate::note::signed_note::{NoteSignature, sign};
use crate::note::vkey::KeyName;
use crate::statement::ed25519::KeyPair;

fn pair(n: u8) -> KeyPair {
    KeyPair::from_seed(&[n; 32])
}

fn log_key(origin: &str, n: u8) -> String {
    VerifierKey::new(origin.parse().unwrap(), KeyType::Ed25519, pair(n).public()).to_string()
}

fn witness_name(n: u8) -> KeyName {
    format!("w{n}.example").parse().unwrap()
}

fn witness_key(n: u8) -> String {
    VerifierKey::new(witness_name(n), KeyType::Cosignature, pair(n).public()).to_string()
}

/// The example of C2SP tlog-policy: two of X1–X3 and one of Y4–Y6.
fn example() -> String {
    let mut text = format!("# an example\nlog {} https://log.example/\n\n", log_key("log.example", 100));
    for n in 1..=3 {
        text += &format!("witness X{n} {}\n", witness_key(n));
    }
    text += "group X-witnesses 2 X1 X2 X3\n";
    for n in 4..=6 {
        text += &format!("\twitness  Y{n}\t{} https://w{n}.example/ \n", witness_key(n));
    }
    text + "group Y-witnesses any Y4 Y5 Y6\n  # both\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn parse(text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(text.as_bytes())
}

/// A checkpoint signed by log key `n` and cosigned by these witnesses.
fn note(origin: &str, n: u8, witnesses: &[u8]) -> SignedNote {
    let origin: KeyName = origin.parse().unwrap();
    let text = Checkpoint { origin: origin.clone(), size: 8, root: Hash::of(b"root") }.to_string();
    let by_log = sign(&text, &origin, &pair(n));
    let cosigned = witnesses.iter().map(|n| cosigned(&text, *n, 1000 + u64::from(*n)));
    SignedNote::new(text.clone(), std::iter::once(by_log).chain(cosigned).collect()).unwrap()
}

fn cosigned(text: &str, n: u8, time: u64) -> NoteSignature {
    cosign(text, &witness_name(n), &pair(n), time).unwrap()
}

#[test]
fn the_example_of_the_text_counts_as_it_says() {
    let policy = parse(&example()).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len()), (1, 6));
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log.example/"));
    assert_eq!(policy.witnesses()[5].url.as_deref(), Some("https://w6.example/"));
    assert!(policy.wants_witnesses());
    for set in 0..64u8 {
        let has = |n: u8| set >> (n - 1) & 1 == 1;
        let want = [1, 2, 3].into_iter().filter(|n| has(*n)).count() >= 2 && [4, 5, 6].into_iter().any(has);
        let witnesses: Vec<u8> = (1..=6).filter(|n| has(*n)).collect();
        assert_eq!(policy.is_met_by(|witness| has(witness.name[1] - b'0')), want);

        let note = note("log.example", 100, &witnesses);
        let opened = policy.open(&note).unwrap();
        assert_eq!((opened.has_quorum, opened.cosigners.len()), (want, witnesses.len()));
        assert_eq!(policy.verify(&note).is_ok(), want);
    }
}

#[test]
fn only_a_log_of_the_policy_is_believed() {
    let text =
        format!("log {}\nlog {}\nquorum none\n", log_key("log.example", 100), log_key("other.example", 101));
    let policy = parse(&text).unwrap();
    assert!(!policy.wants_witnesses());
    let opened = note("log.example", 100, &[]);
    let opened = policy.verify(&opened).unwrap();
    assert_eq!((opened.checkpoint.size, opened.log_keys.len()), (8, 1));
    assert_eq!(
        policy.verify(&note("log.example", 102, &[])),
        Err(OpenError::Note(VerifyError::NoKnownSignature))
    );

    // A log of the policy that signs another log's checkpoint does not speak for it.
    let foreign = note("log.example", 102, &[]);
    let line = sign(foreign.text(), &"other.example".parse().unwrap(), &pair(101));
    assert_eq!(policy.verify(&foreign.with([line]).unwrap()), Err(OpenError::UnknownLog));

    // Nor does a witness, were it to bear the log's name.
    let impostor = VerifierKey::new("log.example".parse().unwrap(), KeyType::Cosignature, pair(1).public());
    let policy = parse(&format!("witness w {impostor}\nquorum w\n")).unwrap();
    let line = cosign(foreign.text(), impostor.name(), &pair(1), 1).unwrap();
    assert_eq!(policy.verify(&foreign.with([line]).unwrap()), Err(OpenError::UnknownLog));
}

#[test]
fn both_keys_of_a_log_in_rotation_are_named() {
    let text =
        format!("log {}\nlog {}\nquorum none\n", log_key("log.example", 100), log_key("log.example", 101));
    let policy = parse(&text).unwrap();
    let note = note("log.example", 100, &[]);
    let both = note.with([sign(note.text(), &"log.example".parse().unwrap(), &pair(101))]).unwrap();
    assert_eq!(policy.verify(&note).unwrap().log_keys.len(), 1);
    assert_eq!(policy.verify(&both).unwrap().log_keys.len(), 2);
}

#[test]
fn a_witness_counts_once_and_with_its_newest_time() {
    let policy = parse(&example()).unwrap();
    let note = note("log.example", 100, &[1]);
    let again = note.with([cosigned(note.text(), 1, 5000), cosigned(note.text(), 1, 3000)]).unwrap();
    let opened = policy.open(&again).unwrap();
    let times: Vec<u64> = opened.cosigners.iter().map(|(_, time)| *time).collect();
    assert_eq!((times, opened.has_quorum), (vec![5000], false));
}

#[test]
fn a_bad_cosignature_of_a_known_witness_condemns_the_note() {
    let policy = parse(&example()).unwrap();
    let good = note("log.example", 100, &[1, 2, 4]);
    let forged = cosigned("another text\n", 3, 1);
    let error = policy.verify(&good.with([forged]).unwrap());
    assert!(matches!(error, Err(OpenError::Note(VerifyError::BadSignature { .. }))));
}

#[test]
fn a_checkpoint_with_extension_lines_is_refused() {
    let policy = parse(&example()).unwrap();
    let text = format!("{}extension\n", note("log.example", 100, &[]).text());
    let line = sign(&text, &"log.example".parse().unwrap(), &pair(100));
    let note = SignedNote::new(text, vec![line]).unwrap();
    assert_eq!(policy.open(&note), Err(OpenError::Checkpoint(CheckpointError::ExtensionLines)));
}

#[test]
fn every_other_form_is_refused() {
    use PolicyError::{
        Characters, DuplicateKey, DuplicateName, Key, KeyType as WrongKeyType, Malformed, MemberTwice,
        Quorum, Threshold, UnknownName,
    };
    let (log, w1, w2) = (log_key("log.example", 100), witness_key(1), witness_key(2));
    let two = format!("witness a {w1}\nwitness b {w2}\n");
    let renamed = VerifierKey::new("else.example".parse().unwrap(), KeyType::Cosignature, pair(1).public());
    for (text, error) in [
        (String::new(), Quorum),
        (two.clone(), Quorum),
        (format!("{two}quorum a\nquorum b\n"), Quorum),
        ("quorum none\nquorum none\n".into(), Quorum),
        ("quorum nobody\n".into(), UnknownName { line: 1 }),
        ("quorum\n".into(), Malformed { line: 1 }),
        ("quorum none none\n".into(), Malformed { line: 1 }),
        ("Quorum none\n".into(), Malformed { line: 1 }),
        ("logs\n".into(), Malformed { line: 1 }),
        ("log\n".into(), Malformed { line: 1 }),
        (format!("log {log} url url\n"), Malformed { line: 1 }),
        (format!("witness a {w1} url url\n"), Malformed { line: 1 }),
        (format!("witness {w1}\n"), Malformed { line: 1 }),
        (format!("{two}group g\n"), Malformed { line: 3 }),
        (format!("{two}group g some a b\n"), Malformed { line: 3 }),
        (format!("{two}group g 01 a b\n"), Malformed { line: 3 }),
        (format!("{two}group g -1 a b\n"), Malformed { line: 3 }),
        (format!("{two}group g all\n"), Threshold { line: 3 }),
        (format!("{two}group g any\n"), Threshold { line: 3 }),
        (format!("{two}group g 0 a b\n"), Threshold { line: 3 }),
        (format!("{two}group g 3 a b\n"), Threshold { line: 3 }),
        (format!("{two}group g all a c\n"), UnknownName { line: 3 }),
        (format!("{two}group g all a g\n"), UnknownName { line: 3 }),
        (format!("{two}group g all a none\n"), UnknownName { line: 3 }),
        (format!("group g all a\n{two}"), UnknownName { line: 1 }),
        (format!("quorum a\n{two}"), UnknownName { line: 1 }),
        (format!("{two}group g all a a\n"), MemberTwice { line: 3 }),
        (format!("{two}group g all a\ngroup h all a b\n"), MemberTwice { line: 4 }),
        (format!("{two}group a all b\n"), DuplicateName { line: 3 }),
        (format!("witness a {w1}\nwitness a {w2}\n"), DuplicateName { line: 2 }),
        (format!("witness none {w1}\n"), DuplicateName { line: 1 }),
        (format!("{two}group none all b\n"), DuplicateName { line: 3 }),
        (format!("witness a {w1}\nwitness b {renamed}\n"), DuplicateKey { line: 2 }),
        (format!("log {log}\nlog {}\n", log_key("else.example", 100)), DuplicateKey { line: 2 }),
        (format!("log {w1}\n"), WrongKeyType { line: 1 }),
        (format!("witness a {log}\n"), WrongKeyType { line: 1 }),
        ("log key\n".into(), Key { line: 1, error: VerifierKeyError::Malformed }),
        ("quorum none\r\n".into(), Characters { line: 1 }),
        ("# \u{7f}\n".into(), Characters { line: 1 }),
        ("\0".into(), Characters { line: 1 }),
    ] {
        assert_eq!(parse(&text), Err(error), "{text}");
    }
    // An inline comment is no comment.
    assert_eq!(parse("quorum none # none\n"), Err(Malformed { line: 1 }));
    assert!(parse("quorum none").is_ok(), "a last line without a newline is still a line");
}

#[test]
fn names_are_octets() {
    let mut policy = b"# caf\xe9\nwitness \xff\xfe ".to_vec();
    policy.extend(witness_key(1).as_bytes());
    policy.extend(b"\nwitness \xe2\x84\xaa ");
    policy.extend(witness_key(2).as_bytes());
    let with = |quorum: &[u8]| Policy::parse(&[&policy[..], b"\nquorum ", quorum, b"\n"].concat());
    assert_eq!(with(b"\xff\xfe").unwrap().witnesses()[0].name, b"\xff\xfe");
    assert!(with(b"\xe2\x84\xaa").is_ok());
    assert_eq!(with(b"K"), Err(PolicyError::UnknownName { line: 4 }));
    assert_eq!(with(b"\xff\xfd"), Err(PolicyError::UnknownName { line: 4 }));
}

#[test]
fn limits_hold_at_and_past_them() {
    // A chain of groups, each holding the one before: as deep as a policy can be.
    let chain = |groups: usize| {
        let mut text = format!("witness g0 {}\n", witness_key(1));
        for n in 1..=groups {
            text += &format!("group g{n} all g{}\n", n - 1);
        }
        text + &format!("quorum g{groups}\n")
    };
    let deepest = parse(&chain(POLICY_NAMES_MAX)).unwrap();
    assert!(deepest.is_met_by(|_| true) && !deepest.is_met_by(|_| false));
    assert_eq!(parse(&chain(POLICY_NAMES_MAX + 1)), Err(PolicyError::TooLong));

    let commented = |bytes: usize| format!("quorum none\n#{}", "x".repeat(bytes - 13));
    assert!(parse(&commented(POLICY_BYTES_MAX)).is_ok());
    assert_eq!(parse(&commented(POLICY_BYTES_MAX + 1)), Err(PolicyError::TooLong));

    let seeds = (0..=u32::try_from(POLICY_NAMES_MAX).unwrap()).map(|n| Hash::of(&n.to_be_bytes()).0);
    let keys = seeds.map(|seed| KeyPair::from_seed(&seed).public());
    let line = |n: usize, key| {
        let key = VerifierKey::new("w".parse().unwrap(), KeyType::Cosignature, key);
        format!("witness {n} {key}\n")
    };
    let lines: Vec<String> = keys.enumerate().map(|(n, key)| line(n, key)).collect();
    assert!(parse(&(lines[..POLICY_NAMES_MAX].concat() + "quorum none\n")).is_ok());
    assert_eq!(parse(&(lines.concat() + "quorum none\n")), Err(PolicyError::TooLong));
}

proptest! {
    #[test]
    fn noise_never_panics(
        noise: Vec<u8>,
        words in prop::collection::vec("(log|witness|group|quorum|none|all|any|[0-9ab#]|\n|\t| )", 0..40),
    ) {
        let _ = Policy::parse(&noise);
        let _ = parse(&words.join(" "));
    }
}

#[test]
fn the_replaying_are_those_of_the_group_of_that_name_if_they_are_enough_for_it() {
    let by = |policy: &Policy, cosigned: &[u8]| {
        let keys: Vec<String> = cosigned.iter().map(|n| witness_key(*n)).collect();
        policy.replayed_by(|asked| keys.contains(&asked.key.to_string()))
    };
    let witnesses: String = (1..=4).map(|n| format!("witness w{n} {}\n", witness_key(n))).collect();
    let text = format!(
        "log {}\n{witnesses}group near any w1 w2\ngroup replaying 2 near w3\ngroup all-of-them 2 replaying w4\n\
         quorum all-of-them\n",
        log_key("log.example", 100)
    );
    let policy = parse(&text).unwrap();
    assert_eq!(by(&policy, &[1, 2, 3, 4]), [0, 1, 2]);
    assert_eq!(by(&policy, &[2, 3]), [1, 2]);
    // Enough for nobody: one of two, or the other who is in no such group.
    for few in [&[1, 2, 4][..], &[3, 4], &[4], &[]] {
        assert!(by(&policy, few).is_empty(), "{few:?}");
    }
    // A witness of that name is only a witness.
    let named = format!(
        "log {}\nwitness replaying {}\nquorum replaying\n",
        log_key("log.example", 100),
        witness_key(1)
    );
    assert!(by(&parse(&named).unwrap(), &[1]).is_empty());
    assert!(by(&parse(&example()).unwrap(), &[1, 2, 4]).is_empty());
}
