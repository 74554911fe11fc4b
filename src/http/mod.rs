//! Floor 5: the service on the net.
//!
//! Thin: it turns requests into questions to the floors below and their answers into HTTP. It decides nothing about
//! the ledger. Reads work on one snapshot each and never wait for the writer; whatever checks signatures or reads much
//! runs on blocking threads, not on the workers.

pub mod api;
pub mod pages;

use crate::config::Config;

/// What every handler shares, as `web::Data<AppState>`.
#[derive(Clone)]
pub struct AppState {
    pub config: Config,
    /// The text of `/trust.json`.
    pub trust: String,
    // `ledger: sequencer::LedgerHandle` joins when the sequencer is on main.
}
