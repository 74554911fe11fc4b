//! What somebody typed into the explorer's box: each pattern is told strictly from the others, and what fits none is
//! told why.

use unicode_normalization::UnicodeNormalization as _;

use crate::http::pages::typed::{self, TYPED_CHARS_MAX};
use crate::merkle::Hash;
use crate::note::hash_from_base64;
use crate::note::vkey::{KeyId, VerifierKey};
use crate::statement::subject::Subject;
use crate::statement::time::Date;

/// One thing that was meant; where two patterns fit, both are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meant {
    Code(String),
    Day(Date),
    Hash(Hash),
    /// `farm.lot`, with look-alikes exchanged where no such lot exists. The likeliest first.
    Local(Vec<String>),
    LogKey(String),
    LogKeyId(KeyId),
    /// An organisation's id, or part of its name.
    Organisation(String),
    Picture([u8; 8]),
    Sequence(u64),
    StatementId(String),
    Subject(Subject),
}

/// Why nothing was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    Date,
    /// So many hexadecimal digits, which is no hash.
    HashLength(usize),
    Pattern,
    Subject,
}

/// More hexadecimal digits than an organisation's id has letters can only be meant as a hash.
const LABEL_CHARS_MAX: usize = 32;

/// Longer numbers are no place in a log.
const SEQUENCE_DIGITS_MAX: usize = 15;

/// What may be meant, the likeliest first.
pub(super) fn read(typed: &str) -> Result<Vec<Meant>, Unfit> {
    let folded: String = typed.chars().take(TYPED_CHARS_MAX).nfkc().collect();
    let folded = folded.trim();
    let plain: String = folded.chars().filter(|c| !c.is_whitespace()).collect();
    if plain.is_empty() {
        return Err(Unfit::Pattern);
    }
    if let Some(exact) = exact(&plain)? {
        return Ok(vec![exact]);
    }
    let lower = plain.to_ascii_lowercase();
    let mut meant = Vec::new();
    meant.extend(short_hex(&lower));
    match typed::read(&plain) {
        Some(typed::Meant::Code(code)) => return Ok(vec![Meant::Code(code)]),
        Some(typed::Meant::Batches(batches)) => {
            return Ok(vec![Meant::Local(batches.iter().map(|batch| batch.id().to_owned()).collect())]);
        }
        None => {}
    }
    if is_name(folded) {
        meant.push(Meant::Organisation(folded.to_lowercase()));
    }
    if meant.is_empty() { Err(Unfit::Pattern) } else { Ok(meant) }
}

/// The patterns that nothing else can be.
fn exact(plain: &str) -> Result<Option<Meant>, Unfit> {
    let lower = plain.to_ascii_lowercase();
    let hex_digits = lower.strip_prefix("sha256:").unwrap_or(&lower);
    let is_hex = hex_digits.bytes().all(|b| b.is_ascii_hexdigit());
    if let (64, Ok(hash)) = (hex_digits.len(), hex_digits.parse()) {
        return Ok(Some(Meant::Hash(hash)));
    }
    let number = plain.strip_prefix('#').unwrap_or(plain);
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    if is_number && number.len() <= LABEL_CHARS_MAX {
        let seq = Some(number).filter(|number| number.len() <= SEQUENCE_DIGITS_MAX);
        let seq = seq.and_then(|number| number.parse().ok()).ok_or(Unfit::Pattern)?;
        return Ok(Some(Meant::Sequence(seq)));
    }
    if is_hex && hex_digits.len() > LABEL_CHARS_MAX {
        return Err(Unfit::HashLength(hex_digits.len()));
    }
    if plain.len() == 44
        && let Some(hash) = hash_from_base64(plain)
    {
        return Ok(Some(Meant::Hash(hash)));
    }
    if let Some(id) = uuid::Uuid::try_parse(&lower).ok().filter(|_| lower.len() == 36) {
        return Ok(Some(Meant::StatementId(id.to_string())));
    }
    if let Some(date) = as_date(plain) {
        return date.parse().map(|date| Some(Meant::Day(date))).map_err(|_| Unfit::Date);
    }
    if plain.contains('+') {
        return match plain.parse::<VerifierKey>() {
            Ok(key) => Ok(Some(Meant::LogKey(key.to_string()))),
            Err(_) => Err(Unfit::Pattern),
        };
    }
    // An address holds colons too.
    if lower.contains(':') && !lower.contains("//") {
        return Subject::parse(&lower)
            .map(|subject| Some(Meant::Subject(subject)))
            .map_err(|_| Unfit::Subject);
    }
    Ok(None)
}

fn short_hex(lower: &str) -> Option<Meant> {
    let bytes = hex::decode(lower).ok()?;
    match bytes.len() {
        4 => Some(Meant::LogKeyId(KeyId(bytes.try_into().ok()?))),
        8 => Some(Meant::Picture(bytes.try_into().ok()?)),
        _ => None,
    }
}

/// `2026-6-13`, `2026/6/13` and `2026年6月13日` as `2026-06-13`, whether or not there is such a day.
fn as_date(plain: &str) -> Option<String> {
    let chinese = plain.trim_end_matches(['日', '号']).replace(['年', '月'], "-");
    ['-', '/', '.'].into_iter().find_map(|separator| {
        let parts: Vec<&str> = chinese.split(separator).collect();
        let [year, month, day] = parts[..] else { return None };
        let digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
        };
        let is_date = year.len() == 4 && digits(year, 4) && digits(month, 2) && digits(day, 2);
        is_date.then(|| format!("{year}-{month:0>2}-{day:0>2}"))
    })
}

/// Letters of any script, with what stands between them in names.
fn is_name(folded: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '·' | '(' | ')' | '&' | '\'');
    folded.chars().any(char::is_alphanumeric) && folded.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::short_code;

    #[track_caller]
    fn only(typed: &str, meant: Meant) {
        assert_eq!(read(typed), Ok(vec![meant]), "{typed}");
    }

    #[test]
    fn each_pattern_is_told_from_the_others() {
        let hash = Hash::of(b"x");
        only(&hash.to_string(), Meant::Hash(hash));
        only(&format!(" SHA256:{} ", hash.to_string().to_uppercase()), Meant::Hash(hash));
        only(&crate::note::hash_to_base64(&hash), Meant::Hash(hash));
        only(&"1".repeat(64), Meant::Hash("1".repeat(64).parse().unwrap()));
        only("0", Meant::Sequence(0));
        only("＃４２", Meant::Sequence(42));
        only(
            "01936F5E-7C3A-7B2F-8D1E-0123456789AB",
            Meant::StatementId("01936f5e-7c3a-7b2f-8d1e-0123456789ab".into()),
        );
        for day in ["2026-06-13", "2026-6-13", "2026/06/13", "2026年6月13日", "２０２６．６．１３"]
        {
            only(day, Meant::Day("2026-06-13".parse().unwrap()));
        }
        for subject in ["ledger:", "org:qingshan"] {
            only(subject, Meant::Subject(Subject::parse(subject).unwrap()));
        }
        only("Plot:Qingshan.3", Meant::Subject(Subject::parse("plot:qingshan.3").unwrap()));
        let batch = Subject::parse("batch:xianju.dk0613a").unwrap();
        only(&short_code::of_subject(&batch).to_lowercase(), Meant::Code(short_code::of_subject(&batch)));
        assert!(
            matches!(&read("xianju.dk0613a").unwrap()[..], [Meant::Local(ids)] if ids[0] == "xianju.dk0613a")
        );
        for batch in ["2026.06-13", "farm.2026-06-13"] {
            assert!(matches!(read(batch).unwrap()[..], [Meant::Local(_)]), "{batch} is a lot's id");
        }
        only("青山杨梅 合作社", Meant::Organisation("青山杨梅 合作社".into()));
        assert_eq!(read("deadbeef").unwrap().len(), 2, "a log key's id, or an organisation's");
        assert_eq!(
            read("0123456789abcdef").unwrap()[0],
            Meant::Picture([1, 35, 69, 103, 137, 171, 205, 239])
        );
    }

    #[test]
    fn what_fits_nothing_is_told_why() {
        let hash = Hash::of(b"x").to_string();
        assert_eq!(read(&hash[..63]), Err(Unfit::HashLength(63)));
        assert_eq!(read(&format!("{hash}0")), Err(Unfit::HashLength(65)));
        assert_eq!(read("2026-02-30"), Err(Unfit::Date));
        assert_eq!(read("tree:x"), Err(Unfit::Subject));
        assert_eq!(read("org:A_B"), Err(Unfit::Subject));
        for typed in [
            "",
            "  ",
            "<script>alert(1)</script>",
            "a+b+c",
            "../../etc/passwd",
            "%",
            &"9".repeat(20),
            "a.b.c",
        ] {
            assert_eq!(read(typed), Err(Unfit::Pattern), "{typed}");
        }
    }
}
