//! Names that carry no structure of their own: organisation ids, local names, statement ids, kinds, origins.

use std::fmt;
use std::str::FromStr;

pub const ORGANISATION_ID_BYTES_MAX: usize = 32;
/// A lot's name is also GS1 application identifier 10, which has room for 20 characters.
pub const LOCAL_NAME_BYTES_MAX: usize = 20;
pub const KIND_NAME_BYTES_MAX: usize = 40;
pub const ORIGIN_BYTES_MAX: usize = 255;

/// The bare id of an organisation, as in `org:<id>`.
pub fn is_organisation_id(text: &str) -> bool {
    is_label(text, ORGANISATION_ID_BYTES_MAX)
}

/// What an organisation calls one of its lots, plots, crops or shows.
pub fn is_local_name(text: &str) -> bool {
    is_label(text, LOCAL_NAME_BYTES_MAX)
}

/// A statement's id: a UUID of version 7 and RFC 9562 variant, in lower case.
pub fn is_statement_id(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            14 => byte == b'7',
            19 => matches!(byte, b'8' | b'9' | b'a' | b'b'),
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// A log's origin line: what a C2SP key name may be, so no space and no plus sign.
pub fn is_origin(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= ORIGIN_BYTES_MAX
        && !text.contains(|c: char| c.is_whitespace() || c == '+')
}

/// What sort of thing a statement says, and by which version of its schema: `harvest/1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindName {
    pub name: String,
    pub version: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a kind is a lower-case name and a version, like harvest/1 or org.key.add/1")]
pub struct ParseKindError;

impl FromStr for KindName {
    type Err = ParseKindError;

    fn from_str(text: &str) -> Result<KindName, ParseKindError> {
        let (name, version) = text.split_once('/').ok_or(ParseKindError)?;
        let good_name = name.len() <= KIND_NAME_BYTES_MAX
            && name.split('.').all(|word| {
                word.starts_with(|c: char| c.is_ascii_lowercase()) && is_label(word, KIND_NAME_BYTES_MAX)
            });
        let good_version = version.bytes().all(|b| b.is_ascii_digit()) && !version.starts_with('0');
        if !good_name || !good_version {
            return Err(ParseKindError);
        }
        let version = version.parse().map_err(|_| ParseKindError)?;
        Ok(KindName { name: name.to_owned(), version })
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.version)
    }
}

/// `[a-z0-9]([a-z0-9-]*[a-z0-9])?` without `--`, of at most `bytes_max` bytes.
fn is_label(text: &str, bytes_max: usize) -> bool {
    (1..=bytes_max).contains(&text.len())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_a_length_and_no_stray_hyphen() {
        for good in ["a", "0", "a-b", "9-0-z", &"a".repeat(32)] {
            assert!(is_organisation_id(good), "{good}");
        }
        for bad in ["", "-", "-a", "a-", "a--b", "A", "a.b", "a_b", "é", "a b", "a\n", &"a".repeat(33)] {
            assert!(!is_organisation_id(bad), "{bad}");
        }
        assert!(is_local_name(&"a".repeat(20)));
        assert!(!is_local_name(&"a".repeat(21)));
    }

    #[test]
    fn statement_ids_are_version_7_in_lower_case() {
        assert!(is_statement_id("01936f5e-7c3a-7b2f-8d1e-0123456789ab"));
        assert!(is_statement_id(&uuid::Uuid::now_v7().to_string()));
        for bad in [
            "",
            "01936f5e-7c3a-4b2f-8d1e-0123456789ab",
            "01936f5e-7c3a-7b2f-cd1e-0123456789ab",
            "01936f5e-7c3a-7b2f-7d1e-0123456789ab",
            "01936F5E-7c3a-7b2f-8d1e-0123456789ab",
            "01936f5e7c3a7b2f8d1e0123456789ab",
            "{01936f5e-7c3a-7b2f-8d1e-0123456789ab}",
            "01936f5e-7c3a-7b2f-8d1e-0123456789abc",
            "01936f5e-7c3a-7b2f-8d1e-0123456789a",
            "01936f5e-7c3a-7b2f-8d1e_0123456789ab",
        ] {
            assert!(!is_statement_id(bad), "{bad}");
        }
    }

    #[test]
    fn kinds_are_name_and_version() {
        for good in ["harvest/1", "org.key.add/1", "ledger.rules/12", "a-b.c/65535"] {
            assert_eq!(good.parse::<KindName>().unwrap().to_string(), good);
        }
        let longest = format!("{}/1", "a".repeat(40));
        assert!(longest.parse::<KindName>().is_ok());
        assert!(format!("a{longest}").parse::<KindName>().is_err());
        for bad in [
            "",
            "harvest",
            "harvest/",
            "harvest/0",
            "harvest/01",
            "harvest/+1",
            "harvest/1/1",
            "Harvest/1",
            "/1",
            ".a/1",
            "a./1",
            "a..b/1",
            "1a/1",
            "harvest/65536",
            "harvest/1 ",
        ] {
            assert_eq!(bad.parse::<KindName>(), Err(ParseKindError), "{bad}");
        }
    }

    #[test]
    fn origins_are_key_names() {
        assert!(is_origin("suyuan.example/log"));
        assert!(is_origin(&"a".repeat(255)));
        for bad in ["", "a b", "a+b", "a\u{3000}b", "a\n", &"a".repeat(256)] {
            assert!(!is_origin(bad), "{bad:?}");
        }
    }
}
