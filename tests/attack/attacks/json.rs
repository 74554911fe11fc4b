//! One JSON, two readings.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use suyuan::ledger::Entry;
use suyuan::statement::envelope::{Envelope, PAYLOAD_TYPE};

use super::{TRUST, opened, verify};
use crate::browser::{Look, looks};
use crate::run;
use crate::stage::{FARM, Stage, form};
use crate::telling::Telling;

const OWN: &str = "two-readings";

const HONEST: &str = r#""entered":"100","unit":"jin","value":50000"#;

const NOT_CANONICAL: &str = "it differs from its own RFC 8785 form from byte … on (member order, spaces, escapes or a repeated member)";
const NO_INTEGER: &str = "the number at \"/data/quantity/value\" is not written as an integer of at most 2^53-1 in size (decimals are strings)";

struct Trick {
    name: &'static str,
    what: &'static str,
    payload: Vec<u8>,
    /// Why it is refused, by ours and by the browser.
    refused: &'static str,
    in_browser: &'static str,
}

fn tricks(honest: &str) -> Vec<Trick> {
    let quantity = |name, by: &str, what, refused, in_browser| Trick {
        name,
        what,
        payload: honest.replace(HONEST, by).into_bytes(),
        refused,
        in_browser,
    };
    let form = "it is not in canonical form";
    // é as one character, and as e with an accent: other bytes, same look.
    let accent = honest.replace("\"data\":{", "\"data\":{\"crop\":\"caf\u{65}\u{301}\",");
    vec![
        quantity(
            "twice",
            r#""entered":"100","entered":"900","unit":"jin","value":50000"#,
            "gives the quantity twice, 100 and 900 jin: who takes the first?",
            NOT_CANONICAL,
            form,
        ),
        quantity(
            "escape",
            r#""entered":"1\u00300","unit":"jin","value":50000"#,
            "spells a digit as an escape",
            NOT_CANONICAL,
            form,
        ),
        quantity(
            "number",
            r#""entered":"100","unit":"jin","value":5e4"#,
            "spells the number with an exponent",
            NO_INTEGER,
            form,
        ),
        quantity(
            "fraction",
            r#""entered":"100","unit":"jin","value":50000.0"#,
            "spells the number with a fraction",
            NO_INTEGER,
            form,
        ),
        quantity(
            "large",
            r#""entered":"100","unit":"jin","value":50000000000000000001"#,
            "gives a number that JavaScript rounds",
            NO_INTEGER,
            "a number that is no integer, or beyond 2^53 - 1",
        ),
        quantity(
            "space",
            r#""entered":"100", "unit":"jin","value":50000"#,
            "adds a space: other bytes, other hash, same reading",
            NOT_CANONICAL,
            form,
        ),
        Trick {
            name: "mark",
            what: "puts a byte order mark before it",
            payload: [b"\xef\xbb\xbf", honest.as_bytes()].concat(),
            refused: "it starts with a byte order mark, which JSON must not have",
            in_browser: "it begins with a byte order mark",
        },
        Trick {
            name: "accent",
            what: "writes é as e and an accent, which look alike",
            payload: accent.into_bytes(),
            refused: "the text at \"/data/crop\" is not in Unicode normalisation form C",
            in_browser: "a text",
        },
    ]
}

pub(crate) fn two_readings(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    stage.own(OWN)?;
    t.did("as farm and operator together, signs a harvest whose JSON can be read in two ways");
    let data = json!({ "from": ["crop:qingshan.p1-2026"], "quantity": { "entered": "100", "unit": "jin" } });
    let line = stage.sign(FARM, &form("harvest/1", "batch:qingshan.x7", data))?;
    let payload = String::from_utf8(opened(&line)?.0.payload)?;
    anyhow::ensure!(payload.contains(HONEST), "the payload is written otherwise: {payload}");
    let tricks = tricks(&payload);
    for trick in &tricks {
        t.did(format!("{}: {}", trick.name, trick.what));
        let sig = at_the_door(stage, t, trick)?;
        let bundle = bundle(stage, &line, &trick.payload, sig)?;
        std::fs::write(stage.path(&file(trick)), bundle)?;
    }
    t.did("puts each into the log all the same, hashed, counted and signed, and hands out the bundles");
    for trick in &tricks {
        let said =
            format!("encoding failed the file is not a bundle: entry …: the payload: {}", trick.refused);
        t.caught(verify(stage, &file(trick), &TRUST)?, 1, &[&said]);
    }
    by_the_second_verifier(stage, t, &tricks)?;
    by_the_browser(stage, t, &tricks)
}

fn file(trick: &Trick) -> String {
    format!("{OWN}/{}.bundle", trick.name)
}

/// Sends it to the service, signed by the farm as it is.
fn at_the_door(stage: &Stage, t: &mut Telling, trick: &Trick) -> anyhow::Result<[u8; 64]> {
    let key = stage.key("farm")?;
    let unsigned = Envelope { payload: trick.payload.clone(), signatures: Vec::new() };
    let sig = key.sign(&unsigned.signed_bytes());
    let body = json!({
        "envelope": {
            "payloadType": PAYLOAD_TYPE, "payload": STANDARD.encode(&trick.payload),
            "signatures": [{ "keyid": key.key_id(), "sig": STANDARD.encode(sig) }],
        },
        "openings": [],
    });
    let file = format!("{OWN}/{}.json", trick.name);
    std::fs::write(stage.path(&file), body.to_string())?;
    let url = format!("{}/api/v1/statements", stage.live()?);
    let refused = run::post(&url, "application/json", stage.dir(), &file)?;
    t.caught(refused, 400, &[&format!("detail: the payload: {}", trick.refused)]);
    Ok(sig)
}

fn by_the_browser(stage: &Stage, t: &mut Telling, tricks: &[Trick]) -> anyhow::Result<()> {
    let files: Vec<String> = tricks.iter().map(file).collect();
    let url = stage.live()?;
    let all: Vec<Look<'_>> =
        files.iter().map(|bundle| Look::Files { url: url.to_owned(), bundle, trust: "trust.json" }).collect();
    for (asked, trick) in looks(stage, &all)?.into_iter().zip(tricks) {
        let said = format!("encoding failed {}", trick.in_browser);
        t.caught(asked, 1, &["The evidence is wrong: do not rely on this page", &said]);
    }
    Ok(())
}

/// The verifier in Python, which shares no code with ours.
fn by_the_second_verifier(stage: &Stage, t: &mut Telling, tricks: &[Trick]) -> anyhow::Result<()> {
    let python = std::env::var("SUYUAN_TEST_PYTHON")
        .context("SUYUAN_TEST_PYTHON is not set: run scripts/attack or scripts/test")?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/second_verifier/verify.py");
    let lines: String = tricks.iter().map(|trick| format!("trust.json\t{}\n", file(trick))).collect();
    let mut asked = run::program(stage.dir(), &python, &["-B", script, "--many"], &lines)?;
    asked.what = format!("python3 {script} --many, with the same {} files", tricks.len());
    let encoding = |line: &String| {
        let layers: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        layers["encoding"]["status"].as_str().unwrap_or_default().to_owned()
    };
    let answers = tricks.iter().zip(&asked.lines);
    asked.lines =
        answers.map(|(trick, line)| format!("{}: encoding {}", trick.name, encoding(line))).collect();
    let expected: Vec<String> =
        tricks.iter().map(|trick| format!("{}: encoding failed", trick.name)).collect();
    t.caught(asked, 0, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    Ok(())
}

/// The bundle of the batch under a log that holds the trick, proofs and all.
fn bundle(stage: &Stage, line: &str, payload: &[u8], sig: [u8; 64]) -> anyhow::Result<Vec<u8>> {
    let (envelope, statement) = opened(line)?;
    let led = stage.led();
    let at = led.log()?.at + 1_000;
    let mut record = led.draft(&envelope, &statement, at)?;
    let mut honest = led.clone();
    honest.push(&record)?;
    honest.seal(at)?;
    let bundle = honest.bundle("batch:qingshan.x7")?;
    record.envelope.payload = payload.to_vec();
    record.envelope.signatures[0].sig = sig;
    let mut forged = led;
    forged.push(&record)?;
    forged.seal(at)?;
    let seal = forged.reader().entry(forged.size()? - 1)?;
    let seq = record.seq;
    let mut records = bundle.records.clone();
    records.pop();
    records.push(seal);
    for entry in &mut records {
        if entry.seq() == seq {
            *entry = Entry::Record(Box::new(record.clone()));
        }
    }
    let mut bundle = forged.prove(bundle, records)?;
    forged.count(&mut bundle)?;
    Ok(bundle.encode())
}
