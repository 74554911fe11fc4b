//! Whether what was planted is found, and whether honest lots are left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::fraud::{Fraud, Record};

/// One kind of fraud: how often it was planted, and the farms whose fraud nobody saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kinds {
    pub planted: usize,
    pub found: usize,
    /// Bare ids.
    pub missed: Vec<String>,
}

/// What a judge of the ledger found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub kinds: BTreeMap<Fraud, Kinds>,
    pub honest: usize,
    /// Honest lots that bear a word which only a fraud should bear: the word, and the lots.
    pub flagged: BTreeMap<String, Vec<String>>,
    /// How many honest lots bear each other word.
    pub told: BTreeMap<String, usize>,
}

/// Judges the judge. `found` gives the keys of all words (of `flag`, `imbalance` and `why`) that a lot, named as
/// `batch:…`, bears as of [`Record::as_of`].
pub fn check<E>(record: &Record, mut found: impl FnMut(&str) -> Result<Vec<String>, E>) -> Result<Found, E> {
    let mut all = Found { honest: record.honest.len(), ..Found::default() };
    for planted in &record.planted {
        let mut is_found = false;
        for lot in &planted.lots {
            if is_found {
                break;
            }
            is_found = found(lot)?.iter().any(|word| planted.finds.contains(word));
        }
        let kinds = all.kinds.entry(planted.kind).or_default();
        kinds.planted += 1;
        kinds.found += usize::from(is_found);
        if !is_found {
            kinds.missed.push(planted.farm.clone());
        }
    }
    let alarms: BTreeSet<&str> = Fraud::ALL.iter().flat_map(|kind| kind.finds()).copied().collect();
    let excused = excused(record);
    for lot in &record.honest {
        let words: BTreeSet<String> = found(lot)?.into_iter().collect();
        for word in words {
            let is_victim = excused.get(lot.as_str()).is_some_and(|words| words.contains(word.as_str()));
            match alarms.contains(word.as_str()) && !is_victim {
                true => all.flagged.entry(word).or_default().push(lot.clone()),
                false => *all.told.entry(word).or_default() += 1,
            }
        }
    }
    Ok(all)
}

/// The words that others' frauds may put on honest lots.
fn excused(record: &Record) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut excused: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for planted in &record.planted {
        for lot in &planted.victims {
            excused.entry(lot).or_default().extend(planted.finds.iter().map(String::as_str));
        }
    }
    excused
}

impl Found {
    /// All that was planted was found, and no honest lot bears a fraud's word.
    pub fn is_perfect(&self) -> bool {
        self.flagged.is_empty() && self.kinds.values().all(|kinds| kinds.missed.is_empty())
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, kinds) in &self.kinds {
            let (zh, en) = kind.words();
            write!(f, "{:>4} of {:<4} {zh} / {en}", kinds.found, kinds.planted)?;
            match kinds.missed.is_empty() {
                true => writeln!(f)?,
                false => writeln!(f, "; missed: {}", kinds.missed.join(", "))?,
            }
        }
        let flagged: BTreeSet<&String> = self.flagged.values().flatten().collect();
        writeln!(f, "{} of {} honest lots flagged", flagged.len(), self.honest)?;
        for (word, lots) in &self.flagged {
            writeln!(f, "  {word}: {}, such as {}", lots.len(), lots[0])?;
        }
        for (word, lots) in &self.told {
            writeln!(f, "  (also told of {lots} honest lots: {word})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::super::fraud::Planted;
    use super::*;

    fn record() -> Record {
        let planted = |kind: Fraud, farm: &str, victims: &[&str]| Planted {
            kind,
            farm: farm.to_owned(),
            season: 2025,
            lots: vec![format!("batch:{farm}.a"), format!("batch:{farm}.b")],
            records: Vec::new(),
            victims: victims.iter().map(|lot| (*lot).to_owned()).collect(),
            finds: kind.finds().iter().map(|word| (*word).to_owned()).collect(),
        };
        Record {
            seed: 1,
            farms: 4,
            seasons: 1,
            as_of: 0,
            planted: vec![
                planted(Fraud::OverSelling, "one", &[]),
                planted(Fraud::OverSelling, "two", &[]),
                planted(Fraud::PhotoReused, "three", &["batch:four.a"]),
            ],
            honest: vec!["batch:four.a".to_owned(), "batch:four.b".to_owned()],
        }
    }

    #[test]
    fn found_missed_and_falsely_flagged_are_counted() {
        let words = |lot: &str| -> Result<Vec<String>, Infallible> {
            Ok(match lot {
                "batch:one.b" => vec!["oversold".to_owned()],
                "batch:two.a" => vec!["photo_reused".to_owned()],
                "batch:three.a" | "batch:four.a" => vec!["photo_reused".to_owned()],
                "batch:four.b" => vec!["oversold".to_owned(), "lab_drew_sample".to_owned()],
                _ => Vec::new(),
            })
        };
        let found = check(&record(), words).unwrap();
        let sold = &found.kinds[&Fraud::OverSelling];
        assert_eq!((sold.planted, sold.found, sold.missed.clone()), (2, 1, vec!["two".to_owned()]));
        assert_eq!(found.kinds[&Fraud::PhotoReused].found, 1);
        assert_eq!(found.flagged, BTreeMap::from([("oversold".to_owned(), vec!["batch:four.b".to_owned()])]));
        // Whose photo was taken is no thief.
        assert_eq!(found.told["photo_reused"], 1);
        assert!(!found.is_perfect());
        assert!(found.to_string().contains("missed: two"), "{found}");
    }
}
