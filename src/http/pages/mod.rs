//! Pages that people read, complete without a script: the provenance page of a batch and the front page.

#[allow(dead_code, reason = "its handler joins with the sequencer")]
mod batch_view;
#[allow(dead_code, reason = "its handler joins with the sequencer")]
mod layout;

use actix_web::web::ServiceConfig;

pub fn configure(_: &mut ServiceConfig) {}

#[cfg(test)]
mod tests;
