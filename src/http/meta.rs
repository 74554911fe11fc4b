//! What the service says of itself: the trust file, the schemas of statements, its own description, its health.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::AppState;
use super::endpoints::{Endpoint, read};
use super::metrics::Gauges;
use super::openapi::Description;
use super::problem::{self, Problem, ProblemBody};
use crate::statement::schema::{rule_table_json, schema_json, schema_names};

/// These change with a release or a new log key: soon enough seen.
const CACHE: &str = "public, max-age=300";
const JSON: &str = "application/json";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/trust.json", read().to(trust)),
        Endpoint::get("/schemas", read().to(schemas)),
        Endpoint::get("/schemas/{name}.json", read().to(schema)),
        Endpoint::get("/schemas/rules/{table}.json", read().to(rule_table)),
        Endpoint::get("/problems", read().to(problem::list)),
        Endpoint::get("/problems/{code}", read().to(problem::one)),
        Endpoint::get("/api/openapi.json", read().to(openapi)),
        Endpoint::get("/healthz", read().to(healthz)),
        Endpoint::get("/readyz", read().to(readyz)),
        Endpoint::get("/metrics", read().to(metrics)),
    ]
}

/// Origin, log keys and genesis hash: what a verifier must know from somewhere it trusts.
///
/// Served for convenience; whoever checks this very service takes the file from elsewhere.
#[utoipa::path(get, path = "/trust.json", tag = "log", responses((status = 200, description = "Trust file", body = Object)))]
pub(super) async fn trust(state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let reader = state.ledger.snapshot();
    let log = web::block(move || reader.log()).await??;
    let log = log.ok_or_else(|| Problem::internal("there is no ledger"))?;
    Ok(text(JSON, state.trust(&log)))
}

/// The names of the schemas.
#[utoipa::path(get, path = "/schemas", tag = "schemas", responses((status = 200, body = Vec<String>)))]
pub(super) async fn schemas() -> HttpResponse {
    let names: Vec<&str> = schema_names().collect();
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, CACHE)).json(names)
}

/// The JSON Schema of a kind of statement.
#[utoipa::path(get, path = "/schemas/{name}.json", tag = "schemas",
    params(("name" = String, Path, description = "Kind and version: `harvest-1`")),
    responses((status = 200, description = "JSON Schema", body = Object), (status = 404, body = ProblemBody)))]
pub(super) async fn schema(name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let schema = schema_json(&name).ok_or_else(|| Problem::not_found(format!("no schema {name}")))?;
    Ok(text("application/schema+json", schema.to_owned()))
}

/// A table of produce rules that the program brings along. It counts in a ledger only once it was set there.
#[utoipa::path(get, path = "/schemas/rules/{table}.json", tag = "schemas",
    params(("table" = String, Path, description = "`intervals`")),
    responses((status = 200, description = "The data of a `rules.set`", body = Object), (status = 404, body = ProblemBody)))]
pub(super) async fn rule_table(table: web::Path<String>) -> Result<HttpResponse, Problem> {
    let known = rule_table_json(&table);
    let known = known.ok_or_else(|| Problem::not_found(format!("no table of rules {table}")))?;
    Ok(text(JSON, known.to_owned()))
}

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "service", responses((status = 200, description = "OpenAPI", body = Object)))]
pub(super) async fn openapi() -> Result<HttpResponse, Problem> {
    Ok(text(JSON, Description::openapi().to_json().map_err(Problem::internal)?))
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "ok", content_type = "text/plain", body = String)))]
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    pub ready: bool,
    /// Entries of the newest checkpoint.
    pub size: u64,
    /// Of a copy: the service of the ledger that it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_of: Option<String>,
}

/// The ledger takes statements; a mirror follows its ledger.
#[utoipa::path(get, path = "/readyz", tag = "service", responses((status = 200, body = Readiness),
    (status = 503, description = "Read-only, or a mirror that stands still, with the reason; reads go on", body = ProblemBody)))]
pub(super) async fn readyz(state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let mirror_of = state.mirror_of();
    if let (Some(reason), None | Some((_, Some(_)))) = (state.read_only(), &mirror_of) {
        return Err(Problem::new(crate::text::Problem::ReadOnly, reason).retry_after(super::RETRY_SECS));
    }
    Ok(HttpResponse::Ok().json(Readiness {
        ready: true,
        size: state.ledger.published().size,
        mirror_of: mirror_of.map(|(of, _)| of),
    }))
}

/// Counts in the text form of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "service", responses((status = 200, description = "Prometheus text format", content_type = "text/plain", body = String)))]
pub(super) async fn metrics(state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let gauges = Gauges {
        log_size: state.ledger.published().size,
        queue_length: state.ledger.waiting() as u64,
        writable: state.read_only().is_none(),
        disk_free: state.ledger.disk_free(),
        follows: state.mirror_of().map(|(_, why)| why.is_none()),
        witnessed_size: state.witnessed_size(),
        witnesses: state.cosigned_sizes(),
        anchored: state.anchors.finished(),
    };
    let text = state.guards.metrics.text(&gauges);
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

fn text(content_type: &'static str, body: String) -> HttpResponse {
    HttpResponse::Ok().content_type(content_type).insert_header((header::CACHE_CONTROL, CACHE)).body(body)
}
