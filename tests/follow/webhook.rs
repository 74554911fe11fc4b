//! Alarms reach whoever asked for them, each once it is taken, in their order, whatever happens in between.

use std::sync::Arc;

use serde_json::Value;

use crate::farm::Farm;
use crate::monitor::{look, orchard, told};
use crate::program::until;
use crate::proxy::Proxy;

fn taken(hook: &Proxy) -> Vec<(u64, String)> {
    let bodies = hook.requests().into_iter().filter(|(line, _)| line.starts_with("POST /hook "));
    let alarm = |(_, body): (String, String)| {
        let alarm: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&alarm["v"], &alarm["severity"]), (&Value::from(1), &Value::from("alarm")), "{alarm}");
        (alarm["n"].as_u64().unwrap(), alarm["alarm"].as_str().unwrap().to_owned())
    };
    bodies.map(alarm).collect()
}

#[test]
fn alarms_are_posted_until_they_are_taken_over_a_restart() {
    let (service, place) = orchard();
    let url = service.client.url("");
    let hook = Proxy::new(Arc::new(|_| (200, Vec::new())));
    let address = format!("{}/hook", hook.url());
    let args = ["--org", "qingshan", "--webhook", &address];
    look(&place, &url, &args).expect(0);
    let mut farm = Farm::known(service.client.clone(), 1_000);
    farm.add_key("qingshan", "coop", "phone", &["harvest"]);
    let ran = look(&place, &url, &args).expect(1);
    assert_eq!((told(&ran).len(), &ran.json()["waiting"]), (1, &Value::from(0)));
    assert_eq!(taken(&hook), [(0, "org-key-added".to_owned())]);

    // It takes nothing now, and the monitor is killed with its alarms in hand.
    hook.turn_to(Arc::new(|_| (503, Vec::new())));
    let watch = ["monitor", &url, "--trust", "trust.json", "--dir", "mon", "--interval", "1s"];
    let running = place.start("monitor", &[&watch[..], &args].concat());
    farm.revoke("qingshan", "coop", "phone", None);
    farm.recover("qingshan", "coop", "rescue");
    until("the first is tried", || (taken(&hook).len() > 1).then_some(()));
    running.logs("org-recovery");
    running.kill();
    hook.turn_to(Arc::new(|_| (204, Vec::new())));
    let before = taken(&hook).len();
    let running = place.start("monitor", &[&watch[..], &args].concat());
    until("both are taken", || (taken(&hook).len() >= before + 2).then_some(()));
    let after = taken(&hook);
    let expected = [(1, "org-key-revoked".to_owned()), (2, "org-recovery".to_owned())];
    assert_eq!(after[before..], expected);
    // It was stopped with nothing standing: what was found before has been told.
    assert_eq!(running.stop(), 0);
}
