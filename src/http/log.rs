//! The log as C2SP tlog-tiles: checkpoint, tiles, entry bundles, keys. Any client, mirror or witness of that format
//! works on it; nothing else lives under `/log/`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::endpoints::{Endpoint, read};
use super::problem::{Problem, ProblemBody};
use super::view::View;
use super::{AppState, IMMUTABLE, etag, time};
use crate::merkle::tile::{EntryBundle, TILE_WIDTH, TilePath, encode_bundle, tile_bytes};
use crate::text;

/// As the format asks.
const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// A checkpoint may be this old in a cache: no older than the publisher's own pace.
const CHECKPOINT_CACHE: &str = "public, max-age=1";
const VKEY_CACHE: &str = "public, max-age=300";
/// A partial tile never changes, but a wider one soon takes its place: nobody should keep it for long.
const PARTIAL_CACHE: &str = "public, max-age=60";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/log/checkpoint", read().to(checkpoint)),
        Endpoint::get("/log/latest", read().to(latest)),
        Endpoint::get("/log/vkey", read().to(vkey)),
        Endpoint::get("/log/tile/entries/{index:.*}", read().to(entries)),
        Endpoint::get("/log/tile/{level}/{index:.*}", read().to(hashes)),
    ]
}

/// The newest checkpoint that meets the witness policy; the newest signed one where there is no policy.
#[utoipa::path(get, path = "/log/checkpoint", tag = "log", responses(
    (status = 200, description = "A signed note: C2SP tlog-checkpoint", content_type = "text/plain", body = String),
    (status = 404, description = "None has met the witness policy yet", body = ProblemBody)))]
pub(super) async fn checkpoint(
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    match view.witnessed() {
        Some(witnessed) => Ok(note(&request, witnessed.note.to_string())),
        None if !view.wants_witnesses() => Ok(note(&request, view.under.note)),
        None => {
            let why = "no checkpoint has met the witness policy yet; /log/latest is the newest signed";
            Err(Problem::new(text::Problem::NotProven, why))
        }
    }
}

/// The newest checkpoint signed, with whatever cosignatures it has.
#[utoipa::path(get, path = "/log/latest", tag = "log", responses(
    (status = 200, description = "A signed note: C2SP tlog-checkpoint", content_type = "text/plain", body = String)))]
pub(super) async fn latest(
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    Ok(note(&request, View::of(&state)?.under.note))
}

fn note(request: &HttpRequest, note: String) -> HttpResponse {
    etag::answer(request, TEXT, CHECKPOINT_CACHE, note.into_bytes())
}

/// The log's verification keys, one a line, in C2SP's form: the current one, and the one that still signs beside it.
#[utoipa::path(get, path = "/log/vkey", tag = "log", responses(
    (status = 200, description = "Verification keys", content_type = "text/plain", body = String)))]
pub(super) async fn vkey(state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let log = web::block(move || view.reader.log()).await??;
    let log = log.ok_or_else(|| Problem::internal("there is no ledger"))?;
    let keys: String = log.signing_vkeys(time::now_ms()).map(|key| format!("{key}\n")).collect();
    Ok(HttpResponse::Ok().content_type(TEXT).insert_header((header::CACHE_CONTROL, VKEY_CACHE)).body(keys))
}

/// A tile of hashes, 256 in a full one.
#[utoipa::path(get, path = "/log/tile/{level}/{index}", tag = "log",
    params(("level" = String, Path, description = "0 to 63"),
        ("index" = String, Path, description = "C2SP tlog-tiles: `x001/234`, with `.p/<width>` for a partial tile")),
    responses((status = 200, description = "32 bytes a hash", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 404, description = "The tree has no such tile, or not so wide", body = ProblemBody)))]
pub(super) async fn hashes(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (level, index) = path.into_inner();
    tile(&state, &request, format!("tile/{level}/{index}")).await
}

/// The entries under a tile of level 0, each behind its length.
#[utoipa::path(get, path = "/log/tile/entries/{index}", tag = "log",
    params(("index" = String, Path, description = "C2SP tlog-tiles: `x001/234`, with `.p/<width>` for a partial bundle")),
    responses((status = 200, description = "Entries, each behind its length", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 404, description = "The log has no such bundle, or not so wide", body = ProblemBody)))]
pub(super) async fn entries(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    tile(&state, &request, format!("tile/entries/{path}")).await
}

async fn tile(state: &AppState, request: &HttpRequest, path: String) -> Result<HttpResponse, Problem> {
    let none = || Problem::not_found("the log has no such tile");
    let tile: TilePath = path.parse().map_err(|_| none())?;
    let view = View::of(state)?;
    let width = match &tile {
        TilePath::Hashes(tile) => tile.width,
        TilePath::Entries(bundle) => bundle.width,
    };
    let cache = if width == TILE_WIDTH { IMMUTABLE } else { PARTIAL_CACHE };
    let bytes = web::block(move || match tile {
        TilePath::Hashes(tile) => Ok(tile_bytes(&view.reader, &tile, view.under.size)?),
        TilePath::Entries(bundle) => bundle_bytes(&view, &bundle),
    })
    .await??;
    Ok(etag::answer(request, BYTES, cache, bytes.ok_or_else(none)?))
}

fn bundle_bytes(view: &View, bundle: &EntryBundle) -> Result<Option<Vec<u8>>, Problem> {
    if !bundle.is_in(view.under.size) {
        return Ok(None);
    }
    let first = bundle.index * u64::from(TILE_WIDTH);
    let mut entries = Vec::with_capacity(usize::from(bundle.width));
    for seq in first..first + u64::from(bundle.width) {
        let bytes = view.reader.entry_bytes(seq)?;
        entries.push(bytes.ok_or_else(|| Problem::internal(format!("entry {seq} is missing")))?);
    }
    encode_bundle(entries).map(Some).map_err(Problem::internal)
}
