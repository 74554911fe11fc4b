//! Disks that fill up and disks that fail, under the real service.

use std::process::{Command, Stdio};

use crate::farm::Farm;
use crate::ledger::{is_read_only, made, serve, serve_with, size};
use crate::program::{Place, until};
use crate::service::Client;

#[test]
fn below_the_line_of_free_space_it_reads_and_does_not_write() {
    let place = Place::new();
    made(&place, "");
    let running = serve(&place, "led");
    let client = running.client();
    let mut farm = Farm::new(client.clone());
    farm.grow();
    let before = size(&client);
    assert_eq!(running.stop(), 0);
    // More than any disk has.
    let running = serve_with(&place, "led", &["--set", "disk_stop=1000000GiB"]);
    let client = running.client();
    is_read_only(&client, "make room");
    running.logs("the ledger is read-only");
    let metrics = client.get("/metrics").text();
    let free = metrics.lines().find_map(|line| line.strip_prefix("suyuan_disk_free_bytes "));
    assert!(free.is_some_and(|free| free.parse::<u64>().unwrap() > 0), "{metrics}");
    let (envelope, openings) = spraying(&mut farm, 1);
    let answer = client.submit(&envelope, &openings);
    assert_eq!((answer.status, answer.problem().as_str()), (503, "read-only"));
    assert!(answer.header("retry-after").is_some());
    assert_eq!((size(&client), client.get("/log/latest").status), (before, 200));
    // A copy is how one makes room elsewhere.
    place.run(&["backup", "--dir", "led", "--out", "copy"]).expect(0);
    assert_eq!(running.stop(), 0);
    let running = serve(&place, "led");
    assert_eq!(running.client().submit(&envelope, &openings).status, 201);
}

/// A write that fails inside the engine: what was asked is answered, then the service ends with the exit code that asks to
/// be started again, and everything acknowledged is there.
#[test]
fn a_store_that_fails_ends_the_service_to_be_started_again() {
    let place = Place::new();
    let dir = made(&place, "");
    let mut command = Command::new("bash");
    // The signal that comes with the failed write would kill it; ignored, it gets the error.
    command.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\""]);
    command.arg(env!("CARGO_BIN_EXE_suyuan"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--confirm-clock", "--set", "workers=1", "--dir"]);
    let mut child = command.arg(&dir).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let client = Client::new(line.trim().rsplit("http://").next().unwrap().parse().unwrap());
    let mut farm = Farm::new(client.clone());
    farm.grow();
    let mut answered = Vec::new();
    let lost = loop {
        let n = answered.len();
        let (envelope, openings) = spraying(&mut farm, n);
        match client.try_submit(&envelope, &openings) {
            Some(answer) if answer.status == 201 => answered.push(answer.json()),
            Some(answer) => {
                assert_eq!(answer.status, 503, "{}", answer.text());
                break (envelope, openings);
            }
            None => break (envelope, openings),
        }
        assert!(n < 5_000, "the disk does not fill up");
    };
    let code = until("it ends", || child.try_wait().unwrap());
    assert_eq!(code.code(), Some(3));
    assert!(!answered.is_empty());

    let running = serve(&place, "led");
    let client = running.client();
    assert_eq!(client.get("/readyz").status, 200, "{}", running.log());
    for told in &answered {
        let record = client.get(&format!("/api/v1/records/{}", told["seq"]));
        assert_eq!(suyuan::merkle::tree::leaf_hash(&record.body).to_string(), told["leaf"]);
    }
    assert!(matches!(client.submit(&lost.0, &lost.1).status, 200 | 201));
    assert!(size(&client) > answered.len() as u64);
    assert_eq!(running.stop(), 0);
    place.run(&["fsck", "--dir", "led"]).expect(0);
}

fn spraying(
    farm: &mut Farm<Client>,
    n: usize,
) -> (suyuan::statement::envelope::Envelope, Vec<serde_json::Value>) {
    farm.signed(crate::farm::Says {
        kind: "input/1",
        subject: "crop:qingshan.p1-2026",
        signer: ("qingshan", "coop"),
        occurred_at: "2026-05-02",
        recorded_at: Some("2026-05-02T18:30:00+08:00"),
        data: serde_json::json!({
            "kind": "fertiliser", "product": {"name": format!("有机肥{n}"), "manufacturer": "示范肥料厂"}, "target": "追肥",
            "method": "broadcast", "dose": {"amount": crate::farm::quantity("20", "kg"), "per": "mu"},
            "area": crate::farm::quantity("12.5", "mu"), "start_date": "2026-05-02", "end_date": "2026-05-02",
            "operator": "王小山",
        }),
        ..crate::farm::Says::default()
    })
}

/// A real file system of 48 MiB that somebody else fills and empties again.
#[test]
fn a_disk_that_fills_up_is_noticed_before_it_is_full() {
    let place = Place::new();
    made(&place, "");
    std::fs::create_dir(place.path("disk")).unwrap();
    let script = "mount -t tmpfs -o size=48m none disk && cp -r led disk/led && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "bash", "-c", script, env!("CARGO_BIN_EXE_suyuan"), "serve"]);
    command.args(["--dir", "disk/led", "--listen", "127.0.0.1:0", "--confirm-clock", "--set", "workers=1"]);
    command.args(["--set", "disk_stop=24MiB"]).current_dir(place.path(""));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("install util-linux");
    let mut running = Ended(child);
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(running.0.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let address = line.trim().rsplit("http://").next().unwrap().parse();
    let address = address.unwrap_or_else(|_| {
        panic!("no service on a small disk; this test needs user namespaces (sysctl kernel.unprivileged_userns_clone)")
    });
    let client = Client::new(address);
    let mut farm = Farm::new(client.clone());
    farm.grow();
    let submit = |farm: &mut Farm<Client>, n| {
        let (envelope, openings) = spraying(farm, n);
        client.submit(&envelope, &openings)
    };
    assert_eq!(submit(&mut farm, 1).status, 201);
    // The disk as the service sees it.
    let filler = format!("/proc/{}/root{}", running.0.id(), place.path("disk/filler").display());
    std::fs::write(&filler, vec![0; 30 << 20]).unwrap();
    let before = size(&client);
    for n in 2..5 {
        let answer = submit(&mut farm, n);
        assert_eq!((answer.status, answer.problem().as_str()), (503, "read-only"));
        assert!(answer.json()["detail"].as_str().unwrap().contains("below 24 MiB"), "{}", answer.text());
    }
    is_read_only(&client, "make room");
    assert_eq!(size(&client), before);
    std::fs::remove_file(&filler).unwrap();
    // By itself, without anybody who submits.
    until("there is room again", || (client.get("/readyz").status == 200).then_some(()));
    assert_eq!(submit(&mut farm, 5).status, 201);
}

/// Ends what it holds.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
