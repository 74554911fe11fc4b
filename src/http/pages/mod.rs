//! Pages that people read, complete without a script: the provenance page of a batch and the front page.

mod batch_view;
mod layout;

use actix_web::web::ServiceConfig;

pub fn configure(_: &mut ServiceConfig) {}

#[cfg(test)]
mod tests;
