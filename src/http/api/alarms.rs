//! Alarms: figures of lots that stopped adding up, from the record on with which they did.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::http::AppState;
use crate::http::endpoints::{Endpoint, read};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::time::rfc3339;
use crate::http::view::View;
use crate::produce::Said;
use crate::produce::lots::Alarm;
use crate::produce::wording::Wording;
use crate::text::Lang;

const PAGE_LENGTH: usize = 50;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/api/v1/alarms", read().to(list))]
}

#[derive(Deserialize, IntoParams)]
pub(in crate::http) struct Cursor {
    /// `next` of the page before.
    cursor: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct AlarmList {
    pub alarms: Vec<AlarmBody>,
    /// Ask again with this as `cursor` for older ones.
    pub next: Option<usize>,
    /// Entries of the log that this answer is as of.
    pub size: u64,
}

/// Something that does not add up since a record, or by more since then.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlarmBody {
    /// The record with which it began.
    pub seq: u64,
    /// Leaf hash of that record.
    pub leaf: String,
    /// When the ledger took it.
    pub at: String,
    /// Name of the sort of alarm.
    pub sort: String,
    /// The lot, season or plot.
    pub about: String,
    /// Whether the lot is on hold until it is put right.
    pub holds: bool,
    /// What it says, in both languages.
    pub zh: String,
    pub en: String,
    /// The records behind its figures, by sequence number and leaf hash.
    #[schema(value_type = Vec<Object>)]
    pub records: Value,
}

impl AlarmBody {
    pub(in crate::http) fn of(view: &View, alarm: &Alarm) -> Result<AlarmBody, Problem> {
        let mut names = BTreeMap::new();
        for said in alarm.fact.says.values() {
            if let Said::Org(org) = said {
                names.extend(view.org(org)?.map(|fact| (org.as_str(), fact.name)));
            }
        }
        let names: BTreeMap<&str, &str> = names.iter().map(|(org, name)| (*org, name.as_str())).collect();
        let told = |lang: Lang| Wording { lang, names: names.clone() }.fact(&alarm.fact);
        let fact = serde_json::to_value(&alarm.fact).map_err(Problem::internal)?;
        Ok(AlarmBody {
            seq: alarm.seq,
            leaf: alarm.leaf.to_string(),
            at: rfc3339(alarm.at),
            sort: fact["sort"].as_str().unwrap_or_default().to_owned(),
            about: alarm.fact.about.clone(),
            holds: alarm.fact.sort.holds(),
            zh: told(Lang::Zh),
            en: told(Lang::En),
            records: fact["records"].clone(),
        })
    }
}

/// Every alarm so far, the newest first. What was corrected later stays listed.
#[utoipa::path(get, path = "/api/v1/alarms", tag = "batches", params(Cursor),
    responses((status = 200, body = AlarmList),
        (status = 503, description = "The log is still being read", body = ProblemBody)))]
pub(in crate::http) async fn list(
    state: web::Data<AppState>,
    query: web::Query<Cursor>,
) -> Result<HttpResponse, Problem> {
    let body = web::block(move || {
        let view = View::of(&state)?;
        let (alarms, next, size) = {
            let overview = state.overview(&view)?;
            let watch = overview.watch();
            let end = query.cursor.unwrap_or(usize::MAX).min(watch.alarms().len());
            let start = end.saturating_sub(PAGE_LENGTH);
            (watch.alarms()[start..end].to_vec(), (start > 0).then_some(start), watch.size())
        };
        let alarms = alarms.iter().rev().map(|alarm| AlarmBody::of(&view, alarm));
        Ok::<_, Problem>(AlarmList { alarms: alarms.collect::<Result<_, _>>()?, next, size })
    })
    .await??;
    Ok(HttpResponse::Ok().json(body))
}
