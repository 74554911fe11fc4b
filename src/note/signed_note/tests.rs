use proptest::prelude::*;

use super::*;
use crate::note::cosignature::cosign;
use crate::vectors;

fn pair(n: u8) -> KeyPair {
    KeyPair::from_seed(&[n; 32])
}

fn name(text: &str) -> KeyName {
    text.parse().unwrap()
}

fn key(name: &KeyName, key_type: KeyType, pair: &KeyPair) -> VerifierKey {
    VerifierKey::new(name.clone(), key_type, pair.public())
}

/// As long as an ML-DSA-44 cosignature.
fn stranger(n: u8) -> NoteSignature {
    NoteSignature { name: name("stranger.example"), id: KeyId([n; 4]), signature: vec![n; 8 + 2420] }
}

#[test]
fn the_example_of_the_text_verifies() {
    let note = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let key: VerifierKey =
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".parse().unwrap();
    let note = SignedNote::parse(note.as_bytes()).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.verify([&key]), Ok(vec![Verified { key: &key, time: None }]));
}

#[test]
fn our_vector_verifies_and_is_made_again() {
    let file = vectors::json("c2sp/c2sp_vectors.json");
    let seed = |who: &str| {
        let mut seed = [0; 32];
        hex::decode_to_slice(file[who]["seed_hex"].as_str().unwrap(), &mut seed).unwrap();
        KeyPair::from_seed(&seed)
    };
    let [log, witness] =
        ["log", "witness"].map(|who| file[who]["vkey"].as_str().unwrap().parse::<VerifierKey>().unwrap());
    let text = file["checkpoint"].as_str().unwrap();
    let note = SignedNote::parse(text.as_bytes()).unwrap();
    let want = [Verified { key: &log, time: None }, Verified { key: &witness, time: Some(1_700_000_000) }];
    assert_eq!(note.verify([&log, &witness]).unwrap(), want);

    let made = SignedNote::new(note.text(), vec![sign(note.text(), log.name(), &seed("log"))]).unwrap();
    let line = cosign(note.text(), witness.name(), &seed("witness"), 1_700_000_000).unwrap();
    assert_eq!(made.with([line]).unwrap().to_string(), text);
}

#[test]
fn verification_ignores_strangers_and_condemns_forgers() {
    let (alice, bob) = (name("alice.example"), name("bob.example"));
    let (alice_key, bob_key) =
        (key(&alice, KeyType::Ed25519, &pair(1)), key(&bob, KeyType::Ed25519, &pair(2)));
    let by_alice = sign("text\n", &alice, &pair(1));
    let note = SignedNote::new("text\n", vec![stranger(7), by_alice.clone()]).unwrap();
    assert_eq!(note.verify([&alice_key]).unwrap().len(), 1);
    assert_eq!(note.verify([&alice_key, &bob_key]).unwrap().len(), 1);
    assert_eq!(note.verify([&alice_key, &alice_key]).unwrap().len(), 1, "the same key twice is one key");
    assert_eq!(note.verify([&bob_key]), Err(VerifyError::NoKnownSignature));
    assert_eq!(note.verify([]), Err(VerifyError::NoKnownSignature));

    // The same name with another id, and the same id with another name, are strangers.
    let imposter = sign("text\n", &alice, &pair(3));
    let renamed = NoteSignature { name: bob.clone(), ..by_alice.clone() };
    let note = SignedNote::new("text\n", vec![imposter, renamed, by_alice.clone()]).unwrap();
    assert_eq!(note.verify([&alice_key, &bob_key]).unwrap().len(), 1);

    // A known (name, id) with a bad signature sinks the note, wherever it stands and whoever else signed.
    let forged = NoteSignature { signature: sign("other\n", &alice, &pair(1)).signature, ..by_alice.clone() };
    let by_bob = sign("text\n", &bob, &pair(2));
    for lines in
        [vec![by_bob.clone(), forged.clone()], vec![by_alice.clone(), forged.clone()], vec![forged, by_bob]]
    {
        let note = SignedNote::new("text\n", lines).unwrap();
        let error = VerifyError::BadSignature { name: alice.clone(), id: alice_key.id() };
        assert_eq!(note.verify([&alice_key, &bob_key]), Err(error));
    }

    // A cosignature is never taken for a signature, nor the other way round.
    let cosigner = key(&alice, KeyType::Cosignature, &pair(1));
    assert_ne!(cosigner.id(), alice_key.id());
    let disguised = NoteSignature { id: cosigner.id(), ..by_alice };
    let note = SignedNote::new("text\n", vec![disguised]).unwrap();
    assert!(matches!(note.verify([&cosigner]), Err(VerifyError::BadSignature { .. })));
}

/// Two keys of one name whose ids collide, found by search: which of them a line means cannot be told.
#[test]
fn colliding_keys_are_not_chosen_between() {
    let alice = name("alice.example");
    let [one, other] = [95_960u32, 110_670].map(|n| {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&n.to_be_bytes());
        KeyPair::from_seed(&seed)
    });
    let (one_key, other_key) = (key(&alice, KeyType::Ed25519, &one), key(&alice, KeyType::Ed25519, &other));
    assert_eq!((one_key.id(), one_key == other_key), (other_key.id(), false));
    let note = SignedNote::new("text\n", vec![sign("text\n", &alice, &one)]).unwrap();
    assert!(note.verify([&one_key]).is_ok());
    let error = VerifyError::AmbiguousKeys { name: alice, id: one_key.id() };
    assert_eq!(note.verify([&one_key, &other_key]), Err(error));
}

#[test]
fn malformed_notes_are_refused() {
    use NoteError::*;
    let line = "— a AQIDBAU=\n";
    let parse = |note: &str| SignedNote::parse(note.as_bytes()).map(|note| note.text().to_owned());
    assert_eq!(parse(&format!("text\n\n{line}")), Ok("text\n".into()));
    assert_eq!(parse(&format!("two\n\nparts\n\n{line}{line}")), Ok("two\n\nparts\n".into()));
    assert_eq!(parse(&format!("text\n\n\n{line}")), Ok("text\n\n".into()));
    assert_eq!(parse(&format!("\n\n{line}")), Ok("\n".into()));
    for (note, error) in [
        (String::new(), NoSignatures),
        ("text\n".into(), NoSignatures),
        ("text\n\n".into(), NoSignatures),
        (format!("text\n{line}"), NoSignatures),
        (format!("\n{line}"), NoSignatures),
        (format!("text\n\n{line}\n"), NoSignatures),
        (format!("text\n\n{}", line.trim_end()), NoSignatures),
        (format!("text\n\n{line}more\n"), MalformedLine { line: 2 }),
        ("text\n\n- a AQIDBAU=\n".into(), MalformedLine { line: 1 }),
        ("text\n\n—a AQIDBAU=\n".into(), MalformedLine { line: 1 }),
        ("text\n\n— AQIDBAU=\n".into(), MalformedLine { line: 1 }),
        ("text\n\n—  AQIDBAU=\n".into(), MalformedLine { line: 1 }),
        ("text\n\n— a  AQIDBAU=\n".into(), MalformedLine { line: 1 }),
        ("text\n\n— a AQIDBAU= \n".into(), MalformedLine { line: 1 }),
        ("text\n\n— a+b AQIDBAU=\n".into(), MalformedLine { line: 1 }),
        ("text\n\n— a\u{a0}b AQIDBAU=\n".into(), MalformedLine { line: 1 }),
        ("text\n\n— a AQIDBAU\n".into(), MalformedLine { line: 1 }),
        ("text\n\n— a AQIDBAV=\n".into(), MalformedLine { line: 1 }),
        ("text\n\n— a AQIDBA==\n".into(), MalformedLine { line: 1 }),
        ("text\n\n— a \n".into(), MalformedLine { line: 1 }),
        (format!("te\txt\n\n{line}"), Characters),
        (format!("text\r\n\n{line}"), Characters),
        (format!("te\0xt\n\n{line}"), Characters),
    ] {
        assert_eq!(parse(&note), Err(error), "{note:?}");
    }
    assert_eq!(SignedNote::parse(b"te\xffxt\n\n\xe2\x80\x94 a AQIDBAU=\n"), Err(Characters));
}

#[test]
fn a_note_that_could_not_be_read_back_is_not_made() {
    let line = stranger(1);
    let make = |text: &str, lines: Vec<NoteSignature>| SignedNote::new(text, lines).err();
    assert_eq!(make("text", vec![line.clone()]), Some(NoteError::NoText));
    assert_eq!(make("", vec![line.clone()]), Some(NoteError::NoText));
    assert_eq!(make("te\rxt\n", vec![line.clone()]), Some(NoteError::Characters));
    assert_eq!(make("text\n", vec![]), Some(NoteError::NoSignatures));
    assert_eq!(
        make("text\n", vec![NoteSignature { signature: vec![], ..line }]),
        Some(NoteError::MalformedLine { line: 1 })
    );
}

#[test]
fn limits_hold_at_and_past_them() {
    let small = |n: usize| NoteSignature { name: name("s"), id: KeyId([0; 4]), signature: vec![n as u8] };
    let full = SignedNote::new("text\n", (0..SIGNATURE_LINES_MAX).map(small).collect()).unwrap();
    assert_eq!(SignedNote::parse(full.to_string().as_bytes()).as_ref(), Ok(&full));
    assert_eq!(full.with([small(SIGNATURE_LINES_MAX)]), Err(NoteError::TooManySignatures));
    assert_eq!(full.with([small(3)]).as_ref(), Ok(&full), "a line that is there already");
    let over = format!("{full}{}", small(SIGNATURE_LINES_MAX));
    assert_eq!(SignedNote::parse(over.as_bytes()), Err(NoteError::TooManySignatures));

    // Sixteen post-quantum cosignatures, as C2SP asks, have room.
    let sixteen = SignedNote::new("text\n", (0..16).map(stranger).collect()).unwrap();
    assert_eq!(SignedNote::parse(sixteen.to_string().as_bytes()), Ok(sixteen));

    let lines = vec![small(1)];
    let overhead = SignedNote::new("\n", lines.clone()).unwrap().to_string().len();
    let text = |bytes: usize| "x".repeat(bytes - overhead) + "\n";
    let longest = SignedNote::new(text(NOTE_BYTES_MAX), lines.clone()).unwrap();
    assert_eq!(longest.to_string().len(), NOTE_BYTES_MAX);
    assert_eq!(SignedNote::parse(longest.to_string().as_bytes()), Ok(longest));
    assert_eq!(SignedNote::new(text(NOTE_BYTES_MAX + 1), lines), Err(NoteError::TooLong));
    assert_eq!(SignedNote::parse(&[b'x'; NOTE_BYTES_MAX + 1]), Err(NoteError::TooLong));
}

proptest! {
    #[test]
    fn what_parses_is_written_back_byte_for_byte(note in "[a\\n]{0,6}\\n\\n(— [ab ]{0,2} [AB+/=]{0,9}\\n){0,3}|\\PC*") {
        if let Ok(parsed) = SignedNote::parse(note.as_bytes()) {
            prop_assert_eq!(parsed.to_string(), note);
        }
    }

    #[test]
    fn noise_never_panics(noise: Vec<u8>) {
        let _ = SignedNote::parse(&noise);
    }

    #[test]
    fn a_flipped_bit_is_not_verified(at: prop::sample::Index, bit in 0u8..8) {
        let alice = name("alice.example");
        let alice_key = key(&alice, KeyType::Ed25519, &pair(1));
        let note = SignedNote::new("some text\n", vec![sign("some text\n", &alice, &pair(1))]).unwrap().to_string();
        let mut bad = note.into_bytes();
        let at = at.index(bad.len());
        bad[at] ^= 1 << bit;
        let verified = SignedNote::parse(&bad).is_ok_and(|note| note.verify([&alice_key]).is_ok());
        prop_assert!(!verified);
    }
}
