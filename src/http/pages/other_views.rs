//! The pages around the provenance page: the front page, and what is said when there is nothing to show.

use askama::Template;

use super::layout::{Layout, Strip};
use crate::text::{Check, Explore, Page, fill, t};

/// One box, who runs this, and how to scan.
#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct HomeView {
    pub(super) layout: Layout,
    pub(super) typed: String,
    pub(super) check_address: String,
}

/// Not found is grey and never says fake.
#[derive(Template)]
#[template(path = "unknown.html")]
pub(super) struct UnknownView {
    pub(super) layout: Layout,
    pub(super) strip: Strip,
    pub(super) typed: String,
}

/// Several batches have one short code.
#[derive(Template)]
#[template(path = "choice.html")]
pub(super) struct ChoiceView {
    pub(super) layout: Layout,
    pub(super) strip: Strip,
    pub(super) batches: Vec<String>,
}

/// The service's own trouble is neutral and never red.
#[derive(Template)]
#[template(path = "trouble.html")]
pub(super) struct TroubleView {
    pub(super) layout: Layout,
    pub(super) strip: Strip,
}

/// Checks a saved file in the browser.
#[derive(Template)]
#[template(path = "verify.html")]
pub(super) struct VerifyView {
    pub(super) layout: Layout,
}

impl VerifyView {
    pub(super) fn new(layout: Layout) -> VerifyView {
        let title = format!("{} · {}", t(layout.lang, Check::FileTitle), layout.w(Page::SiteName));
        let description = t(layout.lang, Check::FileHint).to_owned();
        VerifyView { layout: Layout { title, description, ..layout } }
    }

    fn w(&self, word: Check) -> &'static str {
        t(self.layout.lang, word)
    }
}

impl HomeView {
    pub(super) fn new(layout: Layout) -> HomeView {
        let check_address = fill(layout.w(Page::CheckAddress), &[("host", layout.host())]);
        let title = format!("{} · {}", layout.w(Page::SiteName), layout.w(Page::Ask));
        let description = layout.w(Page::AskHint).to_owned();
        HomeView { layout: Layout { title, description, ..layout }, typed: String::new(), check_address }
    }

    fn explorer(&self) -> &'static str {
        t(self.layout.lang, Explore::Title)
    }
}

impl UnknownView {
    pub(super) fn new(layout: Layout, typed: String) -> UnknownView {
        let says = vec![
            fill(layout.w(Page::UnknownSay), &[("typed", &typed)]),
            layout.w(Page::UnknownNotFake).to_owned(),
        ];
        let strip = strip("unknown", layout.w(Page::UnknownTitle), says);
        UnknownView { layout: titled(layout, &strip), strip, typed }
    }
}

impl ChoiceView {
    pub(super) fn new(layout: Layout, code: &str, batches: Vec<String>) -> ChoiceView {
        let n = batches.len().to_string();
        let say = fill(layout.w(Page::ChoiceSay), &[("n", &n), ("code", code)]);
        let strip = strip("unknown", layout.w(Page::ChoiceTitle), vec![say]);
        ChoiceView { layout: titled(layout, &strip), strip, batches }
    }
}

impl TroubleView {
    pub(super) fn new(layout: Layout, say: Page) -> TroubleView {
        let strip = strip("trouble", layout.w(Page::TroubleTitle), vec![layout.w(say).to_owned()]);
        TroubleView { layout: titled(layout, &strip), strip }
    }
}

fn strip(class: &'static str, word: &'static str, says: Vec<String>) -> Strip {
    Strip { class, word, says, reasons: Vec::new() }
}

fn titled(layout: Layout, strip: &Strip) -> Layout {
    let title = format!("{} · {}", strip.word, layout.w(Page::SiteName));
    Layout { title, description: strip.says.first().cloned().unwrap_or_default(), ..layout }
}
