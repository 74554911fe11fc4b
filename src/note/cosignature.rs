//! C2SP tlog-cosignature over Ed25519 (type 0x04): a witness says at what time it saw which checkpoint.
//!
//! Knows nothing of when that is acceptable: the time comes in and goes out as a number.

use super::signed_note::NoteSignature;
use super::vkey::{KeyName, KeyType, key_id};
use crate::statement::ed25519::{self, KeyPair, PublicKey};

/// The latest time that the format can hold, in Unix seconds.
pub const COSIGNATURE_TIME_MAX: u64 = i64::MAX as u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cosignature cannot hold the time {0}")]
pub struct TimeTooLate(pub u64);

/// Signs a note's text as seen at `time` in Unix seconds.
pub fn cosign(text: &str, name: &KeyName, key: &KeyPair, time: u64) -> Result<NoteSignature, TimeTooLate> {
    if time > COSIGNATURE_TIME_MAX {
        return Err(TimeTooLate(time));
    }
    let signature = key.sign(message(text, time).as_bytes());
    let signature = [&time.to_be_bytes()[..], &signature].concat();
    let id = key_id(name, KeyType::Cosignature, &key.public());
    Ok(NoteSignature { name: name.clone(), id, signature })
}

/// The time of a good cosignature.
pub(super) fn check(public: &PublicKey, text: &str, signature: &[u8]) -> Option<u64> {
    let (time, signature) = signature.split_first_chunk()?;
    let time = u64::from_be_bytes(*time);
    if time > COSIGNATURE_TIME_MAX {
        return None;
    }
    ed25519::verify(public, message(text, time).as_bytes(), signature.try_into().ok()?).ok()?;
    Some(time)
}

/// The two header lines keep a cosignature from ever being a plain signature over some text.
fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;

    fn key() -> KeyPair {
        KeyPair::from_seed(&[9; 32])
    }

    fn cosigned(text: &str, time: u64) -> Vec<u8> {
        cosign(text, &"witness.example/w1".parse().unwrap(), &key(), time).unwrap().signature
    }

    #[test]
    fn the_message_is_that_of_the_text() {
        let file = vectors::json("c2sp/c2sp_vectors.json");
        let text = file["checkpoint"].as_str().unwrap().split_once("\n\n").unwrap().0;
        let want = file["witness"]["signed_message"].as_str().unwrap();
        assert_eq!(message(&format!("{text}\n"), 1_700_000_000), want);
    }

    #[test]
    fn a_cosignature_is_for_its_text_and_time() {
        let public = key().public();
        let signature = cosigned("text\n", 1_700_000_000);
        assert_eq!(check(&public, "text\n", &signature), Some(1_700_000_000));
        assert_eq!(check(&public, "next\n", &signature), None);
        assert_eq!(check(&KeyPair::from_seed(&[8; 32]).public(), "text\n", &signature), None);
        for at in 0..signature.len() {
            let mut bad = signature.clone();
            bad[at] ^= 1;
            assert_eq!(check(&public, "text\n", &bad), None, "byte {at}");
            assert_eq!(check(&public, "text\n", &signature[..at]), None);
        }
        assert_eq!(check(&public, "text\n", &[&signature[..], &[0]].concat()), None);
    }

    #[test]
    fn times_end_where_the_format_says() {
        let public = key().public();
        let name = "w".parse().unwrap();
        assert_eq!(check(&public, "t\n", &cosigned("t\n", COSIGNATURE_TIME_MAX)), Some(COSIGNATURE_TIME_MAX));
        let late = COSIGNATURE_TIME_MAX + 1;
        assert_eq!(cosign("t\n", &name, &key(), late), Err(TimeTooLate(late)));
        // Even rightly signed.
        let signature = key().sign(message("t\n", late).as_bytes());
        assert_eq!(check(&public, "t\n", &[&late.to_be_bytes()[..], &signature].concat()), None);
    }
}
