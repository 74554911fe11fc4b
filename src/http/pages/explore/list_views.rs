//! Lists of entries: the first page with the newest ones, all from some place on, those of a day, and what one search
//! found.

use askama::Template;

use super::desk::{Desk, EntryLine, PAGE_LENGTH};
use super::find::{self, Found, Hit};
use super::frame::Frame;
use crate::http::problem::Problem;
use crate::produce::CALENDAR_OFFSET_SECONDS;
use crate::statement::time::Date;
use crate::text::Explore;

/// Entries on the first page.
const NEWEST_SHOWN: u64 = 12;

const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "explore/home.html")]
pub(super) struct HomeView {
    frame: Frame,
    as_of: String,
    newest: Vec<EntryLine>,
    older: Option<String>,
}

#[derive(Template)]
#[template(path = "explore/list.html")]
pub(super) struct ListView {
    frame: Frame,
    title: String,
    say: String,
    lines: Vec<EntryLine>,
    before: Option<(String, &'static str)>,
    after: Option<(String, &'static str)>,
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "explore/found.html")]
pub(super) struct FoundView {
    frame: Frame,
    title: String,
    hits: Vec<Hit>,
}

impl HomeView {
    pub(super) fn new(desk: &Desk<'_>, frame: Frame) -> Result<HomeView, Problem> {
        let start = desk.size().saturating_sub(NEWEST_SHOWN);
        let newest = (start..desk.size()).rev().map(|seq| desk.line(seq)).collect::<Result<_, _>>()?;
        let older = start.saturating_sub(PAGE_LENGTH as u64);
        Ok(HomeView {
            frame: frame.titled(desk.w(Explore::Newest)),
            as_of: desk.as_of()?,
            newest,
            older: (start > 0).then(|| format!("/explore/entries?from={older}")),
        })
    }
}

impl ListView {
    /// Entries from `from` on.
    pub(super) fn entries(desk: &Desk<'_>, frame: Frame, from: u64) -> Result<ListView, Problem> {
        let from = from.min(desk.size());
        let end = from.saturating_add(PAGE_LENGTH as u64).min(desk.size());
        let title = desk.w(Explore::Entries).to_owned();
        let before = from.saturating_sub(PAGE_LENGTH as u64);
        Ok(ListView {
            frame: frame.titled(&title),
            title,
            say: desk.as_of()?,
            lines: lines(desk, from, end)?,
            before: (from > 0).then(|| (format!("/explore/entries?from={before}"), desk.w(Explore::Older))),
            after: None,
            more: (end < desk.size()).then(|| format!("/explore/entries?from={end}")),
        })
    }

    /// What the ledger took on a day in China, from the entry `from` of the log on.
    pub(super) fn day(
        desk: &Desk<'_>,
        frame: Frame,
        day: Date,
        from: Option<u64>,
    ) -> Result<ListView, Problem> {
        let begins = day.days().saturating_mul(DAY_MS) - CALENDAR_OFFSET_SECONDS.saturating_mul(1_000);
        let first = first_at(desk, begins)?;
        let last = first_at(desk, begins.saturating_add(DAY_MS))?;
        let from = from.unwrap_or(first).clamp(first, last);
        let end = from.saturating_add(PAGE_LENGTH as u64).min(last);
        let title = desk.fill(Explore::Day, &[("date", &desk.plain().date(day))]);
        let beside = |days: i64, word: Explore| {
            let day = day_beside(day, days)?;
            Some((format!("/explore/day/{day}"), desk.w(word)))
        };
        Ok(ListView {
            frame: frame.titled(&title),
            title,
            say: desk.w(Explore::DaySay).to_owned(),
            lines: lines(desk, from, end)?,
            before: beside(-1, Explore::DayBefore),
            after: beside(1, Explore::DayAfter),
            more: (end < last).then(|| format!("/explore/day/{day}?from={end}")),
        })
    }
}

impl FoundView {
    pub(super) fn new(desk: &Desk<'_>, frame: Frame, typed: &str, found: Found) -> FoundView {
        let title = find::several(desk.lang, typed, found.hits.len());
        FoundView { frame: frame.titled(&title), title, hits: found.hits }
    }
}

fn lines(desk: &Desk<'_>, from: u64, end: u64) -> Result<Vec<EntryLine>, Problem> {
    (from..end).map(|seq| desk.line(seq)).collect()
}

/// The first entry that was taken at `ms` or later; the size where there is none. Times never fall along the log.
fn first_at(desk: &Desk<'_>, ms: i64) -> Result<u64, Problem> {
    let (mut low, mut high) = (0, desk.size());
    while low < high {
        let middle = low + (high - low) / 2;
        if desk.view.reader.entry(middle)?.at() < ms {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// The day `days` later, if a date can name it.
fn day_beside(day: Date, days: i64) -> Option<Date> {
    let date: jiff::civil::Date = day.to_string().parse().ok()?;
    date.checked_add(jiff::Span::new().days(days)).ok()?.to_string().parse().ok()
}
