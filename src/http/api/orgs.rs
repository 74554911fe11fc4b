//! Who an organisation is, which keys it has, and the records that say so.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::endpoints::{Endpoint, read};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::time::{now_ms, rfc3339};
use crate::http::view::View;
use crate::http::{AppState, etag};
use crate::ledger::{Detail, KeyFact, OrgFact};
use crate::produce::HostFacts;
use crate::statement::subject::Subject;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/api/v1/orgs/{id}", read().to(org))]
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct OrgBody {
    pub id: String,
    pub name: String,
    pub roles: Vec<String>,
    /// `active`, `suspended` or `closed`.
    pub status: Value,
    pub keys: Vec<KeyBody>,
    /// What the ledger holds on it as a host: facts, never a score. Absent while the log is still being read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub as_host: Option<HostFacts>,
    /// Records about the organisation itself, oldest first.
    pub history: Vec<RecordLine>,
    /// Entries of the log that this answer is as of.
    pub size: u64,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct KeyBody {
    pub keyid: String,
    /// Hex.
    pub public_key: String,
    /// `admin`, or the kinds that it may sign.
    pub scope: Value,
    pub plots: Option<Vec<String>>,
    pub valid_until: Option<String>,
    /// Added by the registrar because the organisation had lost its keys.
    pub recovery: bool,
    /// Place in the log of the record that added it.
    pub added_seq: u64,
    pub revoked: Option<RevokedBody>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct RevokedBody {
    pub seq: u64,
    pub reason: String,
    /// From when it may have been in other hands.
    pub since: Option<String>,
}

/// One record in a list.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct RecordLine {
    pub seq: u64,
    pub leaf: String,
    pub kind: String,
    pub subject: String,
    /// When it happened, as the signer says.
    pub occurred_at: String,
    /// When the signer wrote it down, as the signer says.
    pub recorded_at: String,
    /// When the ledger took it.
    pub at: String,
    /// Organisations that signed.
    pub signers: Vec<String>,
}

impl RecordLine {
    /// The records of a subject's chain, oldest first, `most` at the most.
    pub(in crate::http) fn chain(
        view: &View,
        subject: &Subject,
        most: usize,
    ) -> Result<Vec<RecordLine>, Problem> {
        let seqs = view.reader.chain(subject, view.under.size)?;
        let mut lines = Vec::new();
        for seq in seqs.into_iter().take(most) {
            let Some(record) = view.record(seq)? else { continue };
            let statement = &record.statement;
            lines.push(RecordLine {
                seq,
                leaf: record.leaf().to_string(),
                kind: statement.kind.to_string(),
                subject: statement.subject.to_string(),
                occurred_at: statement.occurred_at.to_string(),
                recorded_at: statement.recorded_at.to_string(),
                at: rfc3339(record.at),
                signers: statement.signers.iter().map(|signer| signer.org.clone()).collect(),
            });
        }
        Ok(lines)
    }
}

/// Longer histories are read from the log.
const HISTORY_MAX: usize = 1_000;

/// An organisation, its roles, keys and history.
#[utoipa::path(get, path = "/api/v1/orgs/{id}", tag = "orgs",
    params(("id" = String, Path, description = "Without `org:`")),
    responses((status = 200, body = OrgBody), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn org(
    state: web::Data<AppState>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = View::of(&state)?;
    let body = web::block(move || body(&state, &view, &id)).await??;
    etag::json(&request, &body)
}

fn body(state: &AppState, view: &View, id: &str) -> Result<OrgBody, Problem> {
    let none = || Problem::not_found(format!("there is no organisation {id}"));
    let subject = Subject::of_org(&id.to_lowercase()).map_err(|_| none())?;
    let org: OrgFact = view.org(subject.id())?.ok_or_else(none)?;
    let mut keys = Vec::new();
    for keyid in view.reader.org_keys(subject.id())? {
        if let Some(Detail::Key(key)) = view.subject(&Subject::of_key(&keyid))?.map(|fact| fact.detail) {
            keys.push(key_body(keyid.to_string(), key)?);
        }
    }
    Ok(OrgBody {
        id: subject.id().to_owned(),
        name: org.name,
        roles: org.roles.iter().map(ToString::to_string).collect(),
        status: json(&org.status)?,
        keys,
        as_host: state
            .overview(view)
            .ok()
            .map(|overview| overview.watchlist().hosts.of(subject.id(), view.under.size, now_ms())),
        history: RecordLine::chain(view, &subject, HISTORY_MAX)?,
        size: view.under.size,
    })
}

fn key_body(keyid: String, key: KeyFact) -> Result<KeyBody, Problem> {
    Ok(KeyBody {
        keyid,
        public_key: key.public_key.to_string(),
        scope: json(&key.scope)?,
        plots: key.plots.map(|plots| plots.into_iter().collect()),
        valid_until: key.valid_until,
        recovery: key.recovery,
        added_seq: key.added_seq,
        revoked: key.revoked.map(|revoked| RevokedBody {
            seq: revoked.seq,
            reason: revoked.reason,
            since: revoked.since,
        }),
    })
}

fn json(value: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(Problem::internal)
}
