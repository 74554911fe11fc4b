//! Floor 2: what the ledger is. Records and the rules that let them in; a pure function of the records so far.
//!
//! [`Entry`] is one leaf of the log. [`State`] replays entries: [`State::apply`] is the only way that anything
//! derived from them changes, so an auditor who replays the entries ends with the same bytes as the operator.
//! [`rules`] decides whether a record may stand where it stands; [`rights`] is its table of who may sign what.
//! Nothing here reads a clock or a disk: derived facts are read through [`Facts`].

mod entry;
mod facts;
pub mod index;
mod reader;
mod refusal;
mod rights;
mod rules;
mod signatures;
mod state;

pub use entry::{Entry, EntryError, Link, MapRecord, Record};
pub use facts::{
    BatchFact, ConsumedId, CropFact, Detail, DeviceFact, Facts, FactsError, KeyFact, LeafFact, LogFact,
    MemoryFacts, OpenShipment, OrgFact, OrgStatus, PlotFact, ReplacedKey, Revocation, Scope, SubjectFact,
    keys,
};
pub use reader::Reader;
pub use refusal::{Class, Code, Refusal};
pub use rights::{RIGHTS, Relation, Right, right_of};
pub use rules::{
    CheckError, Lookup, Outcome, RULES_KNOWN, View, check, introduced_keys, lots_of, publication, references,
};
pub use state::{Applied, ApplyError, Change, State};
