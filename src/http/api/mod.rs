//! The JSON interface, `/api/v1`.

use actix_web::web::ServiceConfig;

pub fn configure(_: &mut ServiceConfig) {}
