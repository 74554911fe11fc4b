//! A mirror shows what its ledger shows, and nothing that its ledger has not signed.

use serde_json::Value;
use suyuan::verify::{Options, verify_bundle};

use crate::farm::{self, BATCH, Farm};
use crate::forged::Forged;
use crate::program::{Place, Running, copy, until};
use crate::proxy::{self, Proxy};
use crate::service::{Client, Service};

/// A mirror of `url`, serving on a free port.
pub(crate) fn mirror(place: &Place, url: &str, more: &[&str]) -> Running {
    let args = ["mirror", url, "--dir", "m", "--listen", "127.0.0.1:0", "--interval", "1s"];
    let quiet = ["--set", "reads_per_second=0", "--set", "workers=1", "--public-url", "https://mirror.test"];
    place.start("mirror", &[&args[..], &quiet, more].concat())
}

pub(crate) fn size(client: &Client) -> u64 {
    client.get("/api/v1/checkpoints").json()["size"].as_u64().unwrap()
}

#[track_caller]
pub(crate) fn has_come_to(mirror: &Client, size_wanted: u64) {
    until("the mirror has followed", || (size(mirror) == size_wanted).then_some(()));
}

fn get(client: &Client, path: &str) -> Vec<u8> {
    let answer = client.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.body
}

fn batch() -> &'static str {
    BATCH.strip_prefix("batch:").unwrap()
}

#[test]
fn what_it_serves_is_what_its_ledger_serves() {
    let service = Service::new();
    service.farm().season();
    let (client, place) = (&service.client, Place::new());
    let url = client.url("");
    let refused = place.run(&["mirror", &url, "--dir", "m", "--once"]).expect(2);
    assert!(refused.stderr.contains("--trust is needed the first time"), "{}", refused.stderr);
    assert!(!place.path("m").exists());
    place.write("trust.json", &client.trust_text());
    let once =
        place.run(&["mirror", &url, "--dir", "m", "--trust", "trust.json", "--once", "--json"]).expect(0);
    let first = size(client);
    assert_eq!(once.json()["size"], first);

    // The trust file is kept, and more is followed while it serves.
    let running = mirror(&place, &url, &[]);
    let copy = running.client();
    Farm::known(client.clone(), 1_000).register("later", "后来的合作社", "A later co-op", "coop");
    has_come_to(&copy, size(client));
    let last = size(client) - 1;
    let same = [
        "/log/checkpoint".to_owned(),
        "/log/latest".to_owned(),
        "/log/vkey".to_owned(),
        format!("/log/tile/0/000.p/{}", last + 1),
        format!("/log/tile/entries/000.p/{}", last + 1),
        "/log/tile/0/000.p/7".to_owned(),
        "/trust.json".to_owned(),
        format!("/api/v1/records/{last}"),
        format!("/api/v1/records/{last}/proof"),
        "/api/v1/records/3/proof".to_owned(),
        "/api/v1/orgs/later".to_owned(),
        "/api/v1/batches".to_owned(),
        format!("/api/v1/checkpoints/{first}/consistency/{}", last + 1),
        format!("/api/v1/checkpoints/{first}"),
    ];
    for path in &same {
        let (ours, theirs) = (copy.get(path), client.get(path));
        assert_eq!((ours.status, ours.text()), (theirs.status, theirs.text()), "{path}");
    }
    let status = |client: &Client| {
        let mut told = client.get(&format!("/api/v1/batches/{}", batch())).json();
        told.as_object_mut().unwrap().remove("as_of");
        told["status"].clone()
    };
    assert_eq!(status(&copy), status(client));
    bundles_prove_the_same(&copy, client);
    pages_say_whose_copy_they_are(&copy, client);
    nothing_is_written_through_it(&copy, &url);

    // Any auditor may take it for the log.
    let from = copy.url("");
    place.run(&["audit", "--from", &from, "--trust", "trust.json", "--no-produce"]).expect(0);
    assert_eq!(running.stop(), 0);
    place.run(&["fsck", "--dir", "m"]).expect(0);
    let serve = place.run(&[
        "serve",
        "--dir",
        "m",
        "--set",
        "origin=suyuan.test/log",
        "--public-url",
        "https://m.test",
    ]);
    assert_eq!(serve.code, 2);
    assert!(serve.stderr.contains("suyuan mirror"), "{}", serve.stderr);
}

/// But for what is sealed: that is not copied.
fn bundles_prove_the_same(copy: &Client, client: &Client) {
    let path = format!("/api/v1/batches/{}/bundle", batch());
    let (ours, theirs) = (get(copy, &path), get(client, &path));
    let options = Options { now: 1_790_000_000, max_age: 3_600 };
    for bundle in [&ours, &theirs] {
        let report = verify_bundle(bundle, &client.trust(), &options);
        assert!(report.verified(&[]), "{}", report.to_json(&[]));
    }
    let strip = |bundle: &[u8]| {
        let mut bundle: Value = serde_json::from_slice(bundle).unwrap();
        let bundle = bundle["bundle"].as_object_mut().unwrap();
        let openings = bundle.remove("openings");
        bundle.remove("generated_at").unwrap();
        (Value::Object(bundle.clone()), openings)
    };
    let ((ours, our_openings), (theirs, their_openings)) = (strip(&ours), strip(&theirs));
    assert_eq!(ours, theirs);
    let count =
        |openings: &Option<Value>| openings.as_ref().and_then(|o| o.as_array().map(Vec::len)).unwrap_or(0);
    assert!(count(&their_openings) > 0 && count(&our_openings) == 0, "{our_openings:?}");
}

fn pages_say_whose_copy_they_are(copy: &Client, client: &Client) {
    for path in
        [format!("/b/{}", batch()), "/".to_owned(), "/explore".to_owned(), "/explore/entry/5".to_owned()]
    {
        let page = |client: &Client, lang: &str| {
            String::from_utf8(get(client, &format!("{path}?lang={lang}"))).unwrap()
        };
        let (zh, en) = (page(copy, "zh"), page(copy, "en"));
        let n = size(copy);
        assert!(
            zh.contains(&format!("原站 {}", client.url(""))) && zh.contains(&format!("{n} 条记录")),
            "{path}: {zh}"
        );
        assert!(en.contains("This is a copy, kept by mirror.test, of the ledger suyuan.test/log"), "{path}");
        assert!(!page(client, "en").contains("This is a copy"), "{path}");
    }
    // The story is the same: every fact of the source's page that is not sealed stands on the copy's.
    let page = |client: &Client| String::from_utf8(get(client, &format!("/b/{}?lang=en", batch()))).unwrap();
    let seqs = |page: &str| page.matches("data-seq=").count();
    assert_eq!(seqs(&page(copy)), seqs(&page(client)));
    let ready = copy.get("/readyz").json();
    assert_eq!(
        (&ready["ready"], ready["mirror_of"].as_str()),
        (&Value::Bool(true), Some(client.url("").as_str()))
    );
    assert!(copy.get("/metrics").text().contains("suyuan_follows 1"));
}

fn nothing_is_written_through_it(copy: &Client, url: &str) {
    let mut farm = Farm::known(copy.clone(), 5_000);
    let (envelope, openings) = farm.signed(farm::Says {
        kind: "harvest/1",
        subject: "batch:qingshan.m1",
        touches: &["crop:qingshan.p1-2026"],
        signer: ("qingshan", "coop"),
        occurred_at: "2026-06-13T05:30:00+08:00",
        recorded_at: Some("2026-06-13T08:10:00+08:00"),
        data: serde_json::json!({
            "from": ["crop:qingshan.p1-2026"], "quantity": farm::quantity("1", "jin"), "crop": "杨梅", "variety": "东魁",
        }),
        ..farm::Says::default()
    });
    let before = size(copy);
    let answer = copy.submit(&envelope, &openings);
    assert_eq!((answer.status, answer.problem().as_str()), (421, "mirror"));
    assert_eq!(answer.json()["source"], url);
    assert_eq!(answer.json()["class"], "retry", "a phone keeps it and sends it elsewhere");
    assert_eq!(size(copy), before);
}

/// A mirror behind a proxy, caught up with `service`.
struct Watched {
    place: Place,
    proxy: Proxy,
    running: Running,
    copy: Client,
    before: u64,
}

fn watched(service: &Service) -> Watched {
    let place = Place::new();
    place.write("trust.json", &service.client.trust_text());
    let proxy = Proxy::new(proxy::of(service.client.address));
    let running = mirror(&place, &proxy.url(), &["--trust", "trust.json"]);
    let copy = running.client();
    let before = size(&copy);
    assert_eq!(before, size(&service.client));
    Watched { place, proxy, running, copy, before }
}

impl Watched {
    /// That it stands still, says so everywhere, and shows the last good state; the evidence's path.
    #[track_caller]
    fn stands_still(&self, kind: &str) -> String {
        let told = self.running.logs("the copy stands still");
        assert!(told.contains(kind), "{told}");
        until("/readyz says so", || (self.copy.get("/readyz").status == 503).then_some(()));
        assert!(self.copy.get("/metrics").text().contains("suyuan_follows 0"));
        assert!(self.copy.get("/").text().contains("副本已停止更新"));
        assert_eq!(size(&self.copy), self.before);
        let page = self.copy.get(&format!("/b/{}", batch()));
        assert_eq!(page.status, 200);
        let evidence = self.place.files("m/evidence");
        let of_kind = evidence.iter().find(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(kind) && !name.ends_with("held.checkpoint")
        });
        of_kind.unwrap_or_else(|| panic!("no {kind} in {evidence:?}")).display().to_string()
    }
}

#[test]
fn an_altered_entry_is_not_taken_and_the_true_one_is() {
    let service = Service::new();
    service.farm().season();
    let watched = watched(&service);
    // One byte of the newest record, as a thief on the line would change it.
    let client = service.client.clone();
    Farm::known(client.clone(), 1_000).register("later", "后来的合作社", "A later co-op", "coop");
    watched.proxy.turn_to(proxy::changed(proxy::of(client.address), |path, mut body| {
        if path.contains("/tile/entries/") {
            let at = body.windows(11).rposition(|window| window == b"\"payload\":\"").unwrap() + 300;
            body[at] ^= 1;
        }
        body
    }));
    watched.stands_still("entries-differ");
    // Not the log's doing: once the line is clean it goes on.
    watched.proxy.turn_to(proxy::of(client.address));
    has_come_to(&watched.copy, size(&client));
    until("ready again", || (watched.copy.get("/readyz").status == 200).then_some(()));
    assert_eq!(watched.running.stop(), 0);
}

#[test]
fn a_rewritten_history_is_not_followed_and_is_kept_as_evidence() {
    let service = Service::new();
    service.farm().season();
    let dir = service.stop();
    let other = tempfile::tempdir().unwrap();
    copy(dir.path(), other.path());
    let (first, second) = (Service::on(dir, |_| {}), Service::on(other, |_| {}));
    Farm::known(first.client.clone(), 1_000).register("later", "后来的合作社", "A later co-op", "coop");
    let mut farm = Farm::known(second.client.clone(), 2_000);
    farm.register("other", "另一家合作社", "Another co-op", "coop");
    let watched = watched(&first);
    farm.register("third", "第三家合作社", "A third co-op", "coop");
    watched.proxy.turn_to(proxy::of(second.client.address));
    let evidence = watched.stands_still("split-view");
    let ran = watched.place.run(&["verify", &evidence, "--trust", "trust.json"]).expect(0);
    assert!(ran.stdout.contains("has signed two histories"), "{}", ran.stdout);

    // For good: that the log shows its first face again makes nothing undone.
    watched.proxy.turn_to(proxy::of(first.client.address));
    assert_eq!(watched.running.stop(), 1);
}

#[test]
fn a_signed_map_that_leaves_something_out_is_not_followed() {
    let service = Service::new();
    service.farm().season();
    let watched = watched(&service);
    Farm::known(service.client.clone(), 1_000).register("later", "后来的合作社", "A later co-op", "coop");
    watched.proxy.turn_to(Forged::of(&service.client).leaving_out_the_last().answers());
    let evidence = watched.stands_still("wrong-map");
    // The log has signed that very entry: anybody can see it.
    let ran = watched.place.run(&["verify", &evidence, "--trust", "trust.json"]).expect(0);
    assert!(ran.stdout.contains("entry"), "{}", ran.stdout);
    assert_eq!(watched.running.stop(), 1);
}

#[test]
fn a_record_that_the_rules_refuse_and_a_foreign_key_are_not_followed() {
    let service = Service::new();
    service.farm().season();
    let watched = watched(&service);
    Farm::known(service.client.clone(), 1_000).register("later", "后来的合作社", "A later co-op", "coop");
    watched.proxy.turn_to(Forged::of(&service.client).signed_by("thief").answers());
    watched.stands_still("bad-signature");
    watched.proxy.turn_to(Forged::of(&service.client).with_a_bad_signature().answers());
    watched.running.logs("refused-record");
    assert_eq!(size(&watched.copy), watched.before);
    assert_eq!(watched.running.stop(), 1);
}

#[test]
fn a_first_copy_of_a_log_that_lies_is_not_made() {
    let service = Service::new();
    service.farm().season();
    let forged = Forged::of(&service.client);
    for (forged, kind) in [
        (forged.clone().leaving_out_the_last(), "wrong-map"),
        (forged.clone().with_a_bad_signature(), "refused-record"),
        (forged.clone().without_the_last(), "no-map-record"),
        (forged.clone().signed_by("thief"), "bad-signature"),
    ] {
        let (place, proxy) = (Place::new(), Proxy::new(forged.answers()));
        place.write("trust.json", &service.client.trust_text());
        let url = proxy.url();
        let ran =
            place.run(&["mirror", &url, "--dir", "m", "--trust", "trust.json", "--once", "--json"]).expect(1);
        assert_eq!(ran.json()["kind"], kind, "{}", ran.stdout);
        assert!(
            std::path::Path::new(ran.json()["evidence"].as_str().unwrap()).is_absolute()
                || !place.files("m/evidence").is_empty()
        );
        // And the honest log can be copied into the same directory afterwards.
        proxy.turn_to(proxy::of(service.client.address));
        place.run(&["mirror", &url, "--dir", "m", "--once"]).expect(0);
    }
    let other = Service::new();
    other.farm().season();
    let (place, proxy) = (Place::new(), Proxy::new(Forged::of(&other.client).answers()));
    place.write("trust.json", &service.client.trust_text());
    let url = proxy.url();
    let ran = place.run(&["mirror", &url, "--dir", "m", "--trust", "trust.json", "--once", "--json"]);
    // The tests' genesis is always the same, but for its time: another ledger's has another hash.
    if service.client.trust().genesis != other.client.trust().genesis {
        assert_eq!(ran.expect(1).json()["kind"], "other-ledger");
    }
}
