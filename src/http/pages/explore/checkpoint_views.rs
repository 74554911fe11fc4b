//! Checkpoints: which are kept, what stands on one, and that one continues another.

use askama::Template;

use super::desk::{Desk, Row, Tag, entry_href};
use super::frame::Frame;
use crate::http::api::checkpoints::{ConsistencyBody, consistency};
use crate::http::pages::anchor_rows::{self, AnchorRow};
use crate::http::problem::Problem;
use crate::note::checkpoint::Checkpoint;
use crate::note::hash_to_base64;
use crate::note::signed_note::SignedNote;
use crate::note::vkey::VerifierKey;
use crate::store::checkpoints;
use crate::text::{Anchor, Explore, t};

/// Checkpoints on one page of the list.
const LISTED: usize = 30;

/// Sizes looked through at once for those that were signed.
const WINDOW: u64 = 1_024;

/// Windows looked through for one page: commits lie closer together than that.
const WINDOWS_MAX: u64 = 32;

#[derive(Template)]
#[template(path = "explore/checkpoints.html")]
pub(super) struct CheckpointsView {
    frame: Frame,
    as_of: String,
    checkpoints: Vec<CheckpointLine>,
    older: Option<String>,
    /// Some checkpoint of this log is anchored.
    anchored: bool,
    newest: bool,
    from: String,
    to: String,
}

struct CheckpointLine {
    href: String,
    title: String,
    at: String,
    root: String,
    lines: Vec<LineView>,
    anchors: Vec<AnchorRow>,
}

struct LineView {
    name: String,
    id: String,
    tag: Tag,
}

#[derive(Template)]
#[template(path = "explore/checkpoint.html")]
pub(super) struct CheckpointView {
    frame: Frame,
    title: String,
    facts: Vec<Row>,
    lines: Vec<LineView>,
    note: String,
    compare: Option<String>,
    older: Option<(String, String)>,
    witnessed: bool,
    /// Of this checkpoint, then of later ones that cover it.
    anchors: Vec<AnchorRow>,
    not_anchored: &'static str,
    not_truth: &'static str,
}

#[derive(Template)]
#[template(path = "explore/consistency.html")]
pub(super) struct ConsistencyView {
    frame: Frame,
    from: String,
    to: String,
    /// None: nothing was asked yet.
    shown: Option<Shown>,
}

struct Shown {
    say: String,
    holds: bool,
    facts: Vec<Row>,
    path: Vec<String>,
    href: String,
}

impl CheckpointsView {
    /// The newest checkpoints of fewer than `before` entries.
    pub(super) fn new(
        desk: &Desk<'_>,
        frame: Frame,
        before: Option<u64>,
    ) -> Result<CheckpointsView, Problem> {
        let end = before.unwrap_or(u64::MAX).min(desk.size() + 1);
        let sizes = signed_before(desk, end, LISTED + 1)?;
        let mut listed = Vec::new();
        for size in sizes.iter().take(LISTED) {
            listed.extend(line(desk, *size)?);
        }
        let older = sizes.get(LISTED).and_then(|_| sizes.get(LISTED - 1));
        let from = sizes.last().map(u64::to_string).unwrap_or_default();
        Ok(CheckpointsView {
            frame: frame.titled(desk.w(Explore::Checkpoints)),
            as_of: desk.as_of()?,
            checkpoints: listed,
            older: older.map(|size| format!("/explore/checkpoints?before={size}")),
            anchored: !desk.state.anchors.sizes().is_empty(),
            newest: before.is_some_and(|before| before <= desk.size()),
            from,
            to: desk.size().to_string(),
        })
    }
}

impl CheckpointView {
    pub(super) fn new(desk: &Desk<'_>, frame: Frame, size: u64) -> Result<Option<CheckpointView>, Problem> {
        let Some(note) = note_at(desk, size)? else { return Ok(None) };
        let title = desk.fill(Explore::Checkpoint, &[("size", &size.to_string())]);
        let (parsed, checkpoint) = opened(&note)?;
        let before = signed_before(desk, size, 1)?.first().copied();
        let lines = lines(desk, &parsed)?;
        let newest = desk.size();
        Ok(Some(CheckpointView {
            frame: frame.titled(&title),
            title,
            facts: facts(desk, &checkpoint, before.unwrap_or(0))?,
            witnessed: parsed.signatures().iter().any(|line| line.name != checkpoint.origin),
            lines,
            note,
            anchors: anchors(desk, size)?,
            not_anchored: t(desk.lang, Anchor::None),
            not_truth: t(desk.lang, Anchor::NotTruth),
            compare: (size < newest).then(|| format!("/explore/consistency?from={size}&to={newest}")),
            older: before.map(|size| {
                let text = desk.fill(Explore::Checkpoint, &[("size", &size.to_string())]);
                (format!("/explore/checkpoint/{size}"), text)
            }),
        }))
    }
}

impl ConsistencyView {
    /// None: one of the two was never signed; the error says which.
    pub(super) fn new(
        desk: &Desk<'_>,
        frame: Frame,
        asked: Option<(u64, u64)>,
    ) -> Result<Result<ConsistencyView, (Frame, u64)>, Problem> {
        let frame = frame.titled(desk.w(Explore::Consistency));
        let (from, to) = asked.map_or_else(
            || (String::new(), desk.size().to_string()),
            |(from, to)| (from.min(to).to_string(), from.max(to).to_string()),
        );
        let shown = match asked {
            None => None,
            Some((from, to)) => {
                let (from, to) = (from.min(to), from.max(to));
                for size in [from, to] {
                    if note_at(desk, size)?.is_none() {
                        return Ok(Err((frame, size)));
                    }
                }
                Some(shown(desk, &consistency(desk.view, from, to)?))
            }
        };
        Ok(Ok(ConsistencyView { frame, from, to, shown }))
    }
}

fn shown(desk: &Desk<'_>, body: &ConsistencyBody) -> Shown {
    let (from, to) = (body.from.to_string(), body.to.to_string());
    let root = |size: &str, root: &str| {
        let label =
            format!("{} · {}", desk.fill(Explore::Checkpoint, &[("size", size)]), desk.w(Explore::Root));
        Row::hash(&label, root)
    };
    Shown {
        say: match body.holds() {
            true => desk.fill(Explore::Holds, &[("from", &from), ("to", &to)]),
            false => desk.w(Explore::Broken).to_owned(),
        },
        holds: body.holds(),
        facts: vec![root(&from, &body.from_root), root(&to, &body.to_root)],
        path: body.path.clone(),
        href: format!("/api/v1/checkpoints/{from}/consistency/{to}"),
    }
}

fn facts(desk: &Desk<'_>, checkpoint: &Checkpoint, before: u64) -> Result<Vec<Row>, Problem> {
    let size = checkpoint.size;
    let mut facts = vec![Row::text(desk.w(Explore::Entries), size.to_string())];
    if let Some(last) = size.checked_sub(1) {
        let at = desk.view.reader.entry(last)?.at();
        facts.push(Row::text(desk.w(Explore::SignedAt), desk.plain().moment(at)));
        let range = [("from", before.to_string()), ("to", last.to_string())];
        let text = desk.fill(Explore::InThisWrite, &[(range[0].0, &range[0].1), (range[1].0, &range[1].1)]);
        facts.push(Row::link(desk.w(Explore::NewEntries), format!("/explore/entries?from={before}"), text));
        if let Some(root) = desk.view.reader.map_root(last)? {
            facts.push(Row::hash(desk.w(Explore::MapRoot), root));
            let text = desk.fill(Explore::Entry, &[("seq", &last.to_string())]);
            facts.push(Row::link(desk.w(Explore::MapRecord), entry_href(last), text));
        }
    }
    facts.push(Row::hash(desk.w(Explore::Root), checkpoint.root));
    facts.push(Row::hash("base64", hash_to_base64(&checkpoint.root)));
    Ok(facts)
}

fn anchors(desk: &Desk<'_>, size: u64) -> Result<Vec<AnchorRow>, Problem> {
    let mut anchors = desk.view.anchors_at(size)?;
    let later = desk.view.anchors_for(size)?;
    anchors.extend(later.into_iter().filter(|judged| judged.job.size > size));
    Ok(anchor_rows::rows(&anchors, size, &desk.plain()))
}

fn line(desk: &Desk<'_>, size: u64) -> Result<Option<CheckpointLine>, Problem> {
    let Some(note) = note_at(desk, size)? else { return Ok(None) };
    let (parsed, checkpoint) = opened(&note)?;
    let at = match size.checked_sub(1) {
        Some(last) => desk.plain().moment(desk.view.reader.entry(last)?.at()),
        None => String::new(),
    };
    Ok(Some(CheckpointLine {
        href: format!("/explore/checkpoint/{size}"),
        title: desk.fill(Explore::Checkpoint, &[("size", &size.to_string())]),
        at,
        root: checkpoint.root.to_string(),
        lines: lines(desk, &parsed)?,
        anchors: anchor_rows::rows(&desk.view.anchors_at(size)?, size, &desk.plain()),
    }))
}

/// Each signature line with what this service can say of it: it knows the log's keys and the policy's witnesses.
fn lines(desk: &Desk<'_>, note: &SignedNote) -> Result<Vec<LineView>, Problem> {
    let log = desk.view.reader.log()?;
    let of_log = log.iter().flat_map(|log| log.log_vkeys()).filter_map(|vkey| vkey.parse().ok());
    let mut keys: Vec<VerifierKey> = of_log.collect();
    if let Some(cosigned) = desk.view.cosigned() {
        keys.extend(cosigned.policy().witnesses().iter().map(|witness| witness.key.clone()));
    }
    let lines = note.signatures().iter().map(|line| {
        let key = keys.iter().find(|key| (key.name(), key.id()) == (&line.name, line.id));
        let tag = match key.map(|key| note.verify([key])) {
            Some(Ok(verified)) => Tag::new(checked(desk, verified.first().and_then(|one| one.time)), "good"),
            Some(Err(_)) => Tag::new(desk.w(Explore::LineBad), "bad"),
            None => Tag::new(desk.w(Explore::LineUnknown), ""),
        };
        LineView { name: line.name.to_string(), id: line.id.to_string(), tag }
    });
    Ok(lines.collect())
}

/// Only a witness's line has a time, in seconds.
fn checked(desk: &Desk<'_>, time: Option<u64>) -> String {
    let Some(seconds) = time else { return desk.w(Explore::LineLog).to_owned() };
    let ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000);
    desk.fill(Explore::LineWitness, &[("at", &desk.plain().moment(ms))])
}

/// With the cosignatures that are kept of it.
fn note_at(desk: &Desk<'_>, size: u64) -> Result<Option<String>, Problem> {
    match checkpoints::at(&desk.view.reader.0, size).map_err(Problem::internal)? {
        Some(_) => desk.view.note_at(size).map(Some),
        None => Ok(None),
    }
}

fn opened(note: &str) -> Result<(SignedNote, Checkpoint), Problem> {
    let parsed = SignedNote::parse(note.as_bytes()).map_err(Problem::internal)?;
    let checkpoint = parsed.text().parse().map_err(Problem::internal)?;
    Ok((parsed, checkpoint))
}

/// The sizes of checkpoints below `end`, the largest first, `most` at the most.
fn signed_before(desk: &Desk<'_>, end: u64, most: usize) -> Result<Vec<u64>, Problem> {
    let mut sizes = Vec::new();
    let mut end = end;
    for _ in 0..WINDOWS_MAX {
        if end == 0 || sizes.len() >= most {
            break;
        }
        let start = end.saturating_sub(WINDOW);
        let window: Result<Vec<u64>, _> = checkpoints::sizes_in(&desk.view.reader.0, start, end).collect();
        sizes.extend(window.map_err(Problem::internal)?.into_iter().rev());
        end = start;
    }
    sizes.truncate(most);
    Ok(sizes)
}
