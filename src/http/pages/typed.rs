//! What somebody typed or pasted, as what they may have meant: people mix up case, spaces, O and 0, and the dots
//! of a Chinese keyboard.

use unicode_normalization::UnicodeNormalization as _;

use crate::statement::short_code;
use crate::statement::subject::Subject;

/// More than an address with a batch id has.
pub(super) const TYPED_CHARS_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meant {
    Code(String),
    /// The likeliest first.
    Batches(Vec<Subject>),
}

/// None if it can be neither a short code nor a batch.
pub(super) fn read(typed: &str) -> Option<Meant> {
    let plain = plain(typed);
    if let Some(code) = short_code::read(&plain) {
        return Some(Meant::Code(code));
    }
    let mut batches: Vec<Subject> = Vec::new();
    for spelling in spellings(&plain.to_ascii_lowercase()) {
        let batch = Subject::parse(&format!("batch:{spelling}"));
        batches.extend(batch.ok().filter(|batch| !batches.contains(batch)));
    }
    (!batches.is_empty()).then_some(Meant::Batches(batches))
}

/// Full-width letters made plain, spaces gone, and of an address only what follows `/b/`.
fn plain(typed: &str) -> String {
    let folded: String = typed.chars().take(TYPED_CHARS_MAX).nfkc().collect();
    let text: String = folded
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}'))
        .map(|c| if matches!(c, '。' | '．' | '·') { '.' } else { c })
        .collect();
    let lower = text.to_ascii_lowercase();
    let rest = match lower.rfind("/b/") {
        Some(at) => &text[at + 3..],
        None => &text,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let rest = &rest[..end];
    rest.strip_prefix("batch:").unwrap_or(rest).to_owned()
}

/// As typed, then with look-alikes exchanged in the lot's part, all one way or all the other.
fn spellings(id: &str) -> Vec<String> {
    let mut spellings = vec![id.to_owned()];
    if let Some((org, lot)) = id.split_once('.') {
        for exchange in [[('o', '0'), ('l', '1')], [('0', 'o'), ('1', 'l')]] {
            let lot: String = lot
                .chars()
                .map(|c| exchange.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to))
                .collect();
            spellings.push(format!("{org}.{lot}"));
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Subject {
        Subject::parse("batch:xianju.dk0613a").unwrap()
    }

    #[test]
    fn a_code_is_read_in_any_dress() {
        let code = short_code::of_subject(&batch());
        let full_width: String =
            code.chars().map(|c| char::from_u32(c as u32 + 0xFEE0).unwrap_or(c)).collect();
        let lower = code.to_lowercase();
        let spaced = format!(" {} {} ", &lower[..4], &lower[4..]);
        for typed in [
            code.clone(),
            lower,
            spaced,
            full_width,
            format!("HTTPS://TRACE.EXAMPLE/B/{code}"),
            format!("https://trace.example/b/{code}?lang=en#timeline"),
        ] {
            assert_eq!(read(&typed), Some(Meant::Code(code.clone())), "{typed}");
        }
    }

    #[test]
    fn an_id_is_read_in_any_dress_and_with_o_for_0() {
        for typed in [
            "xianju.dk0613a",
            "XIANJU.DK0613A",
            " xianju。dk0613a",
            "batch:xianju.dk0613a",
            "https://x/b/xianju.dk0613a/qr.png",
        ] {
            let Some(Meant::Batches(batches)) = read(typed) else { panic!("{typed}") };
            assert_eq!(batches[0], batch(), "{typed}");
        }
        let Some(Meant::Batches(batches)) = read("xianju.dkO6l3a") else { panic!() };
        assert!(batches.contains(&batch()));
    }

    #[test]
    fn anything_else_is_nothing() {
        for typed in ["", "   ", "杨梅", "<script>", "a.b.c", "../../etc/passwd", &"x".repeat(10_000)] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }
}
