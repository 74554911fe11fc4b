//! Which language a reader gets: what the address says, else what they chose before, else what the browser asks for.

use actix_web::HttpRequest;
use actix_web::http::header;

use crate::text::Lang;

/// Remembers a choice made by address. It holds a language and nothing else.
const COOKIE: &str = "lang";

const COOKIE_SECS: u64 = 365 * 24 * 3_600;

/// `?lang=`.
pub(super) fn chosen(request: &HttpRequest) -> Option<Lang> {
    let pairs = request.query_string().split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name == "lang").find_map(|(_, tag)| Lang::from_tag(tag))
}

pub(super) fn of(request: &HttpRequest) -> Lang {
    let accepted = || {
        let header = request.headers().get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        preferred(header)
    };
    chosen(request).or_else(|| remembered(request)).or_else(accepted).unwrap_or_default()
}

/// What remembers the choice.
pub(super) fn cookie(lang: Lang) -> String {
    format!("{COOKIE}={}; Path=/; Max-Age={COOKIE_SECS}; SameSite=Lax", lang.tag())
}

fn remembered(request: &HttpRequest) -> Option<Lang> {
    let headers = request.headers().get_all(header::COOKIE).filter_map(|header| header.to_str().ok());
    let mut pairs =
        headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).and_then(|(_, tag)| Lang::from_tag(tag))
}

/// The language of ours with the greatest weight; the first of equals.
fn preferred(accept_language: &str) -> Option<Lang> {
    let mut best: Option<(Lang, f32)> = None;
    for range in accept_language.split(',') {
        let mut parts = range.trim().split(';');
        let Some(lang) = parts.next().and_then(|tag| Lang::from_tag(tag.trim())) else { continue };
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        if weight > 0.0 && best.is_none_or(|(_, known)| weight > known) {
            best = Some((lang, weight));
        }
    }
    best.map(|(lang, _)| lang)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[track_caller]
    fn check(uri: &str, cookie: &str, accept: &str, lang: Lang) {
        let mut request = TestRequest::with_uri(uri);
        if !cookie.is_empty() {
            request = request.insert_header(("cookie", cookie));
        }
        if !accept.is_empty() {
            request = request.insert_header(("accept-language", accept));
        }
        assert_eq!(of(&request.to_http_request()), lang, "{uri} {cookie} {accept}");
    }

    #[test]
    fn the_address_then_the_choice_then_the_browser_then_chinese() {
        check("/", "", "", Lang::Zh);
        check("/", "", "fr", Lang::Zh);
        check("/", "", "en-GB,en;q=0.9", Lang::En);
        check("/", "", "en;q=0.3, zh-CN;q=0.8", Lang::Zh);
        check("/", "", "en;q=0", Lang::Zh);
        check("/", "a=b; lang=en", "zh", Lang::En);
        check("/?lang=zh-CN", "lang=en", "en", Lang::Zh);
        check("/?all=1&lang=EN", "", "zh", Lang::En);
        check("/?lang=xx", "", "en", Lang::En);
    }
}
