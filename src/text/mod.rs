//! Floor 1: every Chinese and English word that people read, in tables that the browser side shares.
//!
//! Kinds, fields and codes are named by the schemas, once; [`labels`] reads them there. Everything else is a word of a
//! table here. A table is an enum, so a word that does not exist does not compile. No I/O, no knowledge of pages.

mod anchor;
mod balance;
mod check;
mod explore;
mod fault;
mod flag;
pub mod labels;
mod page;
mod problem;
mod produce;
mod seat;
mod status;
mod verdict;
mod witness;
mod words;

pub use anchor::Anchor;
pub use balance::{Figure, GraphWord, Imbalance};
pub use check::Check;
pub use explore::Explore;
pub use fault::Fault;
pub use flag::Flag;
pub use page::Page;
pub use problem::Problem;
pub use produce::{Amount, Condition, KeyStanding, Stage, Standing};
pub use seat::{PromiseState, SeatName, SeatState};
pub use status::{ClaimState, Need, Status, Use, Why};
pub use verdict::{Layer, Outcome};
pub use witness::{LayerAsks, WitnessPage};
pub use words::{Lang, Words, fill, t};

use words::Entry;

/// Every word of every table. A new table adds one line here, and a test counts them.
pub fn entries() -> Vec<Entry> {
    [
        words::entries::<Amount>(),
        words::entries::<Anchor>(),
        words::entries::<Check>(),
        words::entries::<ClaimState>(),
        words::entries::<Condition>(),
        words::entries::<Explore>(),
        words::entries::<Fault>(),
        words::entries::<Figure>(),
        words::entries::<GraphWord>(),
        words::entries::<Imbalance>(),
        words::entries::<Flag>(),
        words::entries::<KeyStanding>(),
        words::entries::<Layer>(),
        words::entries::<LayerAsks>(),
        words::entries::<Need>(),
        words::entries::<Outcome>(),
        words::entries::<Page>(),
        words::entries::<Problem>(),
        words::entries::<PromiseState>(),
        words::entries::<SeatName>(),
        words::entries::<SeatState>(),
        words::entries::<Stage>(),
        words::entries::<Standing>(),
        words::entries::<Status>(),
        words::entries::<Use>(),
        words::entries::<Why>(),
        words::entries::<WitnessPage>(),
    ]
    .concat()
}

/// All words as `{key: {"zh": …, "en": …}}`, sorted by key: what the browser side is built with.
pub fn words_json() -> String {
    let words: std::collections::BTreeMap<_, _> = entries()
        .into_iter()
        .map(|entry| (entry.key, serde_json::json!({ "zh": entry.zh, "en": entry.en })))
        .collect();
    // A map from strings to JSON always serialises.
    let mut json = serde_json::to_string_pretty(&words).expect("words are JSON");
    json.push('\n');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_exists_in_both_languages_under_its_own_key() {
        let entries = entries();
        for entry in &entries {
            assert!(!entry.zh.trim().is_empty() && !entry.en.trim().is_empty(), "{}", entry.key);
            assert_eq!(words::blanks(entry.zh), words::blanks(entry.en), "blanks differ in {}", entry.key);
        }
        let mut keys: Vec<_> = entries.iter().map(|entry| entry.key).collect();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "a key stands twice");
    }

    /// The browser side is built with the file. `SUYUAN_BLESS=1` writes it anew.
    #[test]
    fn the_file_of_words_is_what_the_tables_say() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/text/words.json");
        if std::env::var_os("SUYUAN_BLESS").is_some() {
            std::fs::write(&path, words_json()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), words_json(), "run this test with SUYUAN_BLESS=1");
    }

    #[test]
    fn every_table_is_listed() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/text");
        let tables: usize = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .map(|source| source.lines().filter(|line| *line == "table! {").count())
            .sum();
        let prefixes: std::collections::BTreeSet<_> =
            entries().iter().map(|entry| entry.key.rsplit_once('.').unwrap().0).collect();
        assert_eq!(prefixes.len(), tables, "add the new table to entries()");
    }
}
