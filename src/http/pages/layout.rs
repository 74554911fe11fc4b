//! What every page has: language, addresses, the style sheet, and the frame around it.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::assets::SCRIPTS;
use crate::merkle::Hash;
use crate::text::{Lang, Page, fill, t};

/// The one style sheet, inlined in every page: a page is one answer.
pub(super) const CSS: &str = include_str!("../../../templates/tokens.css");

/// Lets exactly that style sheet in, pictures of our own, and nothing that runs but the verifier, if it was built.
pub(super) static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = STANDARD.encode(Hash::of(CSS.as_bytes()).as_bytes());
    let verifier = match *SCRIPTS {
        Some(_) => "; script-src 'self'; worker-src 'self'; connect-src 'self'",
        None => "",
    };
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'{verifier}"
    )
});

#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) lang: Lang,
    /// Scheme and host, without a slash at the end.
    pub(super) public_url: String,
    pub(super) operator: String,
    /// The ledger is for show.
    pub(super) demonstration: bool,
    /// That this is a copy, of whose ledger, and as of when; in sentences.
    pub(super) mirror: Vec<String>,
    /// Of this page, without the language: `/b/farm.lot`.
    pub(super) path: String,
    /// More of the query that a change of language keeps: `&all=1`.
    pub(super) query: &'static str,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) image: String,
}

impl Layout {
    /// The address of the script that brings the verifier when it is asked for.
    pub(super) fn loader(&self) -> Option<&'static str> {
        SCRIPTS.as_ref().map(|scripts| scripts.loader.as_str())
    }

    /// The address of the verifier.
    pub(super) fn verifier(&self) -> Option<&'static str> {
        SCRIPTS.as_ref().map(|scripts| scripts.verifier(self.lang))
    }

    /// The word in the page's language.
    pub(super) fn w(&self, word: Page) -> &'static str {
        t(self.lang, word)
    }

    pub(super) fn css(&self) -> &'static str {
        CSS
    }

    pub(super) fn tag(&self) -> &'static str {
        self.lang.tag()
    }

    pub(super) fn other(&self) -> Lang {
        match self.lang {
            Lang::Zh => Lang::En,
            Lang::En => Lang::Zh,
        }
    }

    pub(super) fn operated_by(&self) -> String {
        fill(t(self.lang, Page::Operator), &[("name", &self.operator)])
    }

    pub(super) fn host(&self) -> &str {
        host(&self.public_url)
    }
}

/// Without the scheme.
pub(super) fn host(public_url: &str) -> &str {
    public_url.split_once("://").map_or(public_url, |(_, host)| host)
}

/// The verdict: one icon, one word, and why. Never colour alone.
#[derive(Debug, Clone)]
pub(super) struct Strip {
    /// Chooses colour and icon.
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) says: Vec<String>,
    pub(super) reasons: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_the_style_sheet_in_and_no_script_of_others() {
        assert!(POLICY.contains("style-src 'sha256-") && !POLICY.contains("unsafe"));
        assert_eq!(POLICY.contains("script-src 'self'"), SCRIPTS.is_some());
        assert!(!CSS.contains("</"), "it would end the style element");
        assert!(!CSS.contains("url("), "nothing is fetched for style");
    }
}
