//! The witness on the net: `add-checkpoint` exactly as C2SP tlog-witness has it, what it has seen, and a page where
//! anyone has a bundle checked by somebody who is not its operator.

mod form;
mod handlers;
mod serve;

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use tokio::sync::Semaphore;

use super::endpoints::{Endpoint, read, register};
use super::outer::Guards;
use super::pages::witness_pages;
use crate::witness::Witness;

pub(in crate::http) use handlers::seen;
pub use serve::{Reload, WitnessServing, WitnessSettings, serve, start};

/// Bundles that are being read at a time: what they take in memory has an end.
const READING_MAX: usize = 16;

/// What every handler shares.
pub(in crate::http) struct WitnessState {
    pub(in crate::http) witness: Witness,
    pub(in crate::http) public_url: String,
    /// Seconds that the newest cosignature may be old for the layer `freshness`.
    pub(in crate::http) max_age_secs: i64,
    timeout: std::time::Duration,
    reading: Arc<Semaphore>,
    /// One bundle for each core.
    judging: Arc<Semaphore>,
    guards: Arc<Guards>,
}

fn configure(config: &mut ServiceConfig) {
    let endpoints = vec![
        Endpoint::get("/", read().to(witness_pages::about)),
        Endpoint::new("/add-checkpoint").and(Method::POST, web::post().to(handlers::add_checkpoint)),
        Endpoint::get("/healthz", read().to(handlers::healthz)),
        Endpoint::get("/vkey", read().to(handlers::vkey)),
        Endpoint::get("/verify", read().to(witness_pages::ask))
            .and(Method::POST, web::post().to(handlers::verify)),
        Endpoint::get("/witness.json", read().to(handlers::metadata)),
        Endpoint::get("/{origin_hash}/checkpoint", read().to(handlers::checkpoint)),
    ];
    register(endpoints, config);
}
