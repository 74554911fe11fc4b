//! Whose signature under a checkpoint counts.

use crate::ledger::LogFact;
use crate::note::vkey::VerifierKey;
use crate::verify::Trust;

/// The log keys of the trust file, and those that took over from one of them by a record of the ledger, which the
/// registrar, the old and the new key have signed. A key that the trust file leaves out and that came before counts
/// nothing: it may have been stolen.
pub(super) fn believed(trust: &Trust, log: Option<&LogFact>) -> Vec<VerifierKey> {
    let mut keys: Vec<VerifierKey> = trust.policy.logs().iter().map(|log| log.key.clone()).collect();
    let Some(log) = log else { return keys };
    let named: Vec<VerifierKey> = log.log_vkeys().filter_map(|text| text.parse().ok()).collect();
    // The newest first: all that stand before the oldest one that the trust file knows came after it.
    let known = named.iter().rposition(|key| keys.contains(key)).unwrap_or(0);
    keys.extend(named.into_iter().take(known));
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::ReplacedKey;
    use crate::merkle::{Hash, map};
    use crate::note::vkey::KeyType;
    use crate::statement::ed25519::KeyPair;

    const ORIGIN: &str = "log.example/a";

    fn vkey(seed: u8) -> String {
        let public = KeyPair::from_seed(&[seed; 32]).public();
        VerifierKey::new(ORIGIN.parse().unwrap(), KeyType::Ed25519, public).to_string()
    }

    fn names(trusted: &[u8], ledger: &[u8]) -> Vec<bool> {
        let trusted: Vec<String> = trusted.iter().map(|seed| vkey(*seed)).collect();
        let trust = Trust::parse(&Trust::to_text(ORIGIN, &trusted, Hash::ZERO, None)).unwrap();
        let current = ledger.first().unwrap();
        let replaced = |seed: &u8| ReplacedKey { vkey: vkey(*seed), seq: 9, both_until: String::new() };
        let log = LogFact {
            size: 10,
            at: 0,
            rules: 1,
            ledger: Hash::ZERO,
            origin: ORIGIN.to_owned(),
            log_vkey: vkey(*current),
            publication: None,
            replaced_keys: replaced_keys(ledger, replaced),
            map_root: map::EMPTY_MAP,
            demonstration: false,
        };
        let believed = believed(&trust, Some(&log));
        (1..=4).map(|seed| believed.iter().any(|key| key.to_string() == vkey(seed))).collect()
    }

    fn replaced_keys(ledger: &[u8], replaced: impl Fn(&u8) -> ReplacedKey) -> Vec<ReplacedKey> {
        ledger[1..].iter().map(replaced).collect()
    }

    #[test]
    fn a_key_that_took_over_is_believed_and_one_that_was_left_out_is_not() {
        assert_eq!(names(&[1], &[1]), [true, false, false, false]);
        assert_eq!(names(&[1], &[3, 2, 1]), [true, true, true, false]);
        assert_eq!(names(&[2], &[3, 2, 1]), [false, true, true, false]);
        assert_eq!(names(&[3], &[3, 2, 1]), [false, false, true, false]);
        assert_eq!(names(&[4], &[3, 2, 1]), [false, false, false, true], "another history's keys");
    }
}
