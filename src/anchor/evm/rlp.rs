//! RLP, read strictly: one encoding of every value, nothing left over. `alloy-rlp` refuses the other spellings.

use alloy_rlp::{Decodable, Encodable, Header};

/// The items of a list, taken one after another.
#[derive(Debug, Clone, Copy)]
pub struct Items<'a> {
    rest: &'a [u8],
}

impl<'a> Items<'a> {
    /// `bytes` must be one list and nothing else.
    pub fn of(mut bytes: &'a [u8]) -> Option<Items<'a>> {
        let rest = Header::decode_bytes(&mut bytes, true).ok()?;
        bytes.is_empty().then_some(Items { rest })
    }

    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        Header::decode_bytes(&mut self.rest, false).ok()
    }

    /// At most so many bytes.
    pub fn short(&mut self, max: usize) -> Option<&'a [u8]> {
        self.bytes().filter(|bytes| bytes.len() <= max)
    }

    pub fn exact<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes()?.try_into().ok()
    }

    /// A number without leading zeros.
    pub fn number(&mut self) -> Option<u64> {
        u64::decode(&mut self.rest).ok()
    }

    pub fn large_number(&mut self) -> Option<u128> {
        u128::decode(&mut self.rest).ok()
    }

    /// A number without leading zeros, left-padded to a word.
    pub fn word(&mut self) -> Option<[u8; 32]> {
        let bytes = self.short(32)?;
        let mut word = [0; 32];
        word[32 - bytes.len()..].copy_from_slice(bytes);
        (bytes.first() != Some(&0)).then_some(word)
    }

    pub fn list(&mut self) -> Option<Items<'a>> {
        Header::decode_bytes(&mut self.rest, true).ok().map(|rest| Items { rest })
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn end(&self) -> Option<()> {
        self.is_empty().then_some(())
    }
}

/// A list whose items `write` appends.
pub fn encode_list(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut payload = Vec::new();
    write(&mut payload);
    let mut out = Vec::with_capacity(payload.len() + 9);
    Header { list: true, payload_length: payload.len() }.encode(&mut out);
    out.extend_from_slice(&payload);
    out
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    bytes.encode(out);
}

/// A word as a number: without its leading zeros.
pub(super) fn put_word(out: &mut Vec<u8>, word: &[u8; 32]) {
    let zeros = word.iter().take_while(|byte| **byte == 0).count();
    put_bytes(out, &word[zeros..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_of_a_number_or_a_length_are_refused() {
        let number = |bytes: &[u8]| Items::of(bytes).and_then(|mut items| items.number());
        assert_eq!(number(&[0xc1, 0x80]), Some(0));
        assert_eq!(number(&[0xc1, 0x07]), Some(7));
        assert_eq!(number(&[0xc3, 0x82, 0x01, 0x00]), Some(256));
        for bad in [
            &[0xc1, 0x00][..],
            &[0xc2, 0x81, 0x07],
            &[0xc3, 0x82, 0x00, 0x07],
            &[0xf8, 0x01, 0x07],
            &[0xc1, 0x07, 0x07],
            &[0xc2, 0x07],
            &[0x07],
            &[],
        ] {
            assert_eq!(number(bad), None, "{bad:02x?}");
        }
    }

    #[test]
    fn a_word_is_a_number_of_up_to_32_bytes() {
        let mut word = [0; 32];
        word[31] = 9;
        let list = encode_list(|out| put_word(out, &word));
        assert_eq!(list, [0xc1, 9]);
        assert_eq!(Items::of(&list).unwrap().word(), Some(word));
        assert_eq!(Items::of(&[0xc3, 0x82, 0, 9]).unwrap().word(), None);
        let long = encode_list(|out| put_bytes(out, &[1; 33]));
        assert_eq!(Items::of(&long).unwrap().word(), None);
    }
}
