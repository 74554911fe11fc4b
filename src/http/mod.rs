//! Floor 5: the service on the net.
//!
//! Thin: it turns requests into questions to the floors below and their answers into HTTP. It decides nothing about
//! the ledger. Reads work on one snapshot each and never wait for the writer; whatever checks signatures or reads much
//! runs on blocking threads, not on the workers.

mod account;
mod anchored;
pub mod anchoring;
pub mod api;
mod body;
mod endpoints;
mod etag;
mod log;
mod logging;
mod meta;
pub mod metrics;
pub mod notes;
pub mod openapi;
mod outer;
pub mod pages;
pub mod problem;
mod rate;
mod serve;
mod state;
pub mod time;
pub mod view;
pub mod witness;

pub use logging::{LogFilterError, start as start_logging};
pub use serve::{Beside, ServeError, Serving, Stop, serve, serve_with, start};
pub use state::AppState;

use actix_web::web::ServiceConfig;

use endpoints::Endpoint;

/// For what never changes under its address.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// When to come back to a service that cannot write just now.
pub const RETRY_SECS: u64 = 5;

/// Every address of the service.
pub fn configure(config: &mut ServiceConfig) {
    endpoints::register(endpoints_for_programs(), config);
    pages::configure(config);
}

/// All but the pages.
fn endpoints_for_programs() -> Vec<Endpoint> {
    [api::endpoints(), log::endpoints(), meta::endpoints()].into_iter().flatten().collect()
}
