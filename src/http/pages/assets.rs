//! The scripts that `web/` is built into. Their names hold a hash of what is in them, so they never change.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use crate::http::IMMUTABLE;
use crate::http::problem::Problem;
use crate::text::Lang;

#[derive(Debug)]
pub(super) struct Asset {
    name: &'static str,
    body: &'static [u8],
    /// The same, compressed better than can be done while somebody waits.
    brotli: &'static [u8],
}

/// Empty where the program was built without `web/`.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/web_assets.rs"));

/// Addresses of the scripts.
#[derive(Debug)]
pub(super) struct Scripts {
    /// Small, on every provenance page: brings the verifier when it is asked for.
    pub(super) loader: String,
    zh: String,
    en: String,
}

impl Scripts {
    /// The verifier, with the words of that language.
    pub(super) fn verifier(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// None where the program was built without them.
pub(super) static SCRIPTS: LazyLock<Option<Scripts>> = LazyLock::new(|| {
    Some(Scripts { loader: address("loader-")?, zh: address("verify.zh-")?, en: address("verify.en-")? })
});

fn address(prefix: &str) -> Option<String> {
    let asset = ASSETS.iter().find(|asset| asset.name.starts_with(prefix))?;
    Some(format!("/assets/{}", asset.name))
}

/// `GET /assets/{name}`.
pub(super) async fn asset(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, Problem> {
    let asset = ASSETS.iter().find(|asset| asset.name == name.as_str());
    let asset = asset.ok_or_else(|| Problem::not_found(format!("there is no script {name}")))?;
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, IMMUTABLE))
        .insert_header((header::VARY, "Accept-Encoding"));
    if takes_brotli(&request) {
        return Ok(response.insert_header((header::CONTENT_ENCODING, "br")).body(asset.brotli));
    }
    Ok(response.body(asset.body))
}

fn takes_brotli(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.split(',').any(|coding| coding.trim() == "br"))
}
