//! Floor 4: another's log, read over HTTP and believed only as far as it can be checked.
//!
//! [`Tiles`] reads the pieces of C2SP tlog-tiles; [`replay`] runs a whole log through the rules and holds every entry
//! and every hash tile against the checkpoint.

mod fetch;
mod replay;
mod tiles;

pub use fetch::{Answer, FetchError, Fetcher, Get};
pub use replay::{Replayed, replay};
pub use tiles::Tiles;
