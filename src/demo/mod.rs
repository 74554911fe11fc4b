//! `suyuan demo`: a ledger filled with four stories of real places, told through the real path.
//!
//! Keys are made, organisations registered, values sealed, statements signed and sent over HTTP to the running
//! service, exactly as a farm's phone would. Nothing here reaches into the store: what the demonstration can show,
//! every other client can do.

mod cast;
mod draft;
#[cfg(test)]
mod memory;
mod pictures;
mod readings;
mod report;
mod season;
mod stories;
mod teller;

#[cfg(test)]
mod tests;
