//! The batch short code: `B`, eight Crockford base-32 characters and a check character, derived from the subject.
//!
//! It is what a viewer types off a screen, so reading is forgiving of case, spaces, hyphens and look-alikes
//! (O is 0, I and L are 1). Two batches may share a code; the page then asks which. docs/format.md, "Short codes".

use super::subject::Subject;
use crate::merkle::Hash;

/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const BODY_CHARS: usize = 8;

/// The code of a subject, `B` and nine characters.
pub fn of_subject(subject: &Subject) -> String {
    let digest = Hash::of(subject.as_str().as_bytes());
    let bits = digest.0[..5].iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    let mut values: Vec<u8> = (0..BODY_CHARS).rev().map(|i| (bits >> (5 * i) & 31) as u8).collect();
    values.push(check_value(&values));
    spell(&values)
}

/// The code that a person meant by `typed`, or none if it is not a short code or its check character is wrong.
pub fn read(typed: &str) -> Option<String> {
    let mut chars = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase());
    if chars.next() != Some('B') {
        return None;
    }
    let values: Vec<u8> = chars.map(value_of).collect::<Option<_>>()?;
    let (check, body) = values.split_last()?;
    if body.len() != BODY_CHARS || check_value(body) != *check {
        return None;
    }
    Some(spell(&values))
}

fn spell(values: &[u8]) -> String {
    std::iter::once('B').chain(values.iter().map(|value| ALPHABET[usize::from(*value)] as char)).collect()
}

fn value_of(typed: char) -> Option<u8> {
    let canonical = match typed {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().position(|symbol| *symbol as char == canonical).map(|value| value as u8)
}

/// Σ αⁱ⁺¹·vᵢ over GF(32), α = 2, modulus x⁵+x²+1: catches every single wrong character and every swap of two.
fn check_value(values: &[u8]) -> u8 {
    let mut weight = 1;
    values.iter().fold(0, |sum, value| {
        weight = times(weight, 2);
        sum ^ times(weight, *value)
    })
}

fn times(a: u8, b: u8) -> u8 {
    let product = (0..5).filter(|bit| b >> bit & 1 == 1).fold(0u16, |sum, bit| sum ^ u16::from(a) << bit);
    (5..10)
        .rev()
        .fold(product, |rest, bit| if rest >> bit & 1 == 1 { rest ^ 0b10_0101 << (bit - 5) } else { rest })
        as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> String {
        of_subject(&Subject::parse("batch:xianju.dk0613a").expect("a subject"))
    }

    #[test]
    fn reads_what_people_type() {
        let code = code();
        assert_eq!(code.len(), 10);
        let sloppy = format!(
            " {}-{} {}",
            &code[..1].to_lowercase(),
            &code[1..5].replace('0', "o"),
            code[5..].replace('1', "l")
        );
        assert_eq!(read(&sloppy), Some(code));
    }

    #[test]
    fn catches_each_wrong_character_and_each_swap() {
        let code = code();
        for i in 1..code.len() {
            for symbol in ALPHABET {
                let mut wrong = code.clone().into_bytes();
                wrong[i] = *symbol;
                let wrong = String::from_utf8(wrong).expect("ASCII");
                assert_eq!(read(&wrong).is_some(), wrong == code, "{wrong}");
            }
            for j in i + 1..code.len() {
                let mut swapped = code.clone().into_bytes();
                swapped.swap(i, j);
                let swapped = String::from_utf8(swapped).expect("ASCII");
                assert_eq!(read(&swapped).is_some(), swapped == code, "{swapped}");
            }
        }
    }
}
