//! The auditor's explorer: one box for everything that can be looked up, and a page for each thing that there is.
//!
//! Every page is drawn from one snapshot, with bounded reads and no script. [`query`] tells what was typed, [`find`]
//! looks it up, [`desk`] puts what the ledger says into words; each `…view` is a page.

mod checkpoint_views;
mod desk;
mod entry_view;
mod find;
mod frame;
mod handlers;
mod list_views;
mod proof;
mod query;
mod rights;
mod subject_view;

use crate::http::endpoints::{Endpoint, read};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/explore", read().to(handlers::home)),
        Endpoint::get("/explore/checkpoint/{size}", read().to(handlers::checkpoint)),
        Endpoint::get("/explore/checkpoints", read().to(handlers::checkpoints)),
        Endpoint::get("/explore/consistency", read().to(handlers::consistency)),
        Endpoint::get("/explore/day/{date}", read().to(handlers::day)),
        Endpoint::get("/explore/entries", read().to(handlers::entries)),
        Endpoint::get("/explore/entry/{seq}", read().to(handlers::entry)),
        Endpoint::get("/explore/subject/{subject}", read().to(handlers::subject)),
    ]
}
