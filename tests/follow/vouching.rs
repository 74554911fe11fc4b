//! A mirror that is a replaying witness of the log that it copies.

use suyuan::verify::{Layer, Options, verify_bundle};

use crate::farm::{BATCH, Farm};
use crate::mirror::{has_come_to, mirror, size};
use crate::program::{Place, until};
use crate::proxy::{self, Proxy};
use crate::service::{self, Client, Service};

#[test]
fn what_a_mirror_has_replayed_is_said_to_be_so() {
    let place = Place::new();
    let made = place.run(&["witness", "--init", "--dir", "w", "--name", "mirror.example/w1"]).expect(0);
    let vkey = made.stdout.trim().to_owned();
    // The operator's policy names the witness before it listens anywhere.
    let gate = Proxy::new(proxy::away());
    let log = service::signer().verifier_keys()[0].to_string();
    let policy =
        format!("log {log}\nwitness m {vkey} {}\ngroup replaying any m\nquorum replaying\n", gate.url());
    let dir = tempfile::tempdir().unwrap();
    service::create(dir.path());
    std::fs::write(dir.path().join("policy"), &policy).unwrap();
    let service = Service::on(dir, |config| config.policy = Some("policy".into()));
    let client = &service.client;
    service.farm().season();
    assert_eq!(client.get("/log/checkpoint").status, 404, "nobody has cosigned yet");

    place.write("trust.json", &client.trust_text());
    let witness = ["--trust", "trust.json", "--witness", "w", "--witness-listen", "127.0.0.1:0"];
    let running = mirror(&place, &client.url(""), &witness);
    let witness: Client = Client::new(running.says("witness on http://").parse().unwrap());
    let copy = running.client();
    gate.pass_to(witness.address);

    let caught_up = |client: &Client| {
        until("the newest is replayed and cosigned", || {
            let (seen, newest) = (client.get("/log/checkpoint"), client.get("/log/latest"));
            (seen.status == 200 && seen.body == newest.body).then_some(())
        });
    };
    caught_up(client);
    Farm::known(client.clone(), 1_000).register("later", "后来的合作社", "A later co-op", "coop");
    caught_up(client);
    has_come_to(&copy, size(client));
    // The copy has the line as well, and its bundle says what the ledger's own does.
    caught_up(&copy);
    assert_eq!(copy.get("/log/checkpoint").text(), client.get("/log/checkpoint").text());
    let now =
        i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs());
    let options = Options { now: now.unwrap(), max_age: 3_600 };
    let id = BATCH.strip_prefix("batch:").unwrap();
    for side in [client, &copy] {
        let bundle = side.get(&format!("/api/v1/batches/{id}/bundle")).body;
        let report = verify_bundle(&bundle, &client.trust(), &options);
        assert!(report.verified(&[Layer::Witnesses]), "{}", report.to_json(&[]));
        let reason = report.status(Layer::Completeness).reason();
        assert!(reason.starts_with("replayed by 1 (mirror.example/w1)"), "{reason}");
    }
    assert_eq!(running.stop(), 0);
}
