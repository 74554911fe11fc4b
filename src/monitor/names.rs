//! Names that a reader may take for one another.
//!
//! Compared are the letters and digits of both names, in compatibility form (NFKC) and lower case: full-width letters,
//! spaces and punctuation make no difference. Alike are names that are then equal or, from four characters on, one
//! character apart (another, one more, one less). Letters of other scripts that only look the same are not found.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;

/// The shortest name that may be one character off.
const CHARS_MIN: usize = 4;

/// Every organisation's names, as they are compared.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, Vec<Vec<char>>>);

impl Names {
    /// From now on the organisation is called so, too.
    pub(super) fn add<'n>(&mut self, org: &str, names: impl IntoIterator<Item = &'n str>) {
        let known = self.0.entry(org.to_owned()).or_default();
        for name in names.into_iter().map(plain).filter(|name| !name.is_empty()) {
            if !known.contains(&name) {
                known.push(name);
            }
        }
    }

    /// Other organisations with a name like one of these.
    pub(super) fn like(&self, org: &str, names: &[&str]) -> Vec<&str> {
        let names: Vec<Vec<char>> =
            names.iter().copied().map(plain).filter(|name| !name.is_empty()).collect();
        let others = self.0.iter().filter(|(other, _)| *other != org);
        let alike = others
            .filter(|(_, theirs)| theirs.iter().any(|their| names.iter().any(|name| are_alike(name, their))));
        alike.map(|(other, _)| other.as_str()).collect()
    }
}

fn plain(name: &str) -> Vec<char> {
    name.nfkc().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn are_alike(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short == long {
        return true;
    }
    if short.len() < CHARS_MIN || long.len() - short.len() > 1 {
        return false;
    }
    let same_start = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let (short_rest, long_rest) = (&short[same_start..], &long[same_start..]);
    match short.len() == long.len() {
        true => short_rest[1..] == long_rest[1..],
        false => short_rest == &long_rest[1..],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_next_to_nothing_are_alike() {
        let mut names = Names::default();
        names.add("a", ["青山杨梅合作社", "Qingshan Bayberry Co-op"]);
        names.add("b", ["冷运", ""]);
        let like = |name: &str| names.like("c", &[name]).join(",");
        for alike in [
            "青山杨梅合作社",
            "青山 杨梅合作社",
            "青山杨桃合作社",
            "青山杨梅合作社社",
            "青山梅合作社",
            "ＱＩＮＧＳＨＡＮ bayberry coop",
            "qingshan bayberri co-op",
        ] {
            assert_eq!(like(alike), "a", "{alike}");
        }
        for other in ["青山桃李合作社", "北山杨桃合作社", "冷链", "", "!!", "Qingshan Barberri Co-op"]
        {
            assert_eq!(like(other), "", "{other}");
        }
        assert_eq!(like("冷 运"), "b", "short names only if they are equal");
        assert!(names.like("a", &["青山杨梅合作社"]).is_empty(), "nobody is like itself");
    }
}
