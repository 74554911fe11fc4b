//! `suyuan demo`: a ledger filled with four stories of real places, told through the real path.
//!
//! Keys are made, organisations registered, values sealed, statements signed and sent over HTTP to the running
//! service, exactly as a farm's phone would. Nothing here reaches into the store: what the demonstration can show,
//! every other client can do.
//!
//! Asked for farms, it fills the ledger with seasons rolled from a seed instead ([`seasons`]).

mod cast;
mod chain;
mod client;
mod draft;
mod found;
#[cfg(test)]
mod memory;
mod moves;
mod pictures;
mod readings;
mod report;
mod run;
mod season;
mod seasons;
mod stories;
mod teller;
mod wrap;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use pictures::drawings;

use jiff::Timestamp;

use crate::anchor::Publication;
use crate::merkle::Hash;
use crate::statement::ed25519::KeyPair;

pub use run::{Options, run};
pub use seasons::{Found, Fraud, Kinds, Planted, Record, Wanted, check};
pub use stories::{Featured, Story};
pub use teller::{MadeKey, Told};

/// What telling left behind.
pub struct Telling {
    pub stories: Vec<Story>,
    pub told: Told,
    pub keys: Vec<MadeKey>,
}

/// Tells all stories to the service at `url`, as of `now`; `heard` learns of each when it ends.
///
/// `ledger` is the leaf hash of the service's genesis record, `registrar` an admin key of its registrar; `publication` is
/// where its checkpoints are published, if anywhere.
pub fn tell(
    url: &str,
    ledger: Hash,
    registrar: KeyPair,
    publication: Option<&Publication>,
    now: Timestamp,
    heard: impl FnMut(&Story),
) -> anyhow::Result<Telling> {
    let mut client = client::Client::new(url);
    let mut teller = teller::Teller::new(&mut client, ledger, registrar, now);
    let stories = stories::tell_all(&mut teller, heard)?;
    if let Some(publication) = publication {
        // The registrar's desk recorded it a day ago; nothing is recorded ahead of the clock.
        teller.publish_at(publication, season::in_china(now - jiff::SignedDuration::from_hours(24)))?;
    }
    Ok(Telling { stories, told: teller.told(), keys: teller.into_keys() })
}
