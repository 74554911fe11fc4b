//! The service as strangers see it: over a socket, with nothing but its answers.
#![cfg(feature = "service")]

#[path = "support/farm.rs"]
mod farm;
#[path = "support/service.rs"]
mod service;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use suyuan::config::RateLimit;
use suyuan::merkle::Hash;
use suyuan::merkle::tile::{decode_bundle, decode_hashes, entry_bundles, hash_tiles};
use suyuan::merkle::tree::{leaf_hash, node_hash, root_of};
use suyuan::note::checkpoint::Checkpoint;
use suyuan::note::signed_note::SignedNote;

use suyuan::verify::{Layer, Options, receipt, verify_bundle};

use farm::{BATCH, Farm, Ledger, Says, key, quantity};
use service::{Answer, Client, Service};

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";

fn batch_id() -> &'static str {
    BATCH.strip_prefix("batch:").unwrap()
}

fn checkpoint(client: &Client) -> Checkpoint {
    let note = client.get("/log/latest");
    let note = SignedNote::parse(&note.body).unwrap();
    note.verify(&[client.get("/log/vkey").text().trim().parse().unwrap()]).unwrap();
    note.text().parse().unwrap()
}

fn harvest_of<'a>(lot: &'a str, jin: &str) -> Says<'a> {
    Says {
        kind: "harvest/1",
        subject: lot,
        touches: &["crop:qingshan.p1-2026"],
        signer: ("qingshan", "coop"),
        occurred_at: "2026-06-13T05:30:00+08:00",
        data: json!({
            "from": ["crop:qingshan.p1-2026"], "quantity": quantity(jin, "jin"), "crop": "杨梅", "note": "雨后采的",
        }),
        ..Says::default()
    }
}

/// A service with an orchard that has a season open.
fn orchard(service: &Service) -> Farm<Client> {
    let mut farm = service.farm();
    farm.grow();
    farm
}

// -- statements --------------------------------------------------------------------------------------------------

#[test]
fn a_statement_gets_its_receipt_and_the_same_one_again_the_same_place() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let client = &service.client;
    let (envelope, openings) = farm.signed(harvest_of("batch:qingshan.a", "860"));
    let first = client.submit(&envelope, &openings);
    assert_eq!(first.status, 201, "{}", first.text());
    let told = first.json();

    let opened = receipt::open(told["proof"].as_str().unwrap().as_bytes(), &client.trust()).unwrap();
    assert_eq!(told["seq"], opened.seq);
    assert_eq!(told["leaf"], opened.leaf.to_string());
    assert_eq!(told["size"], opened.signed.checkpoint.size);
    assert_eq!(serde_json::from_slice::<Value>(&opened.bytes).unwrap(), told["record"]);
    assert!(told["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(told["checkpoint"], client.get("/log/latest").text());

    let before = client.get("/log/latest").text();
    let again = client.submit(&envelope, &openings);
    assert_eq!(again.status, 200);
    assert_eq!((&again.json()["seq"], &again.json()["leaf"]), (&told["seq"], &told["leaf"]));
    assert_eq!(client.get("/log/latest").text(), before);
}

#[test]
fn the_same_statement_at_the_same_time_gets_one_place() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let (envelope, openings) = farm.signed(harvest_of("batch:qingshan.a", "860"));
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let submit = || {
            let (client, envelope, openings) = (service.client.clone(), &envelope, &openings);
            scope.spawn(move || client.submit(envelope, openings))
        };
        let running: Vec<_> = (0..8).map(|_| submit()).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| answer.json()["seq"] == answers[0].json()["seq"]));
}

#[test]
fn the_same_id_with_another_payload_is_told_both_hashes() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let client = &service.client;
    let (first, openings) = farm.signed(harvest_of("batch:qingshan.a", "860"));
    assert_eq!(client.submit(&first, &openings).status, 201);

    let mut payload: Value = serde_json::from_slice(&first.payload).unwrap();
    payload["recorded_at"] = json!("2026-06-13T09:00:00+08:00");
    let payload = suyuan::statement::payload::to_payload_bytes(&payload).unwrap();
    let statement = suyuan::statement::payload::Statement::parse(&payload).unwrap();
    let other = suyuan::statement::envelope::Envelope::sign(&statement, &[&key("qingshan")]).unwrap();
    let answer = client.submit(&other, &[]);
    assert_eq!((answer.status, answer.problem().as_str()), (409, "conflict"));
    let told = answer.json();
    assert_eq!(told["class"], "permanent");
    assert_eq!(told["accepted"], Hash::of(&first.payload).to_string());
    assert_eq!(told["submitted"], Hash::of(&other.payload).to_string());
}

#[test]
fn what_is_refused_changes_nothing_and_says_why() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let client = &service.client;
    let (good, openings) = farm.signed(harvest_of("batch:qingshan.a", "860"));
    let whole = json!({"envelope": good.to_json(), "openings": openings});
    let before = client.get("/log/latest").text();

    let submit = |body: &[u8]| {
        let answer = client.post("/api/v1/statements", JSON, body);
        assert!((400..500).contains(&answer.status), "{} {}", answer.status, String::from_utf8_lossy(body));
        assert_eq!(client.get("/log/latest").text(), before, "{}", String::from_utf8_lossy(body));
        answer
    };
    let text = whole.to_string();
    let deep = "[".repeat(200_000);
    for (body, wanted) in [
        (b"".as_slice(), "bad-request"),
        (b"{", "bad-request"),
        (b"null", "form"),
        (b"[]", "form"),
        (b"{}", "form"),
        (b"\xff\xfe{}", "bad-request"),
        (b"{\"envelope\": 1}", "form"),
        (b"{\"envelope\": {}, \"openings\": {}}", "form"),
        (deep.as_bytes(), "bad-request"),
        (&text.as_bytes()[..text.len() - 1], "bad-request"),
        ([text.as_bytes(), b"}"].concat().leak(), "bad-request"),
    ] {
        assert_eq!(
            submit(body).problem(),
            wanted,
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(80)])
        );
    }

    type Change = (&'static str, fn(&mut Value), &'static str, u16);
    let changes: &[Change] = &[
        (
            "another signature",
            |v| v["envelope"]["signatures"][0]["sig"] = json!("A".repeat(86) + "=="),
            "signature",
            403,
        ),
        ("no signature", |v| v["envelope"]["signatures"] = json!([]), "form", 400),
        ("another type", |v| v["envelope"]["payloadType"] = json!("text/plain"), "form", 400),
        ("payload cut", |v| v["envelope"]["payload"] = json!("e30="), "form", 400),
        ("payload not base64", |v| v["envelope"]["payload"] = json!("!"), "form", 400),
        ("another opened value", |v| v["openings"][0]["value"] = json!("没下雨"), "form", 400),
        ("another salt", |v| v["openings"][0]["salt"] = json!("00".repeat(32)), "form", 400),
        ("an opening of nothing", |v| v["openings"][0]["pointer"] = json!("/data/none"), "form", 400),
        (
            "an opening twice",
            |v| {
                let first = v["openings"][0].clone();
                v["openings"].as_array_mut().unwrap().push(first);
            },
            "form",
            400,
        ),
    ];
    for (what, change, wanted, status) in changes {
        let mut changed = whole.clone();
        change(&mut changed);
        let answer = submit(changed.to_string().as_bytes());
        assert_eq!(
            (answer.problem().as_str(), answer.status),
            (*wanted, *status),
            "{what}: {}",
            answer.text()
        );
    }

    type Wrong = (&'static str, fn(&mut Says<'_>), &'static str, u16, &'static str);
    let wrongs: &[Wrong] = &[
        ("not their role", |s| s.signer = ("qingshan", "lab"), "right", 403, "permanent"),
        ("not their lot", |s| s.subject = "batch:shanqian.a", "right", 403, "permanent"),
        ("a stranger's key", |s| s.key = Some("stranger"), "unknown", 422, "retry"),
        ("an unknown season", |s| s.touches = &["crop:qingshan.none"], "unknown", 422, "retry"),
        ("a field too many", |s| s.data["colour"] = json!("red"), "form", 400, "permanent"),
    ];
    for (what, change, wanted, status, class) in wrongs {
        let mut says = harvest_of("batch:qingshan.b", "10");
        change(&mut says);
        if *what == "an unknown season" {
            says.data["from"] = json!(["crop:qingshan.none"]);
        }
        let (envelope, openings) = farm.signed(says);
        let body = json!({"envelope": envelope.to_json(), "openings": openings}).to_string();
        let answer = submit(body.as_bytes());
        assert_eq!(
            (answer.problem().as_str(), answer.status),
            (*wanted, *status),
            "{what}: {}",
            answer.text()
        );
        assert_eq!(answer.json()["class"], *class, "{what}");
    }
    // And the good one still goes.
    assert_eq!(client.submit(&good, &openings).status, 201);
}

#[test]
fn a_form_that_is_not_met_names_every_place() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let mut says = harvest_of("batch:qingshan.a", "860");
    says.data["colour"] = json!("red");
    says.data["brix"] = json!("1,5");
    let (envelope, openings) = farm.signed(says);
    let answer = service.client.submit(&envelope, &openings);
    assert_eq!(answer.problem(), "form");
    let told = answer.json();
    let places: Vec<&str> =
        told["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert!(places.contains(&"/brix") && places.contains(&""), "{places:?}");
    assert!(told["errors"][0]["zh"].is_string() && told["errors"][0]["en"].is_string());
}

#[test]
fn the_longest_body_is_read_and_one_byte_more_is_not() {
    let service = Service::new();
    let limit = suyuan::http::api::statements::SUBMISSION_BYTES_MAX;
    let client = &service.client;
    let at_limit = client.post("/api/v1/statements", JSON, &vec![b' '; limit]);
    assert_eq!(at_limit.problem(), "bad-request");
    let past = client.post("/api/v1/statements", JSON, &vec![b' '; limit + 1]);
    assert_eq!((past.status, past.problem().as_str()), (413, "too-large"));
    let other = client.post("/api/v1/statements", "text/plain", b"{}");
    assert_eq!((other.status, other.problem().as_str()), (415, "unsupported-media-type"));
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let service = Service::with(|config| config.client_timeout_secs = 1);
    let started = Instant::now();
    let back = service.client.raw(
        b"POST /api/v1/statements HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
    );
    assert!(back.starts_with("HTTP/1.1 408 "), "{back}");
    assert!(back.contains("/problems/timeout"), "{back}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

// -- many at once ------------------------------------------------------------------------------------------------

fn line(envelope: &suyuan::statement::envelope::Envelope, openings: &[Value]) -> String {
    json!({"envelope": envelope.to_json(), "openings": openings}).to_string()
}

fn lines_of(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn bulk_answers_every_line_in_order_and_a_bad_one_fails_alone() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let client = service.client.clone();
    let mut lines = Vec::new();
    for i in 0..40 {
        let lot = format!("batch:qingshan.b{i}");
        let (envelope, openings) = farm.signed(harvest_of(&lot, "10"));
        lines.push(line(&envelope, &openings));
    }
    // A lot's second record in the same request as its first.
    let mut storage = harvest_of("batch:qingshan.b7", "10");
    storage.kind = "storage/1";
    storage.touches = &[];
    storage.data =
        json!({"site": "冷库", "action": "in", "storage_type": "cold", "quantity": quantity("10", "jin")});
    let (envelope, openings) = farm.signed(storage);
    lines.push(line(&envelope, &openings));
    lines.insert(3, "{not json".into());
    lines.insert(5, String::new());
    lines.insert(6, lines[0].clone());
    let limit = suyuan::http::api::bulk::LINE_BYTES_MAX;
    lines.insert(8, "x".repeat(limit + 1));

    let answers = lines_of(&client.post("/api/v1/statements/bulk", NDJSON, lines.join("\n").as_bytes()));
    assert_eq!(answers.len(), lines.len() - 1, "an empty line has no answer");
    let status_of = |line: usize| {
        let found = answers.iter().find(|answer| answer["line"] == line).unwrap();
        found["status"].as_u64().unwrap()
    };
    let numbers: Vec<u64> = answers.iter().map(|answer| answer["line"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted());
    assert_eq!(status_of(4), 400);
    assert_eq!(status_of(7), 200);
    assert_eq!(status_of(9), 413);
    let taken: Vec<u64> = answers
        .iter()
        .filter(|answer| answer["status"] == 201)
        .map(|answer| answer["receipt"]["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(taken.len(), 41);
    assert!(taken.is_sorted(), "the log has them in the order of the lines");
    let trust = client.trust();
    for answer in answers.iter().filter(|answer| answer["status"] == 201) {
        receipt::open(answer["receipt"]["proof"].as_str().unwrap().as_bytes(), &trust).unwrap();
    }
    assert_eq!(client.get("/api/v1/batches/qingshan.b7").json()["records"], 2);

    let again = lines_of(&client.post("/api/v1/statements/bulk", NDJSON, lines.join("\r\n").as_bytes()));
    assert!(again.iter().all(|answer| answer["status"] != 201));
    let other = client.post("/api/v1/statements/bulk", JSON, b"{}");
    assert_eq!(other.problem(), "unsupported-media-type");
}

/// Sends everything before it reads anything, over a socket whose buffers hold little.
#[test]
fn a_client_that_sends_before_it_reads_gets_its_answers() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let lines = suyuan::http::api::bulk::ANSWERS_HELD_MAX;
    let mut body = String::new();
    for i in 0..lines {
        let (envelope, openings) = farm.signed(harvest_of(&format!("batch:qingshan.s{i}"), "1"));
        body += &(line(&envelope, &openings) + "\n");
    }
    let head = format!(
        "POST /api/v1/statements/bulk HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {NDJSON}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let back = service.client.raw(&[head.as_bytes(), body.as_bytes()].concat());
    assert_eq!(back.matches("\"status\":201").count(), lines, "{}", &back[..back.len().min(2_000)]);
}

#[test]
fn a_key_may_be_added_and_used_in_one_request() {
    let service = Service::new();
    let farm = orchard(&service);
    // Its first registrations are the same statements as the other's; from there on, it alone knows what it says.
    let mut paper = Farm::new(Silent { id: farm.ledger.id(), said: Vec::new() });
    let first = paper.ledger.said.len();
    paper.register("newfarm", "新农场", "New Farm", "farm");
    paper.say(Says {
        kind: "plot.register/1",
        subject: "plot:newfarm.p1",
        signer: ("newfarm", "farm"),
        occurred_at: "2026-03-02T10:00:00+08:00",
        data: json!({
            "name": "东坡", "area": quantity("10", "mu"), "crop": "杨梅", "variety": "东魁",
            "declared_yield": quantity("9000", "jin"),
        }),
        ..Says::default()
    });
    let body = paper.ledger.said[first..].join("\n");
    let answers = lines_of(&service.client.post("/api/v1/statements/bulk", NDJSON, body.as_bytes()));
    let statuses: Vec<_> = answers.iter().map(|answer| &answer["status"]).collect();
    assert_eq!(statuses, [201, 201], "{answers:#?}");
}

/// Writes down what would be submitted.
struct Silent {
    id: Hash,
    said: Vec<String>,
}

impl Ledger for Silent {
    fn id(&self) -> Hash {
        self.id
    }

    fn take(&mut self, envelope: suyuan::statement::envelope::Envelope, openings: Vec<Value>) -> Hash {
        self.said.push(line(&envelope, &openings));
        Hash::ZERO
    }
}

// -- attachments -------------------------------------------------------------------------------------------------

fn with_picture(farm: &mut Farm<Client>, content: &[u8], visibility: &str) -> String {
    let (attachments, opening) = farm.picture(content, "image/jpeg", false);
    let commitment = attachments[0]["commitment"].as_str().unwrap().to_owned();
    let mut says = harvest_of("batch:qingshan.a", "860");
    says.more = json!({"attachments": attachments, "visibility": visibility});
    let (envelope, mut openings) = farm.signed(says);
    openings.push(opening);
    farm.ledger.take(envelope, openings);
    commitment
}

#[test]
fn an_attachment_goes_up_once_and_comes_down_as_it_was() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let client = &service.client;
    let photo = b"\xff\xd8 a photo of a bayberry".repeat(5_000);
    let commitment = with_picture(&mut farm, &photo, "public");
    let path = format!("/api/v1/blobs/{commitment}");

    assert_eq!(client.get(&path).problem(), "erased");
    let mut other = photo.clone();
    other[9] ^= 1;
    assert_eq!(client.put(&path, &other).problem(), "other-content");
    assert_eq!(client.put(&path, &photo[1..]).problem(), "other-content");
    assert_eq!(client.put(&path, &[&photo[..], b"x"].concat()).problem(), "too-large");
    assert_eq!(client.get(&path).problem(), "erased");
    assert_eq!(client.put(&path, &photo).status, 201);
    assert_eq!(client.put(&path, &photo).status, 204);

    let down = client.get(&path);
    assert_eq!(down.body, photo);
    assert_eq!(down.header("content-type"), Some("image/jpeg"));
    assert_eq!(down.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(down.header("content-disposition"), Some("inline"));
    assert!(down.header("cache-control").unwrap().contains("immutable"));
    assert!(down.header("content-security-policy").unwrap().starts_with("sandbox"));
}

#[test]
fn what_no_statement_names_is_not_stored_and_what_is_not_public_not_shown() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let client = &service.client;
    let unknown = format!("/api/v1/blobs/{}", Hash::of(b"unknown"));
    assert_eq!(client.put(&unknown, b"x").problem(), "unknown-attachment");
    assert_eq!(client.get(&unknown).problem(), "unknown-attachment");
    assert_eq!(client.get("/api/v1/blobs/../../etc/passwd").status, 404);
    assert_eq!(client.get("/api/v1/blobs/xyz").problem(), "unknown-attachment");

    let commitment = with_picture(&mut farm, b"partners only", "partners");
    let path = format!("/api/v1/blobs/{commitment}");
    assert_eq!(client.put(&path, b"partners only").status, 201);
    assert_eq!(client.get(&path).problem(), "not-found");
}

// -- proofs ------------------------------------------------------------------------------------------------------

#[test]
fn tiles_and_entries_lead_a_stranger_to_the_checkpoints_root() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let client = &service.client;
    let mut lines = String::new();
    for i in 0..150 {
        let lot = format!("batch:qingshan.t{i}");
        let (envelope, openings) = farm.signed(harvest_of(&lot, "1"));
        lines += &(line(&envelope, &openings) + "\n");
    }
    lines_of(&client.post("/api/v1/statements/bulk", NDJSON, lines.as_bytes()));
    let checkpoint = checkpoint(client);
    assert!(checkpoint.size > 256 || checkpoint.size > 150);

    let mut leaves = Vec::new();
    for bundle in entry_bundles(0, checkpoint.size) {
        let answer = client.get(&format!("/log/{bundle}"));
        assert_eq!(answer.status, 200, "{bundle}");
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
        let is_kept = answer.header("cache-control").unwrap().contains("immutable");
        assert_eq!(is_kept, bundle.width == 256, "{bundle}");
        let entries = decode_bundle(&answer.body, bundle.width).unwrap();
        leaves.extend(entries.iter().map(|entry| leaf_hash(entry)));
    }
    assert_eq!(leaves.len() as u64, checkpoint.size);
    assert_eq!(root_of(&leaves), checkpoint.root);
    for tile in hash_tiles(0, checkpoint.size) {
        let answer = client.get(&format!("/log/{tile}"));
        let hashes = decode_hashes(&answer.body, tile.width).unwrap();
        for (i, hash) in (tile.index * 256..).zip(hashes) {
            let span = 256usize.pow(u32::from(tile.level));
            let below = &leaves[i as usize * span..(i as usize + 1) * span];
            assert_eq!(hash, complete(below), "{tile}");
        }
    }

    let (full, width) = (checkpoint.size / 256, checkpoint.size % 256);
    for path in [
        format!("tile/0/{full:03}"),
        format!("tile/0/{full:03}.p/{}", width + 1),
        "tile/1/001".into(),
        "tile/0/999".into(),
        "tile/0/0".into(),
        "tile/0/000.p/0".into(),
        "tile/64/000".into(),
        "tile/entries/999".into(),
        "tile/entries/".into(),
        "tile/data/000".into(),
        "tile".into(),
        "nothing".into(),
    ] {
        assert_eq!(client.get(&format!("/log/{path}")).problem(), "not-found", "{path}");
    }
    // Smaller trees had narrower tiles: they stay.
    assert_eq!(client.get("/log/tile/0/000.p/3").body.len(), 96);
}

fn complete(leaves: &[Hash]) -> Hash {
    match leaves {
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(leaves.len() / 2);
            node_hash(&complete(left), &complete(right))
        }
    }
}

#[test]
fn a_record_is_served_as_it_is_hashed_and_proven() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    let client = &service.client;
    let checkpoint = checkpoint(client);
    let trust = client.trust();
    for seq in [0, 1, checkpoint.size - 2, checkpoint.size - 1] {
        let record = client.get(&format!("/api/v1/records/{seq}"));
        assert!(record.header("cache-control").unwrap().contains("immutable"));
        let proven = client.get(&format!("/api/v1/records/{seq}/proof"));
        assert!(proven.header("content-type").unwrap().starts_with("text/plain"));
        let opened = receipt::open(&proven.body, &trust).unwrap();
        assert_eq!((opened.seq, opened.bytes), (seq, record.body.clone()));
        assert_eq!(opened.leaf, leaf_hash(&record.body));
    }
    assert_eq!(leaf_hash(&client.get("/api/v1/records/0").body), trust.genesis);
    for path in [
        format!("{}", checkpoint.size),
        format!("{}/proof", checkpoint.size),
        "-1".into(),
        "x".into(),
        u64::MAX.to_string(),
    ] {
        assert_eq!(client.get(&format!("/api/v1/records/{path}")).problem(), "not-found", "{path}");
    }
}

const NOW: Options = Options { now: 1_800_000_000, max_age: 86_400 };

#[test]
fn a_bundle_verifies_with_the_trust_file_alone() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    let client = &service.client;
    let trust = client.trust();
    let id = batch_id();
    let older = checkpoint(client);
    let check = |answer: &Answer| {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let report = verify_bundle(&answer.body, &trust, &NOW);
        for layer in Layer::ALWAYS {
            assert!(report.status(layer).is_ok(), "{layer:?}: {:?}", report.status(layer));
        }
    };
    let bundle = client.get(&format!("/api/v1/batches/{id}/bundle"));
    check(&bundle);
    let openings = bundle.json()["bundle"]["openings"].as_array().unwrap().len();
    assert!(openings > 0, "what everybody may see is opened");
    check(&client.get(&format!("/api/v1/batches/{}/bundle", id.to_uppercase())));

    // A checkpoint later, the older one still proves what it proved.
    orchard_again(&mut farm);
    assert!(checkpoint(client).size > older.size);
    let at = client.get(&format!("/api/v1/batches/{id}/bundle/{}", older.size));
    check(&at);
    assert_eq!(at.json()["bundle"]["size"], older.size);
    for size in [0, 1, older.size - 1, u64::MAX] {
        let answer = client.get(&format!("/api/v1/batches/{id}/bundle/{size}"));
        assert_eq!(answer.problem(), "not-proven", "{size}");
    }

    // What does not exist is proven not to.
    let absent = client.get("/api/v1/batches/qingshan.nothing/bundle");
    let report = verify_bundle(&absent.body, &trust, &NOW);
    assert!(report.status(Layer::Completeness).is_ok(), "{:?}", report.status(Layer::Completeness));
    assert_eq!(client.get("/api/v1/batches/not%20an%20id/bundle").problem(), "not-found");
    assert_eq!(client.get("/api/v1/subjects/not:one/bundle").problem(), "not-found");
}

#[test]
fn completeness_names_the_checkpoint_and_its_age_and_absence_is_of_a_time() {
    let service = Service::new();
    let mut farm = service.farm();
    let client = &service.client;
    let trust = client.trust();
    let before = checkpoint(client).size;
    farm.grow();
    let now = jiff::Timestamp::now().as_second();
    let completeness = |path: &str, now: i64| {
        let answer = client.get(path);
        let report = verify_bundle(&answer.body, &trust, &Options { now, max_age: 86_400 });
        assert!(report.verified(&[]), "{path}: {:?}", report.status(Layer::Completeness));
        (report.facts["exists"].clone(), report.status(Layer::Completeness).reason().to_owned())
    };
    let crop = "/api/v1/subjects/crop:qingshan.p1-2026/bundle";
    let size = checkpoint(client).size;
    let (exists, reason) = completeness(crop, now + 3 * 86_400);
    assert_eq!(exists, true);
    assert!(reason.starts_with("claimed: ") && reason.contains(&format!("as of {size} entries")), "{reason}");
    assert!(reason.ends_with("a checkpoint 3 days old by the log's own clock"), "{reason}");
    let (_, reason) = completeness(crop, now + 90 * 60 + 5);
    assert!(reason.contains("1 h 30 min old"), "{reason}");
    let (_, reason) = completeness(crop, now - 1_000);
    assert!(reason.contains("ahead of ours"), "{reason}");
    // Under the older checkpoint the same season did not exist yet, and that is proven too.
    let (exists, reason) = completeness(&format!("{crop}/{before}"), now + 60);
    assert_eq!(exists, false);
    assert!(reason.contains(&format!("as of {before} entries")), "{reason}");
    let (exists, _) = completeness(&format!("/api/v1/batches/qingshan.nothing/bundle/{before}"), now);
    assert_eq!(exists, false);
}

fn orchard_again(farm: &mut Farm<Client>) {
    farm.input("2026-04-21", "2026-04-21T18:30:00+08:00");
}

#[test]
fn checkpoints_grow_and_never_contradict_each_other() {
    let service = Service::new();
    let mut farm = service.farm();
    let client = &service.client;
    let old = checkpoint(client);
    farm.grow();
    let new = checkpoint(client);
    assert!(new.size > old.size);
    let mut leaves = Vec::new();
    for bundle in entry_bundles(0, new.size) {
        let answer = client.get(&format!("/log/{bundle}"));
        leaves
            .extend(decode_bundle(&answer.body, bundle.width).unwrap().iter().map(|entry| leaf_hash(entry)));
    }
    assert_eq!(root_of(&leaves[..old.size as usize]), old.root);
    let told = client.get("/api/v1/checkpoints").json();
    assert_eq!((&told["size"], &told["root"]), (&new.size.into(), &new.root.to_string().into()));
    assert_eq!(told["note"], client.get("/log/checkpoint").text());
}

// -- what is asked of it -----------------------------------------------------------------------------------------

#[test]
fn batches_are_found_told_and_traced() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    let client = &service.client;
    let id = batch_id();

    let list = client.get("/api/v1/batches").json();
    let ids: Vec<&str> =
        list["batches"].as_array().unwrap().iter().map(|batch| batch["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["qingshan.h0613", id]);
    assert_eq!(list["next"], Value::Null);
    let found = client.get("/api/v1/batches?q=DK06").json();
    assert_eq!(found["batches"][0]["id"], id);
    let code = found["batches"][0]["short_code"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&format!("/api/v1/batches?q={code}")).json()["batches"][0]["id"], id);
    assert_eq!(client.get("/api/v1/batches?q=none").json()["batches"], json!([]));
    assert_eq!(client.get("/api/v1/batches?cursor=qingshan.h0613").json()["batches"][0]["id"], id);
    assert_eq!(client.get("/api/v1/batches?cursor=%00").problem(), "bad-request");

    for name in [id.to_owned(), id.to_uppercase(), code.clone(), code.to_lowercase()] {
        let batch = client.get(&format!("/api/v1/batches/{name}")).json();
        assert_eq!(batch["id"], id, "{name}");
        assert_eq!((&batch["org"], &batch["org_name"]), (&"shanqian".into(), &"山前产地仓".into()));
        assert_eq!(batch["product"], "仙居东魁杨梅");
        assert_eq!(batch["records"].as_u64().unwrap() as usize, batch["chain"].as_array().unwrap().len());
        assert_eq!(batch["chain"][0]["kind"], "packing/1");
    }
    let story = client.get(&format!("/api/v1/batches/{id}/trace")).json();
    assert_eq!(story["subject"], BATCH);
    assert!(story["events"].as_array().unwrap().len() >= 5);
    for path in ["nothing.here", "nothing.here/trace", "B23456789X", "%F0%9F%8D%91"] {
        assert_eq!(client.get(&format!("/api/v1/batches/{path}")).problem(), "not-found", "{path}");
    }
}

#[test]
fn a_long_list_comes_in_pages() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let client = &service.client;
    let mut lines = String::new();
    for i in 0..120 {
        let lot = format!("batch:qingshan.p{i:03}");
        let (envelope, openings) = farm.signed(harvest_of(&lot, "1"));
        lines += &(line(&envelope, &openings) + "\n");
    }
    lines_of(&client.post("/api/v1/statements/bulk", NDJSON, lines.as_bytes()));
    let (mut seen, mut path) = (Vec::new(), "/api/v1/batches".to_owned());
    loop {
        let page = client.get(&path).json();
        seen.extend(page["batches"].as_array().unwrap().iter().map(|batch| batch["id"].clone()));
        match page["next"].as_str() {
            Some(next) => path = format!("/api/v1/batches?cursor={next}"),
            None => break,
        }
    }
    let want: Vec<Value> = (0..120).map(|i| format!("qingshan.p{i:03}").into()).collect();
    assert_eq!(seen, want);
}

#[test]
fn an_organisation_is_told_with_its_keys_and_history() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.add_key("qingshan", "coop", "phone", &["harvest"]);
    farm.revoke("qingshan", "coop", "phone", Some("2026-06-14T00:00:00+08:00"));
    let org = service.client.get("/api/v1/orgs/qingshan").json();
    assert_eq!(org["name"], "青山杨梅合作社");
    assert_eq!((&org["roles"], &org["status"]), (&json!(["coop"]), &json!("active")));
    let keys = org["keys"].as_array().unwrap();
    assert_eq!(keys[0]["keyid"], key("qingshan").key_id().to_string());
    assert_eq!(keys[0]["scope"], "admin");
    assert_eq!(keys[0]["revoked"], Value::Null);
    assert_eq!(keys[1]["scope"], json!({"kinds": ["harvest"]}));
    assert_eq!(keys[1]["revoked"]["reason"], "stolen");
    assert_eq!(org["history"][0]["kind"], "org.register/1");
    assert_eq!(service.client.get("/api/v1/orgs/nobody").problem(), "not-found");
    assert_eq!(service.client.get("/api/v1/orgs/--").problem(), "not-found");
    assert_eq!(service.client.get("/api/v1/orgs/registrar").json()["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn the_service_says_what_it_is() {
    let service = Service::new();
    let client = &service.client;
    assert_eq!(client.get("/healthz").text(), "ok\n");
    assert_eq!(client.get("/readyz").json()["ready"], true);
    assert!(client.get("/metrics").text().contains("suyuan_log_size 2"), "{}", client.get("/metrics").text());
    assert_eq!(client.trust().origin, service::ORIGIN);
    let names = client.get("/schemas").json();
    for name in names.as_array().unwrap() {
        let schema = client.get(&format!("/schemas/{}.json", name.as_str().unwrap()));
        assert!(schema.json()["$id"].is_string());
        assert_eq!(schema.header("content-type"), Some("application/schema+json"));
    }
    assert_eq!(client.get("/schemas/harvest-99.json").problem(), "not-found");
    assert_eq!(client.get("/schemas/rules/intervals.json").json()["table"], "intervals");
    assert_eq!(client.get("/schemas/rules/wishes.json").problem(), "not-found");
    for problem in client.get("/problems").json().as_array().unwrap() {
        let one = client.get(problem["type"].as_str().unwrap());
        assert_eq!(one.json(), *problem);
    }
    assert_eq!(client.get("/problems/none").problem(), "not-found");
    assert!(client.get("/api/openapi.json").json()["paths"].as_object().unwrap().len() > 20);
}

#[test]
fn every_described_read_answers_and_carries_the_headers_that_guard_it() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    let client = &service.client;
    let description = client.get("/api/openapi.json").json();
    for (path, item) in description["paths"].as_object().unwrap() {
        let path = path
            .replace("/seasons/{id}", "/seasons/crop:qingshan.p1-2026")
            .replace("{id}", if path.contains("/orgs/") { "qingshan" } else { batch_id() })
            .replace("{subject}", "crop:qingshan.p1-2026")
            .replace("{seq}", "0")
            .replace("{table}", "intervals")
            .replace("{size}", &checkpoint(client).size.to_string())
            .replace("{from}/consistency/{to}", "2/consistency/4")
            .replace("{level}/{index}", "0/000.p/1")
            .replace("entries/{index}", "entries/000.p/1")
            .replace("{name}", "harvest-1")
            .replace("{code}", "right")
            .replace("{commitment}", &"0".repeat(64));
        let answer = client.get(&path);
        if item["get"].is_object() && !path.contains("/blobs/") && !path.contains("{kind}") {
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            let head = client.head(&path);
            assert_eq!((head.status, head.body.len()), (200, 0), "HEAD {path}");
        } else if !item["get"].is_object() {
            assert_eq!((answer.status, answer.problem().as_str()), (405, "method-not-allowed"), "{path}");
            assert_eq!(answer.header("allow"), Some("POST"), "{path}");
        }
        let wrong = client.delete(&path);
        assert_eq!((wrong.status, wrong.problem().as_str()), (405, "method-not-allowed"), "{path}");
        for name in [
            "x-content-type-options",
            "referrer-policy",
            "content-security-policy",
            "x-request-id",
            "cache-control",
        ] {
            assert!(answer.header(name).is_some(), "{name} of {path}");
        }
        assert!(!answer.text().contains("panicked"));
    }
}

#[test]
fn what_is_not_there_is_a_problem_and_a_request_keeps_its_id() {
    let service = Service::new();
    let client = &service.client;
    for path in
        ["/nothing", "/api", "/api/v2/batches", "/log", "/api/v1/records/", "/%00", "/..%2f..%2fetc/passwd"]
    {
        assert_eq!(client.get(path).problem(), "not-found", "{path}");
    }
    let answer = client.get_with("/healthz", ("x-request-id", "phone-1"));
    assert_eq!(answer.header("x-request-id"), Some("phone-1"));
    assert_eq!(client.raw(b"\x16\x03\x01 not http\r\n\r\n").lines().next(), Some("HTTP/1.1 400 Bad Request"));
}

#[test]
fn what_is_long_comes_compressed_to_who_wants_it() {
    let service = Service::new();
    let request =
        b"GET /api/openapi.json HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n";
    let back = service.client.raw(request);
    assert!(back.to_lowercase().contains("content-encoding: gzip"), "{}", &back[..400]);
}

#[test]
fn an_address_that_asks_too_much_is_told_when_to_come_back() {
    let limit = |per_second, burst| RateLimit { per_second, burst };
    let service = Service::with(|config| {
        config.reads = limit(1, 3);
        config.writes = limit(1, 2);
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    });
    let client = &service.client;
    let mut answers: Vec<Answer> = (0..4).map(|_| client.get("/trust.json")).collect();
    let last = answers.pop().unwrap();
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!((last.status, last.problem().as_str()), (429, "too-many"));
    assert_eq!((last.header("retry-after"), &last.json()["class"]), (Some("1"), &"retry".into()));
    // Writes are counted apart, other addresses too, and who watches the service is never turned away.
    let posted: Vec<u16> = (0..3).map(|_| client.post("/api/v1/statements", JSON, b"{}").status).collect();
    assert_eq!(posted, [400, 400, 429]);
    assert_eq!(client.get_with("/trust.json", ("x-forwarded-for", "203.0.113.7")).status, 200);
    assert!((0..20).all(|_| client.get("/healthz").status == 200));
}

// -- stopping ----------------------------------------------------------------------------------------------------

#[test]
fn a_stopped_service_comes_back_where_it_was() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let (envelope, openings) = farm.signed(harvest_of("batch:qingshan.a", "860"));
    let told = service.client.submit(&envelope, &openings).json();
    let latest = service.client.get("/log/latest").text();
    let address = service.client.address;
    let dir = service.stop();
    assert!(std::net::TcpStream::connect(address).is_err());

    let service = Service::on(dir, |_| {});
    assert_eq!(service.client.get("/log/latest").text(), latest);
    let again = service.client.submit(&envelope, &openings);
    assert_eq!((again.status, &again.json()["seq"]), (200, &told["seq"]));
}

#[test]
fn a_read_only_ledger_says_why_and_goes_on_proving() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    let (envelope, openings) = farm.signed(harvest_of("batch:qingshan.a", "860"));
    let service = Service::read_only(service.stop());
    let client = &service.client;
    let ready = client.get("/readyz");
    assert_eq!((ready.status, ready.problem().as_str()), (503, "read-only"));
    assert!(ready.json()["detail"].as_str().unwrap().contains("key"), "{}", ready.text());
    let refused = client.submit(&envelope, &openings);
    assert_eq!((refused.status, refused.problem().as_str()), (503, "read-only"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.json()["class"], "retry");
    assert!(client.get("/metrics").text().contains("suyuan_writable 0"));
    assert_eq!(client.get("/healthz").status, 200);
    let bundle = client.get(&format!("/api/v1/batches/{}/bundle", batch_id()));
    let report = verify_bundle(&bundle.body, &client.trust(), &NOW);
    assert!(Layer::ALWAYS.iter().all(|layer| report.status(*layer).is_ok()));
}

#[test]
fn a_service_does_not_start_under_another_name() {
    let dir = Service::new().stop();
    let mut config = service::config(dir.path());
    config.origin = "another.example/log".into();
    let ledger = service::open(dir.path(), None);
    let error = suyuan::http::start(config, ledger).err().unwrap().to_string();
    assert!(error.contains(service::ORIGIN), "{error}");
}

#[test]
fn many_at_once_get_each_their_own_place() {
    let service = Service::new();
    let mut farm = orchard(&service);
    let signed: Vec<_> =
        (0..60).map(|i| farm.signed(harvest_of(&format!("batch:qingshan.m{i}"), "1"))).collect();
    let seqs = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for part in signed.chunks(10) {
            let (client, seqs) = (service.client.clone(), &seqs);
            scope.spawn(move || {
                for (envelope, openings) in part {
                    let answer = client.submit(envelope, openings);
                    assert_eq!(answer.status, 201, "{}", answer.text());
                    seqs.lock().unwrap().push(answer.json()["seq"].as_u64().unwrap());
                }
            });
        }
    });
    let mut seqs = seqs.into_inner().unwrap();
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), 60);
}
