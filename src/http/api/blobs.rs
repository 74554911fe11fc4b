//! Attachments: up by whoever holds the file, down by whoever may see it.
//!
//! What is stored is decided by the statement that names the commitment and by its opening, not by the uploader: no
//! other file than the one committed to ever gets in. So nobody has to prove who they are here.

use std::io::Read;
use std::time::Duration;

use actix_web::http::{Method, StatusCode, header};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use crate::http::endpoints::{Endpoint, read};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::view::View;
use crate::http::{AppState, IMMUTABLE, RETRY_SECS, body};
use crate::merkle::Hash;
use crate::sequencer::UploadError;
use crate::statement::attachment::{Attachment, MediaType};
use crate::statement::context::Visibility;
use crate::store::blobs::BlobError;
use crate::text;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/api/v1/blobs/{commitment}", read().to(download))
            .and(Method::PUT, web::put().to(upload)),
    ]
}

/// Even a file of the greatest size comes at this rate within the hour.
const UPLOAD_SECS_MAX: u64 = 3_600;
/// What is read from disk at once.
const PIECE_BYTES: usize = 64 * 1024;

/// An attachment as an accepted statement names it.
pub struct Named {
    pub attachment: Attachment,
    pub visibility: Option<Visibility>,
}

/// Stores the file of an attachment. The same file again changes nothing.
#[utoipa::path(put, path = "/api/v1/blobs/{commitment}", tag = "blobs",
    params(("commitment" = String, Path, description = "As the statement names it")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, description = "Stored"), (status = 204, description = "Was stored already"),
        (status = 404, description = "No accepted statement names it", body = ProblemBody),
        (status = 413, description = "Longer than declared", body = ProblemBody),
        (status = 422, description = "Not the file committed to", body = ProblemBody),
        (status = 429, description = "Too many requests", body = ProblemBody),
        (status = 503, description = "Too little room on the disk", body = ProblemBody)))]
pub(in crate::http) async fn upload(
    state: web::Data<AppState>,
    request: HttpRequest,
    commitment: web::Path<String>,
    mut payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (named, commitment) = find(&state, &commitment).await?;
    let size = named.attachment.size;
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if declared.and_then(|length| length.parse().ok()).is_some_and(|length: u64| length > size) {
        return Err(not_stored(BlobError::OtherSize { declared: size, found: u64::MAX }));
    }
    let known = state.ledger.blobs().clone();
    if web::block(move || known.file(&commitment)).await?.map_err(not_stored)?.is_some() {
        return Ok(HttpResponse::NoContent().finish());
    }
    let writing = async {
        let timeout = Duration::from_secs(state.config.client_timeout_secs);
        let ledger = state.ledger.clone();
        let mut writer = web::block(move || ledger.upload(&commitment)).await?.map_err(not_begun)?;
        while let Some(piece) = body::next_piece(&mut payload, timeout).await? {
            writer = web::block(move || writer.write(&piece).map(|()| writer)).await?.map_err(not_stored)?;
        }
        web::block(move || writer.finish()).await?.map_err(not_stored)
    };
    let whole = tokio::time::timeout(Duration::from_secs(UPLOAD_SECS_MAX), writing).await;
    whole.map_err(|_| Problem::new(text::Problem::Timeout, "the upload took more than an hour"))??;
    Ok(HttpResponse::build(StatusCode::CREATED).finish())
}

fn not_begun(error: UploadError) -> Problem {
    use text::Problem as Word;
    match error {
        UploadError::Blob(error) => not_stored(error),
        UploadError::Erased => Problem::new(Word::Erased, "the attachment was erased and does not come back"),
        UploadError::ReadOnly(why) => Problem::new(Word::ReadOnly, why.to_string()).retry_after(RETRY_SECS),
        UploadError::NotNamed => Problem::new(Word::UnknownAttachment, error.to_string()),
        _ => Problem::internal(error),
    }
}

fn not_stored(error: BlobError) -> Problem {
    use text::Problem as Word;
    match &error {
        BlobError::OtherContent => Problem::new(Word::OtherContent, error.to_string()),
        BlobError::OtherSize { declared, found } if found > declared => {
            Problem::new(Word::TooLarge, format!("{declared} bytes were declared"))
        }
        BlobError::OtherSize { .. } => Problem::new(Word::OtherContent, error.to_string()),
        BlobError::TooLarge { .. } => Problem::new(Word::TooLarge, error.to_string()),
        _ => Problem::internal(error),
    }
}

/// The file of an attachment that everybody may see. Check it with the opening in the bundle.
#[utoipa::path(get, path = "/api/v1/blobs/{commitment}", tag = "blobs",
    params(("commitment" = String, Path, description = "As the statement names it")),
    responses((status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 404, description = "Unknown, not uploaded, erased or not for everybody", body = ProblemBody)))]
pub(in crate::http) async fn download(
    state: web::Data<AppState>,
    commitment: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (named, commitment) = find(&state, &commitment).await?;
    if named.visibility != Some(Visibility::Public) {
        return Err(Problem::not_found("this attachment is not for everybody"));
    }
    let blobs = state.ledger.blobs().clone();
    let file = web::block(move || blobs.file(&commitment)).await?.map_err(Problem::internal)?;
    let file =
        file.ok_or_else(|| Problem::new(text::Problem::Erased, "nothing is stored under this commitment"))?;
    let media_type = named.attachment.media_type;
    let disposition = if is_shown(media_type) { "inline" } else { "attachment" };
    Ok(HttpResponse::Ok()
        .content_type(media_type.as_str())
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        // Whatever the file says it is, no script in it runs as ours.
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"))
        .insert_header((header::CACHE_CONTROL, IMMUTABLE))
        .no_chunking(named.attachment.size)
        .streaming(pieces(file)))
}

fn is_shown(media_type: MediaType) -> bool {
    matches!(media_type, MediaType::Jpeg | MediaType::Png | MediaType::Webp)
}

fn pieces(file: std::fs::File) -> impl stream::Stream<Item = Result<Bytes, actix_web::Error>> {
    stream::try_unfold(file, |mut file| async move {
        let read = web::block(move || {
            let mut piece = vec![0; PIECE_BYTES];
            let read = file.read(&mut piece)?;
            piece.truncate(read);
            Ok::<_, std::io::Error>((piece, file))
        });
        let (piece, file) = read.await??;
        Ok((!piece.is_empty()).then(|| (Bytes::from(piece), file)))
    })
}

async fn find(state: &AppState, commitment: &str) -> Result<(Named, Hash), Problem> {
    let none =
        || Problem::new(text::Problem::UnknownAttachment, "no accepted statement names this attachment");
    let commitment: Hash = commitment.parse().map_err(|_| none())?;
    let view = View::of(state)?;
    let asked = state.clone();
    let named = web::block(move || asked.attachment(&view, &commitment)).await??;
    Ok((named.ok_or_else(none)?, commitment))
}
