//! What a table of words is.

/// The languages of everything that people read. Chinese is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    #[default]
    Zh,
    En,
}

/// A table of words: an enum that [`table!`] writes.
pub trait Words: Copy + 'static {
    const ALL: &'static [Self];

    fn entry(self) -> Entry;
}

/// One word in both languages. `{name}` in it is a blank for [`fill`].
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What the browser side calls it: table, dot, name.
    pub key: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
}

/// The word in that language.
pub fn t(lang: Lang, word: impl Words) -> &'static str {
    let entry = word.entry();
    match lang {
        Lang::Zh => entry.zh,
        Lang::En => entry.en,
    }
}

/// A word with its blanks filled. A value that looks like a blank stays as it is.
pub fn fill(word: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(start) = rest.find('{') {
        let Some(len) = rest[start..].find('}') else { break };
        let blank = &rest[start + 1..start + len];
        out.push_str(&rest[..start]);
        match values.iter().find(|(name, _)| *name == blank) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[start..=start + len]),
        }
        rest = &rest[start + len + 1..];
    }
    out.push_str(rest);
    out
}

pub(super) fn entries<W: Words>() -> Vec<Entry> {
    W::ALL.iter().map(|word| word.entry()).collect()
}

/// The names of a word's blanks, sorted.
#[cfg(test)]
pub(super) fn blanks(word: &str) -> Vec<&str> {
    let mut blanks: Vec<_> =
        word.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect();
    blanks.sort_unstable();
    blanks
}

impl Lang {
    pub const ALL: [Lang; 2] = [Lang::Zh, Lang::En];

    /// The member name in tables and schemas.
    pub fn key(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }

    /// The BCP 47 tag for `<html lang>` and `Content-Language`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }

    /// The language that a tag asks for (`zh`, `zh-Hans-CN`, `en-GB`), if it is one of ours.
    pub fn from_tag(tag: &str) -> Option<Lang> {
        let primary = tag.split(['-', '_']).next()?;
        Lang::ALL.into_iter().find(|lang| primary.eq_ignore_ascii_case(lang.key()))
    }
}

/// Writes a table: `enum Name "prefix" { Variant "name" "中文" "English", … }`.
macro_rules! table {
    (
        $(#[$meta:meta])*
        pub enum $name:ident $prefix:literal {
            $($(#[$word_meta:meta])* $word:ident $key:literal $zh:literal $en:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$word_meta])* $word,)+
        }

        impl $crate::text::Words for $name {
            const ALL: &'static [$name] = &[$($name::$word,)+];

            fn entry(self) -> $crate::text::words::Entry {
                match self {
                    $($name::$word => $crate::text::words::Entry {
                        key: concat!($prefix, ".", $key),
                        zh: $zh,
                        en: $en,
                    },)+
                }
            }
        }
    };
}
pub(super) use table;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_filled_by_name_and_values_are_not_read_again() {
        assert_eq!(fill("{a} of {b}", &[("b", "{a}"), ("a", "1")]), "1 of {a}");
        assert_eq!(fill("{unknown} {", &[("a", "1")]), "{unknown} {");
        assert_eq!(blanks("{b} {a}"), ["a", "b"]);
    }

    #[test]
    fn tags_choose_a_language_or_none() {
        assert_eq!(Lang::from_tag("zh-Hans-CN"), Some(Lang::Zh));
        assert_eq!(Lang::from_tag("EN_gb"), Some(Lang::En));
        assert_eq!(Lang::from_tag("fr"), None);
        assert_eq!(Lang::from_tag(""), None);
    }
}
