//! Judges a filled ledger lot by lot, with the functions that its service judges with.

use std::collections::BTreeMap;

use anyhow::Context as _;

use crate::ledger::{Facts, Reader};
use crate::produce::flags::Watchlist;
use crate::produce::lots::Lots;
use crate::produce::{Ask, Assessment, Wide};
use crate::statement::subject::Subject;
use crate::text::Words;
use crate::verify::collect;

pub(super) struct Judge<F: Facts> {
    reader: Reader<F>,
    size: u64,
    /// The ledger's last time, and the moment to which days are counted, in milliseconds.
    at: i64,
    as_of: i64,
    lots: Lots,
    watchlist: Watchlist,
}

impl<F: Facts> Judge<F> {
    /// Reads the whole ledger.
    pub(super) fn of(reader: Reader<F>, as_of: i64) -> anyhow::Result<Judge<F>> {
        let log = reader.log()?.context("the ledger is empty")?;
        let (mut lots, mut watchlist) = (Lots::default(), Watchlist::default());
        for seq in 0..log.size {
            if let Some(record) = reader.entry(seq)?.as_record() {
                lots.take(record);
                watchlist.take(record);
            }
        }
        Ok(Judge { reader, size: log.size, at: log.at, as_of, lots, watchlist })
    }

    /// The keys of all that is said of a lot, named as `batch:…`.
    pub(super) fn words(&self, lot: &str) -> anyhow::Result<Vec<String>> {
        let subject = Subject::parse(lot)?;
        let records = collect::gather(&self.reader, &subject, self.size)?.records;
        let openings = BTreeMap::new();
        let ask = Ask {
            subject: &subject,
            records: &records,
            openings: &openings,
            size: self.size,
            at: self.at,
            as_of: self.as_of,
            wide: Some(Wide { lots: &self.lots, watchlist: &self.watchlist }),
        };
        let Assessment { judgement, imbalances, flags, .. } = Assessment::of(&ask);
        let why = judgement.reasons.iter().chain(&judgement.notes).map(|reason| bare(reason.sort));
        let flags = flags.iter().map(|flag| bare(flag.sort));
        let figures = imbalances.iter().map(|figure| bare(figure.sort));
        Ok(why.chain(flags).chain(figures).map(str::to_owned).collect())
    }
}

/// The key of a word in its own table.
fn bare(word: impl Words) -> &'static str {
    let key = word.entry().key;
    key.split_once('.').map_or(key, |(_, bare)| bare)
}
