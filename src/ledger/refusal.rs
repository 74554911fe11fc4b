//! Why a statement was not taken. Refusals are few and named; what is true but unwelcome is recorded, never refused.

use std::fmt;

/// Whether the same statement may be accepted later, so that a client knows to keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Something it builds on may still be on its way: keep it and try again.
    Retry,
    /// It will never be accepted as it is.
    Permanent,
}

/// The stable name of a refusal: the last part of the problem type's URI, and what tests compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The same id with another payload by the same organisation.
    Conflict,
    /// The phone's own chain has a gap before this statement.
    DeviceGap,
    /// The phone's own chain already has another statement at this place.
    DeviceFork,
    /// The statement does not have the form of its kind.
    Form,
    /// A link, sequence number or ledger time that does not continue what is there.
    Link,
    /// The signer may not say this about that subject.
    Right,
    /// A signature is missing, foreign or wrong.
    Signature,
    /// More bytes than an entry may have.
    Size,
    /// A correction of a version that is not the current one.
    StaleCorrection,
    /// The key, organisation, plot, season, lot or record named is not in the ledger.
    Unknown,
    /// The statement is for another ledger.
    WrongLedger,
}

impl Code {
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Conflict => "conflict",
            Code::DeviceGap => "device-gap",
            Code::DeviceFork => "device-fork",
            Code::Form => "form",
            Code::Link => "link",
            Code::Right => "right",
            Code::Signature => "signature",
            Code::Size => "size",
            Code::StaleCorrection => "stale-correction",
            Code::Unknown => "unknown",
            Code::WrongLedger => "wrong-ledger",
        }
    }

    pub fn class(self) -> Class {
        match self {
            Code::DeviceGap | Code::Unknown => Class::Retry,
            _ => Class::Permanent,
        }
    }
}

/// A refusal with the one plain sentence that its reader gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub message: String,
}

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}
