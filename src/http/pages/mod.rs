//! Pages that people read. Nothing here yet.

use actix_web::web::ServiceConfig;

pub fn configure(_: &mut ServiceConfig) {}
