//! The one file of a form, by RFC 7578, as browsers send it.

use actix_web::HttpRequest;
use actix_web::http::header;

/// By RFC 2046.
const BOUNDARY_CHARS_MAX: usize = 70;

/// What divides the parts of a form; none if the body is no form.
pub(super) fn boundary(request: &HttpRequest) -> Option<String> {
    of_type(request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?)
}

fn of_type(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut parameters = parameters.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let (_, boundary) = parameters.find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    let boundary = boundary.trim_matches('"');
    (1..=BOUNDARY_CHARS_MAX).contains(&boundary.len()).then(|| boundary.to_owned())
}

/// The content of the first part that is a file.
pub(super) fn file<'a>(body: &'a [u8], boundary: &str) -> Option<&'a [u8]> {
    let border = format!("--{boundary}");
    let mut rest = body.strip_prefix(border.as_bytes())?;
    let border = format!("\r\n--{boundary}");
    loop {
        let part = rest.strip_prefix(b"\r\n")?;
        let end = find(part, border.as_bytes())?;
        let (part, after) = (&part[..end], &part[end + border.len()..]);
        if let Some(at) = find(part, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&part[..at]).to_ascii_lowercase();
            let is_file = |line: &str| line.starts_with("content-disposition:") && line.contains("filename");
            if head.split("\r\n").any(is_file) {
                return Some(&part[at + 4..]);
            }
        }
        rest = after;
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What Chromium sends.
    fn form(boundary: &str, file: &[u8]) -> Vec<u8> {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"lang\"\r\n\r\nzh\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"bundle\"; filename=\"批次.suyuan\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        [head.as_bytes(), file, format!("\r\n--{boundary}--\r\n").as_bytes()].concat()
    }

    #[test]
    fn the_file_comes_out_as_it_was_and_the_boundary_is_found() {
        let content = b"{\"bundle\": \r\n--x\r\n}\r\n\r\n";
        assert_eq!(file(&form("----Web7", content), "----Web7"), Some(&content[..]));
        assert_eq!(file(&form("b", b""), "b"), Some(&b""[..]));
        let kind = "multipart/form-data; charset=utf-8; boundary=\"----Web7\"";
        assert_eq!(of_type(kind).as_deref(), Some("----Web7"));
        assert_eq!(of_type("application/json"), None);
        assert_eq!(of_type("multipart/form-data; boundary="), None);
    }

    #[test]
    fn without_a_file_or_an_end_there_is_nothing() {
        let whole = form("b", b"content");
        for end in 0..whole.len() - 5 {
            assert!(file(&whole[..end], "b").is_none_or(|found| found == b"content"), "{end}");
        }
        assert_eq!(
            file(b"--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n--b--\r\n", "b"),
            None
        );
        assert_eq!(file(&whole, "other"), None);
    }

    proptest! {
        #[test]
        fn noise_never_panics(noise: Vec<u8>, at: prop::sample::Index, byte: u8) {
            let _ = file(&noise, "b");
            let mut bad = form("b", b"content");
            let at = at.index(bad.len());
            bad[at] = byte;
            let _ = file(&bad, "b");
        }
    }
}
