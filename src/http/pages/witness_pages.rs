//! The pages of a witness: who it is and what it has seen, and where anyone has a bundle checked.

use std::collections::BTreeMap;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::Value;

use super::handlers::html;
use super::language;
use super::layout::{Layout, Strip};
use crate::http::problem::Problem;
use crate::http::time;
use crate::http::witness::{WitnessState, seen};
use crate::ledger::Entry;
use crate::produce::wording::Wording;
use crate::produce::{Ask, Story};
use crate::statement::kinds::Kind;
use crate::text::{
    self, Check, Condition, Lang, LayerAsks, Outcome, Page, WitnessPage, Words, fill, labels, t,
};
use crate::verify::bundle::Bundle;
use crate::verify::omission::Shown;
use crate::verify::{Report, Status};
use crate::witness::{Look, OwnView, Seen};

/// Records that a verdict's page lists.
const RECORDS_SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "witness/about.html")]
struct AboutView {
    layout: Layout,
    vkey: String,
    logs: Vec<LogView>,
}

struct LogView {
    origin: String,
    last: String,
    can_judge: bool,
}

#[derive(Template)]
#[template(path = "witness/ask.html")]
struct AskView {
    layout: Layout,
}

#[derive(Template)]
#[template(path = "witness/judged.html")]
struct JudgedView {
    layout: Layout,
    strip: Strip,
    genesis: String,
    layers: Vec<LayerView>,
    own: String,
    /// Two signed checkpoints that show two histories.
    evidence: Vec<String>,
    records: Vec<RecordView>,
    more: Option<String>,
    is_absent: bool,
}

struct LayerView {
    name: &'static str,
    asks: &'static str,
    outcome: &'static str,
    class: &'static str,
    reason: String,
}

struct RecordView {
    kind: String,
    when: String,
    who: String,
}

impl AboutView {
    fn say(&self, word: WitnessPage) -> &'static str {
        t(self.layout.lang, word)
    }
}

impl AskView {
    fn say(&self, word: WitnessPage) -> &'static str {
        t(self.layout.lang, word)
    }
}

impl JudgedView {
    fn say(&self, word: WitnessPage) -> &'static str {
        t(self.layout.lang, word)
    }
}

/// `GET /`.
pub(in crate::http) async fn about(
    state: web::Data<WitnessState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let shared = state.clone();
    let seen = web::block(move || seen(&shared)).await??;
    let layout = layout(&state, &request, "/");
    let logs = state.witness.logs();
    let log = |origin: &crate::note::vkey::KeyName| LogView {
        origin: origin.to_string(),
        last: last_of(&seen, origin.as_str(), layout.lang),
        can_judge: logs.trust(origin.as_str()).is_some(),
    };
    let logs: Vec<LogView> = logs.origins().map(log).collect();
    let vkey = state.witness.vkey().to_string();
    Ok(html(&request, StatusCode::OK, &AboutView { layout, vkey, logs }))
}

fn last_of(seen: &[Seen], origin: &str, lang: Lang) -> String {
    match seen.iter().find(|seen| seen.checkpoint.origin.as_str() == origin) {
        None => t(lang, WitnessPage::NothingYet).to_owned(),
        Some(Seen { checkpoint, time, .. }) => {
            let (n, at) = (checkpoint.size.to_string(), moment(lang, *time));
            fill(t(lang, WitnessPage::LastSeen), &[("n", &n), ("at", &at)])
        }
    }
}

/// `GET /verify`: the form.
pub(in crate::http) async fn ask(state: web::Data<WitnessState>, request: HttpRequest) -> HttpResponse {
    html(&request, StatusCode::OK, &AskView { layout: layout(&state, &request, "/verify") })
}

/// Browsers ask for HTML by name; programs do not.
pub(in crate::http) fn wants_page(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// What the records of a verified bundle come to: evidence that is right may well show goods that are not.
pub(in crate::http) fn condition(look: &Look) -> Option<Condition> {
    let Look::Judged { bundle, report, .. } = look else { return None };
    if !report.verified(&[]) {
        return None;
    }
    let records: BTreeMap<u64, Entry> =
        bundle.records.iter().map(|entry| (entry.seq(), entry.clone())).collect();
    let openings = bundle.openings.iter().map(|opened| (opened.leaf, opened.openings.clone())).collect();
    let story = Story::tell(&Ask {
        subject: &bundle.subject,
        records: &records,
        openings: &openings,
        size: bundle.size,
        at: bundle.records.last().map_or(0, Entry::at),
        as_of: time::now_ms(),
        wide: None,
    });
    story.map(|story| story.condition)
}

/// The verdict on a bundle as a page.
pub(in crate::http) fn judged(
    state: &WitnessState,
    request: &HttpRequest,
    look: &Look,
    condition: Option<Condition>,
) -> HttpResponse {
    let layout = layout(state, request, "/verify");
    let lang = layout.lang;
    let alone = |strip: Strip, own: String| JudgedView {
        layout: titled(layout.clone(), &strip),
        strip,
        genesis: String::new(),
        layers: Vec::new(),
        own,
        evidence: Vec::new(),
        records: Vec::new(),
        more: None,
        is_absent: false,
    };
    let view = match look {
        Look::NotABundle(why) => {
            let strip = strip("hold", t(lang, WitnessPage::NotABundle), vec![why.clone()]);
            alone(strip, String::new())
        }
        Look::UnknownLedger(origin) => {
            let say = fill(t(lang, WitnessPage::UnknownLedgerSay), &[("origin", origin)]);
            alone(strip("unknown", t(lang, WitnessPage::UnknownLedger), vec![say]), String::new())
        }
        Look::Omission { origin, shown } => alone(omission(lang, origin, shown), String::new()),
        Look::Judged { bundle, report, own } => {
            let view = alone(verdict(lang, bundle, report, own, condition), own_view(lang, own));
            let logs = state.witness.logs();
            let genesis = logs.trust(&bundle.origin).map(|trust| trust.genesis.to_string());
            let (records, more) = records(lang, report, bundle);
            JudgedView {
                genesis: genesis.unwrap_or_default(),
                layers: layers(lang, report),
                evidence: match own {
                    OwnView::Forked { ours, theirs } => vec![ours.clone(), theirs.clone()],
                    _ => Vec::new(),
                },
                is_absent: report.facts["exists"] == Value::Bool(false),
                records,
                more,
                ..view
            }
        }
    };
    html(request, StatusCode::OK, &view)
}

/// Evidence that holds is a grave thing to say of an operator; evidence that does not says nothing of anybody.
fn omission(lang: Lang, origin: &str, shown: &Result<Shown, String>) -> Strip {
    let of = fill(t(lang, Check::OmissionOf), &[("origin", origin)]);
    let shown = match shown {
        Ok(shown) => shown,
        Err(_) => return strip("unknown", t(lang, Check::OmissionNotShown), vec![of]),
    };
    let told = |word: Check, seq: u64, subject: &str, n: u64| {
        let (seq, n) = (seq.to_string(), (n + 1).to_string());
        fill(t(lang, word), &[("seq", &seq), ("subject", subject), ("n", &n)])
    };
    let say = match shown {
        Shown::Entry { seq, .. } => told(Check::OmissionEntry, *seq, "", 0),
        Shown::Map { seq, subject, n } => told(Check::OmissionMap, *seq, subject.as_str(), *n),
        Shown::Split(histories) => told(Check::OmissionSplit, histories.size, "", 0),
        Shown::Twice { subject, n } => told(Check::OmissionTwice, 0, subject.as_str(), *n),
    };
    strip("hold", t(lang, Check::OmissionShown), vec![of, say])
}

/// Two histories outweigh whatever the layers say: each alone is consistent.
fn verdict(
    lang: Lang,
    bundle: &Bundle,
    report: &Report,
    own: &OwnView,
    condition: Option<Condition>,
) -> Strip {
    let is_forked = matches!(own, OwnView::Forked { .. });
    let is_good = report.verified(&[]) && !is_forked;
    let n = bundle.size.to_string();
    let blanks = [("subject", bundle.subject.as_str()), ("origin", &bundle.origin), ("n", &n)];
    let mut says = vec![fill(t(lang, WitnessPage::AboutBatch), &blanks)];
    if is_forked {
        says.push(t(lang, WitnessPage::OwnForked).to_owned());
    }
    let blank = condition.map(|condition| t(lang, condition));
    says.extend(blank.map(|word| fill(t(lang, WitnessPage::Condition), &[("condition", word)])));
    // Green is for goods and evidence together.
    let class = match condition {
        Some(Condition::Normal) => "normal",
        Some(Condition::Corrected) => "corrected",
        Some(Condition::Incomplete) => "incomplete",
        Some(Condition::SignerRevoked) => "revoked",
        Some(Condition::Hold | Condition::Withdrawn) => "hold",
        None => "unknown",
    };
    match is_good {
        true => strip(class, t(lang, WitnessPage::Verified), says),
        false => strip("hold", t(lang, WitnessPage::NotVerified), says),
    }
}

fn layers(lang: Lang, report: &Report) -> Vec<LayerView> {
    // The tables of words list the layers in the order of the verdict; a test holds them to it.
    let words = text::Layer::ALL.iter().zip(LayerAsks::ALL);
    let layer = |((_, status), (name, asks)): ((_, &Status), (&text::Layer, &LayerAsks))| {
        let (outcome, class) = match status {
            Status::Ok(_) => (Outcome::Ok, "good"),
            Status::Failed(_) => (Outcome::Failed, "bad"),
            Status::NotChecked(_) => (Outcome::NotChecked, "warn"),
        };
        LayerView {
            name: t(lang, *name),
            asks: t(lang, *asks),
            outcome: t(lang, outcome),
            class,
            reason: status.reason().to_owned(),
        }
    };
    report.layers().zip(words).map(layer).collect()
}

fn own_view(lang: Lang, own: &OwnView) -> String {
    let seen = |word: WitnessPage, size: &u64, time: &u64| {
        fill(t(lang, word), &[("n", &size.to_string()), ("at", &moment(lang, *time))])
    };
    match own {
        OwnView::Same { size, time } => seen(WitnessPage::OwnSame, size, time),
        OwnView::Older { size, time } => seen(WitnessPage::OwnOlder, size, time),
        OwnView::Newer { size, time } => seen(WitnessPage::OwnNewer, size, time),
        OwnView::Forked { .. } => t(lang, WitnessPage::OwnForked).to_owned(),
        OwnView::None => t(lang, WitnessPage::OwnNone).to_owned(),
    }
}

/// The records about the subject itself, from what the verifier says is proven; none where nothing is.
fn records(lang: Lang, report: &Report, bundle: &Bundle) -> (Vec<RecordView>, Option<String>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = report.facts["records"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_own = |record: &&Value| {
        let statement = &record["statement"];
        let touches = statement["touches"].as_array().into_iter().flatten();
        std::iter::once(&statement["subject"])
            .chain(touches)
            .any(|touched| touched == bundle.subject.as_str())
    };
    let own: Vec<&Value> = all.iter().filter(is_own).collect();
    let record = |record: &&Value| {
        let statement = &record["statement"];
        let kind = text(&statement["kind"]);
        let signers = statement["signers"].as_array().into_iter().flatten();
        let signers: Vec<String> = signers.map(|signer| text(&signer["org"])).collect();
        RecordView {
            kind: kind.parse::<Kind>().map_or(kind.clone(), |kind| labels::kind(lang, kind).to_owned()),
            when: text(&statement["occurred_at"]),
            who: signers.join(t(lang, text::Amount::And)),
        }
    };
    let more = own.len().saturating_sub(RECORDS_SHOWN);
    let more = (more > 0).then(|| fill(t(lang, WitnessPage::MoreRecords), &[("n", &more.to_string())]));
    (own.iter().take(RECORDS_SHOWN).map(record).collect(), more)
}

fn layout(state: &WitnessState, request: &HttpRequest, path: &str) -> Layout {
    let lang = language::of(request);
    let name = state.witness.name().to_string();
    Layout {
        lang,
        public_url: state.public_url.clone(),
        title: fill(t(lang, WitnessPage::Title), &[("name", &name)]),
        description: t(lang, WitnessPage::What).to_owned(),
        operator: name,
        demonstration: false,
        mirror: Vec::new(),
        path: path.to_owned(),
        query: "",
        image: String::new(),
    }
}

fn strip(class: &'static str, word: &'static str, says: Vec<String>) -> Strip {
    Strip { class, word, says, reasons: Vec::new() }
}

fn titled(layout: Layout, strip: &Strip) -> Layout {
    let title = format!("{} · {}", strip.word, layout.title);
    Layout { title, description: strip.says.first().cloned().unwrap_or_default(), ..layout }
}

/// As the other pages tell time.
fn moment(lang: Lang, seconds: u64) -> String {
    let ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
    Wording { lang, names: Default::default() }.moment(ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::Layer;

    #[test]
    fn words_stand_beside_their_layers() {
        let names = |key: &str| key.rsplit_once('.').unwrap().1.to_owned();
        let words: Vec<_> = text::Layer::ALL.iter().map(|word| names(word.entry().key)).collect();
        let asks: Vec<_> = LayerAsks::ALL.iter().map(|word| names(word.entry().key)).collect();
        let layers: Vec<_> = Report::unchecked("").layers().map(|(layer, _)| layer.to_string()).collect();
        assert_eq!(words, layers);
        assert_eq!(asks, layers);
        assert_eq!(layers.len(), Layer::ALL.len());
    }
}
