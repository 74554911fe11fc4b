//! A ledger as `suyuan init` leaves it, with the test registrar's keys, and the program that serves it.

use std::path::PathBuf;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use suyuan::merkle::Hash;
use suyuan::store::data_dir::DataDir;

use crate::farm::Farm;
use crate::program::{Place, Running};
use crate::service::{self, Client};

/// The directory `led` of the place. `more`: lines of suyuan.toml.
pub(crate) fn made(place: &Place, more: &str) -> PathBuf {
    let dir = place.path("led");
    service::create(&dir);
    keys_and_settings(place, "led", more);
    dir
}

/// What no backup brings back.
pub(crate) fn keys_and_settings(place: &Place, name: &str, more: &str) {
    let layout = DataDir::new(place.path(name));
    std::fs::create_dir_all(layout.keys()).unwrap();
    let log_key = SigningKey::from_bytes(&Hash::of(b"test key log").0);
    std::fs::write(layout.log_key(), log_key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
    let settings = format!(
        "origin = \"{}\"\npublic_url = \"https://trace.test\"\nreads_per_second = 0\nwrites_per_second = 0\n\
         disk_stop = 0\n{more}",
        service::ORIGIN
    );
    std::fs::write(layout.config(), settings).unwrap();
}

pub(crate) fn serve(place: &Place, name: &str) -> Running {
    serve_with(place, name, &[])
}

pub(crate) fn serve_with(place: &Place, name: &str, more: &[&str]) -> Running {
    let args = ["serve", "--dir", name, "--listen", "127.0.0.1:0", "--confirm-clock", "--set", "workers=1"];
    place.start(&format!("{name}-service"), &[&args[..], more].concat())
}

/// Registers somebody: two entries more.
pub(crate) fn append(client: &Client, n: u64) {
    let name = format!("org{n}");
    Farm::known(client.clone(), 100_000 + n * 100).register(&name, &name, &name, "coop");
}

pub(crate) fn size(client: &Client) -> u64 {
    client.get("/api/v1/checkpoints").json()["size"].as_u64().unwrap()
}

/// Why it takes no statements.
#[track_caller]
pub(crate) fn is_read_only(client: &Client, why: &str) {
    let answer = client.get("/readyz");
    assert_eq!((answer.status, answer.problem().as_str()), (503, "read-only"));
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(why), "{detail}");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(
        client.get("/metrics").text().lines().find(|line| *line == "suyuan_writable 0"),
        Some("suyuan_writable 0")
    );
}
