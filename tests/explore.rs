//! The auditor's explorer, as people and their browsers get it.
#![cfg(feature = "service")]

#[path = "support/farm.rs"]
mod farm;
#[path = "support/service.rs"]
mod service;

use serde_json::{Value, json};
use suyuan::merkle::Hash;
use suyuan::merkle::map::map_key;
use suyuan::merkle::proof::verify_consistency;

use farm::{Farm, Says, Season, key, quantity};
use service::{Answer, Client, Service};

#[track_caller]
fn shows(answer: &Answer, texts: &[&str]) {
    let html = answer.text();
    for text in texts {
        assert!(html.contains(text), "no {text} in {}\n{html}", answer.status);
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Where a search leads, without going there.
fn leads(client: &Client, typed: &str) -> (u16, Option<String>, String) {
    let request = format!(
        "GET /explore?lang=en&q={} HTTP/1.1\r\nHost: trace.test\r\nConnection: close\r\n\r\n",
        encoded(typed)
    );
    let back = client.raw(request.as_bytes());
    let status = back.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let mut lines = back.lines().take_while(|line| !line.is_empty());
    let location = lines.find_map(|line| line.strip_prefix("location: ").map(str::to_owned));
    (status, location, back)
}

#[track_caller]
fn finds(client: &Client, typed: &str, address: &str) {
    let (status, location, back) = leads(client, typed);
    assert_eq!((status, location.as_deref()), (303, Some(address)), "{typed}\n{back}");
    assert_eq!(client.get(address.split('#').next().unwrap()).status, 200, "{address}");
}

#[track_caller]
fn misses(client: &Client, typed: &str, status: u16, says: &str) {
    let (found, location, back) = leads(client, typed);
    assert_eq!((found, location), (status, None), "{typed}\n{back}");
    assert!(back.contains(says), "{typed}: no {says} in\n{back}");
    assert!(back.contains("content-security-policy: default-src 'none'"));
}

/// Base of what every test here looks at: a season, a correction, a second key that was stolen.
fn ledger(service: &Service) -> (Farm<Client>, Season, Hash, Hash) {
    let mut farm = service.farm();
    farm.add_key("qingshan", "coop", "phone", &["harvest", "input"]);
    let season = farm.season();
    let correction = farm.correct_harvest(season.harvest, "830");
    let revocation = farm.revoke("qingshan", "coop", "phone", Some("2026-06-10T00:00:00+08:00"));
    (farm, season, correction, revocation)
}

/// The entry with this leaf hash.
fn entry_of(client: &Client, leaf: Hash) -> (u64, Value) {
    let size = client.get("/api/v1/checkpoints").json()["size"].as_u64().unwrap();
    let found = (0..size).find_map(|seq| {
        let entry = client.get(&format!("/api/v1/records/{seq}"));
        (suyuan::merkle::tree::leaf_hash(&entry.body) == leaf).then(|| (seq, entry.json()))
    });
    found.unwrap()
}

fn payload_of(entry: &Value) -> (Value, Hash) {
    use base64::Engine as _;
    let text = entry["envelope"]["payload"].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    (serde_json::from_slice(&bytes).unwrap(), Hash::of(&bytes))
}

// -- search ------------------------------------------------------------------------------------------------------

#[test]
fn every_hash_of_an_entry_leads_to_it() {
    let service = Service::new();
    let (_, season, _, _) = ledger(&service);
    let client = &service.client;
    let (seq, entry) = entry_of(client, season.inspection);
    let page = format!("/explore/entry/{seq}");
    let (payload, payload_hash) = payload_of(&entry);
    finds(client, &season.inspection.to_string(), &page);
    finds(client, &format!("  sha256:{}", season.inspection.to_string().to_uppercase()), &page);
    finds(client, &payload_hash.to_string(), &page);
    finds(client, payload["id"].as_str().unwrap(), &page);
    finds(client, payload["attachments"][0]["commitment"].as_str().unwrap(), &page);
    finds(client, &seq.to_string(), &page);
    finds(client, &format!("#{seq}"), &page);
    // A sealed value by its commitment, and the entry before it in a chain by `prev`.
    let (harvest, entry) = entry_of(client, season.harvest);
    let (payload, _) = payload_of(&entry);
    let sealed = payload["data"]["picker_names"][0]["sealed"].as_str();
    let sealed = sealed.or(payload["data"]["picker_names"]["sealed"].as_str()).unwrap();
    finds(client, sealed, &format!("/explore/entry/{harvest}"));
    let prev = entry["links"][1]["prev"].as_str().unwrap().parse().unwrap();
    let (before, _) = entry_of(client, prev);
    finds(client, &prev.to_string(), &format!("/explore/entry/{before}"));
}

#[test]
fn hashes_of_the_log_and_of_the_map_lead_somewhere() {
    let service = Service::new();
    ledger(&service);
    let client = &service.client;
    let newest = client.get("/api/v1/checkpoints").json();
    let size = newest["size"].as_u64().unwrap();
    let checkpoint = format!("/explore/checkpoint/{size}");
    finds(client, newest["root"].as_str().unwrap(), &checkpoint);
    let in_the_note = newest["note"].as_str().unwrap().lines().nth(2).unwrap();
    finds(client, in_the_note, &checkpoint);
    let map = client.get(&format!("/api/v1/records/{}", size - 1)).json();
    finds(client, map["root"].as_str().unwrap(), &format!("/explore/entry/{}", size - 1));
    let last: Vec<u8> = client.get(&format!("/api/v1/records/{}", size - 1)).body;
    let leaf = suyuan::merkle::tree::leaf_hash(&last);
    finds(client, &leaf.to_string(), &format!("/explore/entry/{}", size - 1));
    finds(client, &map_key("org:qingshan").to_string(), "/explore/subject/org:qingshan");
    let tile = client.get("/log/tile/0/000.p/4").body;
    let node = suyuan::merkle::tree::node_hash(
        &Hash(tile[64..96].try_into().unwrap()),
        &Hash(tile[96..].try_into().unwrap()),
    );
    finds(client, &node.to_string(), "/explore/entry/2#proof");
    let trust = client.get("/trust.json").json();
    finds(client, trust["genesis"].as_str().unwrap(), "/explore/entry/0");
    let vkey = trust["log"][0].as_str().unwrap();
    finds(client, vkey, "/explore/subject/ledger:");
    finds(client, vkey.split('+').nth(1).unwrap(), "/explore/subject/ledger:");
}

#[test]
fn subjects_keys_codes_names_and_days_are_found() {
    let service = Service::new();
    ledger(&service);
    let client = &service.client;
    let batch = "/explore/subject/batch:shanqian.dk0613a";
    let code =
        client.get("/api/v1/batches/shanqian.dk0613a").json()["short_code"].as_str().unwrap().to_owned();
    for typed in
        ["shanqian.dk0613a", "SHANQIAN.DK0613A", "shanqian。dkO613a", "batch:shanqian.dk0613a", &code]
    {
        finds(client, typed, batch);
    }
    finds(client, "qingshan.p1", "/explore/subject/plot:qingshan.p1");
    finds(client, "crop:qingshan.p1-2026", "/explore/subject/crop:qingshan.p1-2026");
    finds(client, "ledger:", "/explore/subject/ledger:");
    for typed in ["qingshan", "org:qingshan", "青山", "青山杨梅合作社"] {
        finds(client, typed, "/explore/subject/org:qingshan");
    }
    let phone = key("phone");
    let page = format!("/explore/subject/key:{}", phone.key_id());
    finds(client, &phone.key_id().to_string(), &page);
    finds(client, &hex::encode(phone.public().as_bytes()), &page);
    finds(client, &format!("key:{}", phone.key_id()), &page);
    finds(client, "2026年6月13日", "/explore/day/2026-06-13");
    finds(client, "2026-06-13", "/explore/day/2026-06-13");
}

#[test]
fn what_may_be_several_things_is_asked() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.grow();
    // A plot, and a season by the same name.
    farm.say(Says {
        kind: "crop.open/1",
        subject: "crop:qingshan.p1",
        touches: &["plot:qingshan.p1"],
        signer: ("qingshan", "coop"),
        occurred_at: "2026-03-04",
        data: json!({"plot": "plot:qingshan.p1", "crop": "杨梅", "variety": "东魁", "season": "2027 夏"}),
        ..Says::default()
    });
    let answer = service.client.get("/explore?lang=en&q=qingshan.p1");
    assert_eq!(answer.status, 200);
    shows(
        &answer,
        &["/explore/subject/plot:qingshan.p1\"", "/explore/subject/crop:qingshan.p1\"", "may be 2 things"],
    );
    let shared = service.client.get("/explore?lang=en&q=an");
    shows(
        &shared,
        &["/explore/subject/org:qingshan", "/explore/subject/org:shanqian", "/explore/subject/org:xianda"],
    );
}

#[test]
fn what_fits_no_pattern_or_is_not_there_is_told_apart() {
    let service = Service::new();
    ledger(&service);
    let client = &service.client;
    for typed in
        ["<script>alert(1)</script>", "../../etc/passwd", "a+b+c", "a.b.c", "%00", "\u{202e}%", "'; --"]
    {
        misses(client, typed, 400, "fits no pattern");
    }
    let hash = Hash::of(b"nothing").to_string();
    misses(client, &hash[..63], 400, "64 hexadecimal digits; this has 63");
    misses(client, &format!("{hash}a"), 400, "this has 65");
    misses(client, "2026-02-30", 400, "There is no such day");
    misses(client, "tree:x", 400, "Before the colon");
    misses(client, &hash, 404, "has this hash");
    misses(client, "999999", 404, "The log has");
    misses(client, "01936f5e-7c3a-7b2f-8d1e-ffffffffffff", 404, "No statement has this id");
    misses(client, "nobody.nothing", 404, "The ledger has no batch:nobody.nothing");
    misses(client, "org:nobody", 404, "The ledger has no org:nobody");
    misses(client, "nobody", 404, "No organisation has this id");
    misses(client, "0123456789abcdef", 404, "perceptual hash");
    misses(client, &key("nobody").key_id().to_string(), 404, "has this hash");
    let long = client.get(&format!("/explore?q={}", "x".repeat(5_000)));
    assert!(long.status == 400 || long.status == 404, "{}", long.status);
    let answer = client.get("/explore?lang=en&q=%3Cscript%3E");
    assert!(!answer.text().contains("<script"), "{}", answer.text());
}

// -- pages -------------------------------------------------------------------------------------------------------

#[test]
fn an_entry_is_shown_in_words_raw_and_proven() {
    let service = Service::new();
    let (_, season, correction, _) = ledger(&service);
    let client = &service.client;
    let (seq, entry) = entry_of(client, season.harvest);
    let (corrected_by, _) = entry_of(client, correction);
    let page = client.get(&format!("/explore/entry/{seq}?lang=en"));
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("<script"));
    shows(
        &page,
        &[
            "Harvest",
            "430 kg",
            "Qingshan Bayberry Co-op",
            &season.harvest.to_string(),
            &payload_of(&entry).1.to_string(),
            &format!("href=\"/explore/entry/{corrected_by}\""),
            "Newest correction",
            "王小山",
            "/explore/subject/crop:qingshan.p1-2026",
            &format!("href=\"/api/v1/records/{seq}/proof\""),
            "&#34;payloadType&#34;",
        ],
    );
    // The path on the page is the receipt's.
    let receipt = client.get(&format!("/api/v1/records/{seq}/proof")).text();
    let receipt = suyuan::note::tlog_proof::TlogProof::parse(receipt.as_bytes()).unwrap();
    for hash in &receipt.path {
        shows(&page, &[&hash.to_string()]);
    }
    let zh = client.get(&format!("/explore/entry/{corrected_by}?lang=zh-CN"));
    shows(
        &zh,
        &["<html lang=\"zh-CN\">", "830 斤（415 公斤）", "更正的是", &format!("/explore/entry/{seq}")],
    );
    let map = client.get(&format!("/explore/entry/{}?lang=en", seq + 1));
    shows(&map, &["Map record", "Map root"]);
    for bad in ["/explore/entry/999999", "/explore/entry/x", "/explore/entry/-1"] {
        assert_eq!(client.get(bad).status, 404, "{bad}");
    }
}

#[test]
fn what_changed_in_rights_is_said() {
    let service = Service::new();
    let (_, _, _, revocation) = ledger(&service);
    let client = &service.client;
    let (seq, _) = entry_of(client, revocation);
    let phone = key("phone").key_id().to_string();
    shows(&client.get("/explore/subject/org:qingshan"), &["青山杨梅合作社"]);
    let page = client.get("/explore/subject/org:qingshan?lang=en");
    shows(
        &page,
        &[
            "Qingshan Bayberry Co-op",
            "co-operative",
            "org:qingshan may sign".strip_prefix("org:").unwrap(),
            &format!("Key {phone} may sign for qingshan from here on: Harvest"),
            &format!("Key {phone} signs nothing after this (stolen)"),
            &format!("revoked by entry {seq}"),
            "in use",
        ],
    );
    let page = client.get(&format!("/explore/subject/key:{phone}?lang=en"));
    shows(&page, &["Harvest", "stolen", "2026-06-10T00:00:00+08:00", "/explore/subject/org:qingshan"]);
    let page = client.get(&format!("/explore/entry/{seq}?lang=en"));
    shows(&page, &["What changed in rights", "It may have been in other hands since"]);
    let begin = client.get("/explore/entry/0?lang=en");
    shows(&begin, &["The ledger begins", "two admin keys"]);
}

#[test]
fn a_chain_is_shown_from_its_end_and_in_pages() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.grow();
    for day in 1..=60_u32 {
        let day = format!("2026-05-{:02}", day.min(28));
        farm.input(&day, &format!("{day}T18:30:00+08:00"));
    }
    let client = &service.client;
    let page = client.get("/explore/subject/crop:qingshan.p1-2026?lang=en");
    shows(&page, &["Chain: 62 records", "?before=12#chain", "Up to entry"]);
    assert_eq!(page.text().matches("class=\"seq\"").count(), 50);
    let older = client.get("/explore/subject/crop:qingshan.p1-2026?lang=en&before=12");
    assert_eq!(older.text().matches("class=\"seq\"").count(), 12);
    assert!(!older.text().contains("?before="));
    for before in ["0", "x", "99999999999999999999"] {
        assert_eq!(
            client.get(&format!("/explore/subject/crop:qingshan.p1-2026?before={before}")).status,
            200
        );
    }
}

#[test]
fn the_ledgers_own_page_has_its_keys_and_tables() {
    let service = Service::new();
    let mut farm = service.farm();
    let client = &service.client;
    let trust = client.get("/trust.json").json();
    let vkey = trust["log"][0].as_str().unwrap().replace('+', "&#43;");
    let page = client.get("/explore/subject/ledger:?lang=en");
    shows(&page, &["No table of rules has been set", trust["genesis"].as_str().unwrap()]);
    assert!(page.text().contains(&vkey) || page.text().contains(trust["log"][0].as_str().unwrap()));
    farm.say(Says {
        kind: "rules.set/1",
        subject: "ledger:",
        signer: ("registrar", "registrar"),
        key: Some("registrar-1"),
        occurred_at: "2026-03-05T09:00:00+08:00",
        data: json!({"table": "policies", "policies": [{"crops": ["杨梅"], "category": "fresh", "level": "basic"}]}),
        ..Says::default()
    });
    let page = client.get("/explore/subject/ledger:?lang=en");
    shows(&page, &["category policies", "杨梅", "set by entry"]);
}

#[test]
fn what_does_not_exist_comes_with_the_maps_word_for_it() {
    let service = Service::new();
    let client = &service.client;
    let page = client.get("/explore/subject/batch:nobody.nothing?lang=en");
    assert_eq!(page.status, 404);
    shows(
        &page,
        &[
            "The ledger has no batch:nobody.nothing",
            "no such subject",
            "siblings",
            "Download the proof of absence",
        ],
    );
    assert_eq!(client.get("/api/v1/batches/nobody.nothing/bundle").status, 200);
    assert_eq!(client.get("/explore/subject/BATCH:x").status, 404);
}

#[test]
fn checkpoints_are_listed_as_they_stand() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    let client = &service.client;
    let newest = client.get("/api/v1/checkpoints").json();
    let size = newest["size"].as_u64().unwrap();
    let list = client.get("/explore/checkpoints?lang=en");
    shows(
        &list,
        &[
            &format!("/explore/checkpoint/{size}"),
            newest["root"].as_str().unwrap(),
            "signature, checked",
            "None yet",
        ],
    );
    assert_eq!(
        list.text().matches("/explore/checkpoint/").count(),
        size as usize / 2,
        "each statement had its own"
    );
    let page = client.get(&format!("/explore/checkpoint/{size}?lang=en"));
    let note = newest["note"].as_str().unwrap();
    shows(&page, &[note.lines().next_back().unwrap(), "Not anchored yet", "no witness"]);
    for bad in ["/explore/checkpoint/1", "/explore/checkpoint/999999", "/explore/checkpoint/x"] {
        assert_eq!(client.get(bad).status, 404, "{bad}");
    }
    assert_eq!(client.get("/api/v1/checkpoints/1").status, 404);
    assert_eq!(client.get(&format!("/api/v1/checkpoints/{size}")).json(), newest);
}

#[test]
fn any_two_checkpoints_are_tied_by_a_proof_that_holds() {
    let service = Service::new();
    service.farm().season();
    let client = &service.client;
    let to = client.get("/api/v1/checkpoints").json()["size"].as_u64().unwrap();
    for from in [2, 4, 10, to] {
        let body = client.get(&format!("/api/v1/checkpoints/{from}/consistency/{to}")).json();
        let hash = |value: &Value| value.as_str().unwrap().parse::<Hash>().unwrap();
        let path: Vec<Hash> = body["path"].as_array().unwrap().iter().map(hash).collect();
        verify_consistency(from, to, &hash(&body["from_root"]), &hash(&body["to_root"]), &path).unwrap();
        let page = client.get(&format!("/explore/consistency?lang=en&from={from}&to={to}"));
        shows(&page, &["It holds", body["from_root"].as_str().unwrap(), body["to_root"].as_str().unwrap()]);
        for hash in &path {
            shows(&page, &[&hash.to_string()]);
        }
        // In whichever order they were typed.
        let turned = client.get(&format!("/explore/consistency?lang=en&from={to}&to={from}"));
        shows(&turned, &["It holds"]);
    }
    assert_eq!(
        client.get(&format!("/api/v1/checkpoints/{to}/consistency/2")).status,
        if to == 2 { 200 } else { 400 }
    );
    assert_eq!(client.get("/api/v1/checkpoints/3/consistency/4").status, 404);
    shows(&client.get("/explore/consistency?lang=en"), &["Older size", "Newer size"]);
    assert_eq!(client.get("/explore/consistency?from=3&to=4").status, 404);
    for bad in ["from=&to=4", "from=x&to=4", "from=2", "from=-1&to=99999999999999999999999"] {
        assert_eq!(client.get(&format!("/explore/consistency?{bad}")).status, 400, "{bad}");
    }
}

#[test]
fn a_day_has_the_entries_that_the_ledger_took_on_it() {
    let service = Service::new();
    service.farm().season();
    let client = &service.client;
    let entry = client.get("/api/v1/batches/shanqian.dk0613a").json();
    let taken = entry["last_at"].as_str().unwrap();
    // Beijing's day of the newest entry.
    let at: jiff::Timestamp = taken.parse().unwrap();
    let day = jiff::tz::Offset::constant(8).to_datetime(at).date();
    let size = client.get("/api/v1/checkpoints").json()["size"].as_u64().unwrap();
    let page = client.get(&format!("/explore/day/{day}?lang=en"));
    assert_eq!(page.text().matches("class=\"seq\"").count() as u64, size.min(50), "{}", page.text());
    shows(&page, &[&format!("/explore/day/{}", day.yesterday().unwrap())]);
    let none = client.get("/explore/day/1999-12-31?lang=en");
    assert_eq!(none.status, 200);
    shows(&none, &["No entries here"]);
    assert_eq!(client.get("/explore/day/1970-01-01").status, 200);
    assert_eq!(client.get("/explore/day/9999-12-31").status, 200);
    for bad in ["2026-02-30", "tomorrow", "2026-6-1"] {
        assert_eq!(client.get(&format!("/explore/day/{bad}")).status, 404, "{bad}");
    }
    let entries = client.get("/explore/entries?from=3");
    shows(&entries, &["/explore/entry/3\""]);
    assert_eq!(client.get("/explore/entries?from=99999").status, 200);
}

#[test]
fn every_page_is_guarded_named_in_both_languages_and_usable_by_keyboard() {
    let service = Service::new();
    ledger(&service);
    let client = &service.client;
    let phone = format!("/explore/subject/key:{}", key("phone").key_id());
    let pages = [
        "/explore",
        "/explore?q=nothing.here",
        "/explore?q=%25",
        "/explore/entry/0",
        "/explore/entries",
        "/explore/subject/org:qingshan",
        "/explore/subject/batch:shanqian.dk0613a",
        "/explore/subject/ledger:",
        "/explore/subject/batch:no.such",
        &phone,
        "/explore/checkpoints",
        "/explore/checkpoint/2",
        "/explore/consistency?from=2&to=4",
        "/explore/day/2026-06-13",
    ];
    for path in pages {
        for (lang, tag) in [("zh-CN", "lang=\"zh-CN\""), ("en", "lang=\"en\"")] {
            let sign = if path.contains('?') { '&' } else { '?' };
            let page = client.get(&format!("{path}{sign}lang={lang}"));
            let html = page.text();
            assert!([200, 400, 404].contains(&page.status), "{path}: {}", page.status);
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
            let policy = page.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
            assert!(html.contains(&format!("<html {tag}>")), "{path}");
            assert!(html.contains("href=\"#main\"") && html.contains("id=\"main\""), "{path}");
            assert!(html.contains("<label for=\"q\">") && html.matches("<h1>").count() == 1, "{path}");
            assert!(
                !html.contains("<script") && !html.contains("style=") && !html.contains("onclick"),
                "{path}"
            );
            assert!(!html.contains('{'.to_string().repeat(2).as_str()), "a blank was left open: {path}");
        }
        let etag = client.get(path).header("etag").map(str::to_owned);
        if let Some(etag) = etag {
            assert_eq!(client.get_with(path, ("if-none-match", &etag)).status, 304, "{path}");
        }
        assert_eq!(client.head(path).body.len(), 0, "{path}");
        assert_eq!(client.post(path, "text/plain", b"").status, 405, "{path}");
    }
    // The language stays while one searches.
    shows(&client.get("/explore?q=%25&lang=en"), &["?lang=zh-CN&#38;q=%25"]);
}

#[test]
fn what_people_write_is_text_here_too() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.register("evil", "<b onclick=alert(1)>坏</b>", "\"><script>", "farm");
    let client = &service.client;
    for path in ["/explore/subject/org:evil", "/explore", "/explore?q=%E5%9D%8F"] {
        let html = client.get(path).text();
        assert!(!html.contains("<b onclick") && !html.contains("<script"), "{path}\n{html}");
    }
    let _ = quantity("1", "kg");
}
