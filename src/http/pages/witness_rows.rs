//! What the page says of witnesses: how many have cosigned, when, and how far the page runs ahead of them.

use crate::http::view::View;
use crate::produce::wording::Wording;
use crate::publish::not_ahead;
use crate::text::{Page, fill, t};

/// The checkpoint that stands for the witnesses' view, beside the one that the page stands under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WitnessesSeen {
    /// Witnesses that have cosigned it, of how many.
    pub(super) cosigned: usize,
    pub(super) asked: usize,
    pub(super) meets_policy: bool,
    /// Of those, the replaying ones, if the policy has enough of them.
    pub(super) replayed: usize,
    /// Unix seconds, by a witness's clock.
    pub(super) newest_time: Option<u64>,
    /// Its entries, and those of the page's checkpoint.
    pub(super) size: u64,
    pub(super) page_size: u64,
}

/// The rows, in words.
pub(super) struct WitnessRows {
    pub(super) who: String,
    pub(super) completeness: String,
    pub(super) freshness: Vec<String>,
}

impl WitnessesSeen {
    /// The newest checkpoint that meets the policy; where none does, the page's own with whoever has cosigned it.
    pub(super) fn of(view: &View) -> Option<WitnessesSeen> {
        let cosigned = view.cosigned().filter(|_| view.wants_witnesses())?;
        let page_size = view.under.size;
        let shown = view.witnessed().or_else(|| cosigned.at(page_size));
        Some(WitnessesSeen {
            cosigned: shown.as_ref().map_or(0, |shown| shown.cosigners.len()),
            asked: cosigned.policy().witnesses().len(),
            meets_policy: shown.as_ref().is_some_and(|shown| shown.meets_policy),
            replayed: shown.as_ref().map_or(0, |shown| cosigned.replayed_by(shown)),
            newest_time: shown.as_ref().and_then(|shown| shown.newest_time(not_ahead())),
            size: shown.map_or(0, |shown| shown.size),
            page_size,
        })
    }
}

impl WitnessRows {
    /// `at` is the ledger's own time of the page, in words.
    pub(super) fn new(seen: Option<&WitnessesSeen>, wording: &Wording<'_>, at: &str) -> WitnessRows {
        let lang = wording.lang;
        let own = || fill(t(lang, Page::FreshnessOwn), &[("at", at)]);
        let Some(seen) = seen else {
            return WitnessRows {
                who: t(lang, Page::NoWitness).to_owned(),
                completeness: t(lang, Page::CompletenessClaimed).to_owned(),
                freshness: vec![own()],
            };
        };
        let word = if seen.meets_policy { Page::WitnessesMet } else { Page::WitnessesNotMet };
        let (k, n) = (seen.cosigned.to_string(), seen.asked.to_string());
        let who = fill(t(lang, word), &[("k", &k), ("n", &n)]);
        let newest = seen.newest_time.map(|seconds| {
            let ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
            fill(t(lang, Page::FreshnessSeen), &[("at", &wording.moment(ms))])
        });
        let ahead = seen.page_size.saturating_sub(seen.size);
        let behind = (seen.meets_policy && ahead > 0).then(|| {
            let blanks = [("size", seen.size.to_string()), ("n", ahead.to_string())];
            fill(
                t(lang, Page::WitnessesBehind),
                &blanks.each_ref().map(|(name, value)| (*name, value.as_str())),
            )
        });
        let freshness = newest.or_else(|| Some(own())).into_iter().chain(behind).collect();
        let completeness = match seen.replayed {
            0 => t(lang, Page::CompletenessClaimed).to_owned(),
            k => {
                let blanks = [("k", k.to_string()), ("size", seen.size.to_string())];
                let blanks = blanks.each_ref().map(|(name, value)| (*name, value.as_str()));
                fill(t(lang, Page::CompletenessReplayed), &blanks)
            }
        };
        WitnessRows { who, completeness, freshness }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lang;

    fn rows(lang: Lang, seen: Option<WitnessesSeen>) -> (String, String) {
        let wording = Wording { lang, names: Default::default() };
        let rows = WitnessRows::new(seen.as_ref(), &wording, "T");
        (rows.who, rows.freshness.join(" | "))
    }

    #[test]
    fn the_rows_say_how_many_when_and_how_far_ahead() {
        let seen = WitnessesSeen {
            cosigned: 2,
            asked: 3,
            meets_policy: true,
            replayed: 0,
            newest_time: Some(1_795_352_400),
            size: 40,
            page_size: 42,
        };
        let (who, freshness) = rows(Lang::En, Some(seen));
        assert_eq!(who, "2 of 3 have cosigned: as many as asked for");
        assert!(
            freshness.contains("a witness’s clock") && freshness.contains("40 entries; this page is 2 ahead")
        );
        let level = WitnessesSeen { page_size: 40, ..seen };
        assert!(!rows(Lang::En, Some(level)).1.contains("ahead"));
        let wording = Wording { lang: Lang::En, names: Default::default() };
        let completeness = |seen: WitnessesSeen| WitnessRows::new(Some(&seen), &wording, "T").completeness;
        assert!(completeness(seen).starts_with("The operator states"));
        let replayed = WitnessesSeen { replayed: 1, ..seen };
        assert_eq!(
            completeness(replayed),
            "Nothing is left out: worked through up to entry 40 by witnesses: 1"
        );
        let (who, freshness) = rows(Lang::Zh, Some(seen));
        assert!(who.contains("3 家见证中有 2 家") && freshness.contains("本页多出 2 条"));
    }

    #[test]
    fn too_few_and_none_are_not_made_to_look_like_enough() {
        let few = WitnessesSeen {
            cosigned: 1,
            asked: 3,
            meets_policy: false,
            replayed: 0,
            newest_time: None,
            size: 42,
            page_size: 42,
        };
        let (who, freshness) = rows(Lang::En, Some(few));
        assert!(who.contains("not as many"));
        assert!(freshness.contains("operator’s own clock"));
        assert_eq!(rows(Lang::En, None).0, "None yet");
    }
}
