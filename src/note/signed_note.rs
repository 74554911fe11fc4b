//! C2SP signed-note: a text, an empty line, and signature lines by whoever.
//!
//! Unknown signatures are carried along, so that a checkpoint can gather cosignatures of witnesses that we never heard
//! of. What parses is written back byte for byte. The text says nothing until `verify` has.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::vkey::{KeyId, KeyName, KeyType, VerifierKey, key_id};
use crate::statement::ed25519::KeyPair;

/// The longest note, signatures included, that is read or made.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;

/// The most signature lines that a note may carry; C2SP asks for 16 at least.
pub const SIGNATURE_LINES_MAX: usize = 64;

/// One signature line, of any type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    pub name: KeyName,
    pub id: KeyId,
    /// The bytes behind the key id; what they mean is the key's to say.
    pub signature: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("a note is UTF-8 without control characters")]
    Characters,
    #[error("signature line {line} is malformed")]
    MalformedLine { line: usize },
    #[error("a note has at least one signature line after its last empty line")]
    NoSignatures,
    #[error("a note's text ends in a newline")]
    NoText,
    #[error("a note is at most {NOTE_BYTES_MAX} bytes long")]
    TooLong,
    #[error("a note has at most {SIGNATURE_LINES_MAX} signature lines")]
    TooManySignatures,
}

/// Why nobody we know vouches for the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("two of the keys to verify with have the name {name} and the id {id}")]
    AmbiguousKeys { name: KeyName, id: KeyId },
    #[error("the signature of {name} ({id}) is bad")]
    BadSignature { name: KeyName, id: KeyId },
    #[error("no known key has signed the note")]
    NoKnownSignature,
}

/// A known key's good signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'k> {
    pub key: &'k VerifierKey,
    /// For a cosignature, when it was made, in Unix seconds.
    pub time: Option<u64>,
}

/// Signs a note's text as it stands (type 0x01).
pub fn sign(text: &str, name: &KeyName, key: &KeyPair) -> NoteSignature {
    let id = key_id(name, KeyType::Ed25519, &key.public());
    NoteSignature { name: name.clone(), id, signature: key.sign(text.as_bytes()).to_vec() }
}

impl SignedNote {
    pub fn new(text: impl Into<String>, signatures: Vec<NoteSignature>) -> Result<SignedNote, NoteError> {
        let note = SignedNote { text: text.into(), signatures };
        if !note.text.ends_with('\n') {
            return Err(NoteError::NoText);
        }
        if note.signatures.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        if note.signatures.len() > SIGNATURE_LINES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        if let Some(n) = note.signatures.iter().position(|line| line.signature.is_empty()) {
            return Err(NoteError::MalformedLine { line: n + 1 });
        }
        check_characters(note.to_string().as_bytes())?;
        Ok(note)
    }

    pub fn parse(bytes: &[u8]) -> Result<SignedNote, NoteError> {
        let note = check_characters(bytes)?;
        let end = note.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        Ok(SignedNote { text: text.to_owned(), signatures: parse_signatures(lines)? })
    }

    /// With its final newline: the bytes that are signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The same note with more lines below; those that it has already are not repeated.
    pub fn with(&self, more: impl IntoIterator<Item = NoteSignature>) -> Result<SignedNote, NoteError> {
        let mut signatures = self.signatures.clone();
        for signature in more {
            if !signatures.contains(&signature) {
                signatures.push(signature);
            }
        }
        SignedNote::new(self.text.clone(), signatures)
    }

    /// Which of `keys` have signed the text. Lines of unknown keys are ignored; a line of a known key that is bad
    /// condemns the whole note.
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifierKey>,
    ) -> Result<Vec<Verified<'k>>, VerifyError> {
        let keys: Vec<&VerifierKey> = keys.into_iter().collect();
        let mut verified = Vec::new();
        for line in &self.signatures {
            let (name, id) = (|| line.name.clone(), line.id);
            let mut known = keys.iter().copied().filter(|key| *key.name() == line.name && key.id() == id);
            let Some(key) = known.next() else { continue };
            if known.any(|other| other != key) {
                return Err(VerifyError::AmbiguousKeys { name: name(), id });
            }
            let time = key.check(&self.text, &line.signature);
            let time = time.ok_or_else(|| VerifyError::BadSignature { name: name(), id })?;
            verified.push(Verified { key, time });
        }
        if verified.is_empty() { Err(VerifyError::NoKnownSignature) } else { Ok(verified) }
    }
}

/// Signature lines alone, as a witness answers with: at least one, each ended by a newline.
pub fn parse_signatures(lines: &str) -> Result<Vec<NoteSignature>, NoteError> {
    let lines = lines.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
    let mut signatures = Vec::new();
    for (n, line) in lines.split('\n').enumerate() {
        if n == SIGNATURE_LINES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        signatures.push(parse_line(line).ok_or(NoteError::MalformedLine { line: n + 1 })?);
    }
    Ok(signatures)
}

/// Without its newline.
fn parse_line(line: &str) -> Option<NoteSignature> {
    let (name, blob) = line.strip_prefix("— ")?.split_once(' ')?;
    let blob = STANDARD.decode(blob).ok()?;
    let (id, signature) = blob.split_first_chunk()?;
    if signature.is_empty() {
        return None;
    }
    Some(NoteSignature { name: KeyName::from_str(name).ok()?, id: KeyId(*id), signature: signature.to_vec() })
}

fn check_characters(note: &[u8]) -> Result<&str, NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLong);
    }
    let is_control = |b: &u8| *b < b' ' && *b != b'\n';
    if note.iter().any(is_control) {
        return Err(NoteError::Characters);
    }
    std::str::from_utf8(note).map_err(|_| NoteError::Characters)
}

impl fmt::Display for NoteSignature {
    /// The line with its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = STANDARD.encode([&self.id.0[..], &self.signature].concat());
        writeln!(f, "— {} {blob}", self.name)
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}

#[cfg(test)]
mod tests;
