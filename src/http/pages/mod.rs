//! Pages that people read, complete without a script: the provenance page of a batch, the front page and
//! the auditor's explorer. What runs in the browser, and only when asked for, is the verifier of `web/`.
//!
//! Handlers look up and answer, views hold what is shown, already in words, and templates put it in order.

mod anchor_rows;
mod assets;
mod batch_view;
mod explore;
mod handlers;
mod language;
mod layout;
mod other_views;
mod typed;
pub(super) mod witness_pages;
mod witness_rows;

use actix_web::web::ServiceConfig;

use super::endpoints::{Endpoint, read, register};

/// A QR holds its address in upper case, so `/B/` is `/b/`.
pub fn configure(config: &mut ServiceConfig) {
    let mut pages = vec![
        Endpoint::get("/", read().to(handlers::home)),
        Endpoint::get("/verify", read().to(handlers::verify)),
        Endpoint::get("/assets/{name}", read().to(assets::asset)),
        Endpoint::get("/{b:[bB]}/{batch}", read().to(handlers::batch)),
        Endpoint::get("/{b:[bB]}/{batch}/graph.svg", read().to(handlers::graph_svg)),
        Endpoint::get("/{b:[bB]}/{batch}/qr.png", read().to(handlers::qr_png)),
        Endpoint::get("/{b:[bB]}/{batch}/qr.svg", read().to(handlers::qr_svg)),
    ];
    pages.extend(explore::endpoints());
    register(pages, config);
}

#[cfg(test)]
mod tests;
