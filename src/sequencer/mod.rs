//! Floor 4: the one way into the log.
//!
//! [`admission`] checks statements on as many threads as there are callers. The writer, one thread, takes whatever
//! waits, applies it, seals it with a map record, signs one checkpoint, writes and syncs once, and then answers all: an
//! answer means that record, checkpoint and everything derived are on the disk. Readers see what was answered, never
//! more. What it writes to, it does not know; what it may write, `ledger` decides.
//!
//! A disk that does not hold what was signed stops the writer, on opening and while it runs; reading goes on. After any
//! failure the state in memory is dropped. If nothing had been written, the disk is read anew with all checks of opening,
//! and only a reload that succeeds lets the writer go on; once a write was begun, only a new start does.

pub mod admission;
pub mod clock;
mod commit;
mod create;
mod handle;
mod inspect;
mod open;
mod published;
mod replica;
mod room;
mod signer;
mod status;
mod writer;

#[cfg(test)]
mod tests;

pub use admission::{AdmissionError, Refused, Submission};
pub use clock::{Clock, ClockProblem, SystemClock};
pub use create::{CreateError, create, create_in};
pub use handle::{Accepted, Aside, EraseError, LedgerHandle, Pending, SubmitError, UploadError};
pub use open::{Guards, Ledger, OpenError, Outside, Parts, Settings};
pub use published::{Commit, CommittedRecord, Published, Receipt, ReceiptError};
pub use replica::{Replica, ReplicaError};
pub use room::{Disks, Room, Space};
pub use signer::LogSigner;
pub use status::{ReadOnly, Status};
pub use writer::{GROUP_MAX, QUEUE_MAX};
