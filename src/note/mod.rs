//! Floor 1: the text forms of C2SP in which a log and its witnesses speak: signed notes, verifier keys, checkpoints,
//! cosignatures, trust policies, proofs, witness requests. Text in, facts out; no I/O, no clock.

pub mod add_checkpoint;
pub mod checkpoint;
pub mod cosignature;
pub mod policy;
pub mod signed_note;
pub mod tlog_proof;
pub mod vkey;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::merkle::Hash;

/// A hash as C2SP texts write it: standard Base64 with padding.
pub fn hash_to_base64(hash: &Hash) -> String {
    STANDARD.encode(hash.0)
}

/// Refuses every spelling but the one that `hash_to_base64` makes.
pub fn hash_from_base64(text: &str) -> Option<Hash> {
    Some(Hash(STANDARD.decode(text).ok()?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_base64_spelling() {
        let hash = Hash::of(b"");
        let text = hash_to_base64(&hash);
        assert_eq!(text, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(hash_from_base64(&text), Some(hash));
        let unpadded = text.trim_end_matches('=');
        let trailing_bits = text.replace("FU=", "FV=");
        let url_safe = text.replace('+', "-").replace('/', "_");
        for bad in
            ["", unpadded, &trailing_bits, &url_safe, &format!("{text} "), &format!("{text}="), &text[4..]]
        {
            assert_eq!(hash_from_base64(bad), None, "{bad}");
        }
    }
}
