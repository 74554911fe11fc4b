//! Floor 4: another's log, read over HTTP and believed only as far as it can be checked.
//!
//! [`Tiles`] reads the pieces of C2SP tlog-tiles; [`replay`] runs a whole log through the rules and holds every entry
//! and every hash tile against the checkpoint. A [`Follower`] keeps a verified copy in a store and goes on from there, a
//! [`Mirror`] does so while it is served.
//! [`history`] says whether two checkpoints are of one history, and shows it where they are not.

pub mod evidence;
mod fetch;
mod follower;
mod grow;
pub mod history;
mod home;
mod keys;
pub mod mirror;
mod nodes;
mod replay;
mod tiles;
mod wrong;

#[cfg(test)]
mod tests;

pub use fetch::{Answer, FetchError, Fetcher, Get};
pub use follower::{FollowError, Follower, Held, Moved, Terms, Watch};
pub use home::{Home, HomeError};
pub use mirror::Mirror;
pub use nodes::TileNodes;
pub use replay::{Replayed, replay};
pub use tiles::Tiles;
pub use wrong::{Wrong, WrongKind};
