//! The frame around every page of the explorer, and how its pages are answered.

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::AppState;
use crate::http::pages::handlers;
use crate::http::pages::layout::{CSS, Layout};
use crate::http::problem::Problem;
use crate::merkle::Hash;
use crate::text::{Explore, Page, fill};

/// What the explorer adds to the one style sheet.
const MORE_CSS: &str = include_str!("../../../../templates/explore/explore.css");

/// Lets exactly the two style sheets in, and nothing that runs.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = |css: &str| STANDARD.encode(Hash::of(css.as_bytes()).as_bytes());
    format!(
        "default-src 'none'; style-src 'sha256-{}' 'sha256-{}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
        digest(CSS),
        digest(MORE_CSS)
    )
});

#[derive(Clone)]
pub(super) struct Frame {
    pub(super) layout: Layout,
    /// What stands in the box.
    pub(super) typed: String,
    /// This page in the other language.
    pub(super) other_href: String,
}

impl Frame {
    /// `query` is what of the address's query belongs to the page, without the language.
    pub(super) fn new(state: &AppState, request: &HttpRequest, query: &[(&str, &str)]) -> Frame {
        let layout = handlers::layout(state, request, request.path(), "");
        let mut other_href = format!("{}?lang={}", layout.path, layout.other().tag());
        for (name, value) in query {
            other_href.push_str(&format!("&{name}={}", percent_encoded(value)));
        }
        Frame { layout, typed: String::new(), other_href }
    }

    pub(super) fn titled(mut self, title: &str) -> Frame {
        self.layout.title = format!("{title} · {} · {}", self.w(Explore::Title), self.site_name());
        self.layout.description = self.w(Explore::SearchLabel).to_owned();
        self
    }

    pub(super) fn w(&self, word: Explore) -> &'static str {
        crate::text::t(self.layout.lang, word)
    }

    pub(super) fn site_name(&self) -> &'static str {
        self.layout.w(Page::SiteName)
    }

    pub(super) fn other_language(&self) -> &'static str {
        self.layout.w(Page::OtherLanguage)
    }

    pub(super) fn demonstration(&self) -> &'static str {
        self.layout.w(Page::Demonstration)
    }

    pub(super) fn fill(&self, word: Explore, blanks: &[(&str, &str)]) -> String {
        fill(self.w(word), blanks)
    }

    pub(super) fn more_css(&self) -> &'static str {
        MORE_CSS
    }

    /// Every kind of thing that can be looked up.
    pub(super) fn patterns(&self) -> [&'static str; 8] {
        [
            Explore::PatternBatch,
            Explore::PatternSubject,
            Explore::PatternOrg,
            Explore::PatternHash,
            Explore::PatternPicture,
            Explore::PatternSequence,
            Explore::PatternStatement,
            Explore::PatternDate,
        ]
        .map(|word| self.w(word))
    }
}

/// For a query: every byte but letters, digits and a few that mean nothing there.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// What a handler came to.
pub(super) enum Told {
    Page(StatusCode, String),
    /// It stands at this address.
    See(String),
}

impl Told {
    pub(super) fn page(status: StatusCode, view: &impl Template) -> Result<Told, Problem> {
        Ok(Told::Page(status, view.render().map_err(Problem::internal)?))
    }
}

/// There is nothing to show, and why.
#[derive(Template)]
#[template(path = "explore/message.html")]
pub(super) struct MessageView {
    pub(super) frame: Frame,
    pub(super) title: String,
    pub(super) says: Vec<String>,
    pub(super) with_patterns: bool,
}

impl MessageView {
    pub(super) fn told(
        frame: Frame,
        status: StatusCode,
        title: String,
        says: Vec<String>,
    ) -> Result<Told, Problem> {
        let with_patterns = status == StatusCode::BAD_REQUEST;
        let view = MessageView { frame: frame.titled(&title), title, says, with_patterns };
        Told::page(status, &view)
    }
}

/// `frame` is for what goes wrong on the way.
pub(super) fn answer(request: &HttpRequest, frame: Frame, told: Result<Told, Problem>) -> HttpResponse {
    let told = told.or_else(|problem| trouble(frame, &problem));
    match told {
        Ok(Told::Page(status, body)) => handlers::answer_under(request, status, body, POLICY.as_str()),
        Ok(Told::See(address)) => handlers::see_other(&address),
        Err(problem) => problem.response(),
    }
}

fn trouble(frame: Frame, problem: &Problem) -> Result<Told, Problem> {
    use actix_web::ResponseError as _;
    let title = crate::text::t(frame.layout.lang, problem.word()).to_owned();
    MessageView::told(frame, problem.status_code(), title, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_both_style_sheets_in_and_nothing_run() {
        assert_eq!(POLICY.matches("'sha256-").count(), 2);
        assert!(!POLICY.contains("script-src") && !POLICY.contains("unsafe"));
        assert!(!MORE_CSS.contains("</"), "it would end the style element");
        assert!(!MORE_CSS.contains("url("), "nothing is fetched for style");
    }
}
