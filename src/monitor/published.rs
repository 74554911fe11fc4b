//! The list of checkpoints that the ledger names as its one publication, held against the copy that was followed.
//!
//! Whoever keeps two histories can show each to whom he likes; on this list there is room for one, and everybody reads
//! the same.

use std::time::Duration;

use super::alarm::Kind;
use crate::anchor::Publication;
use crate::anchor::evm::{Misfit, misfits};
use crate::follow::Follower;
use crate::ledger::Reader;
use crate::merkle::tree::root_at;
use crate::publish::anchors::evm::{Rpc, SettingsError, list};

const TIMEOUT: Duration = Duration::from_secs(20);

/// The nodes that are asked for it.
pub(super) struct Published(Vec<Rpc>);

/// What stands there that does not go together with the copy: a kind, and a sentence.
pub(super) type Found = Vec<(Kind, String)>;

impl Published {
    pub(super) fn new(urls: &[String]) -> Result<Published, SettingsError> {
        Ok(Published(urls.iter().map(|url| Rpc::new(url, TIMEOUT)).collect::<Result<_, _>>()?))
    }

    pub(super) fn is_asked(&self) -> bool {
        !self.0.is_empty()
    }

    /// Reads the list from every node. Nothing where neither the ledger nor the trust file names one.
    pub(super) fn look(&self, follower: &Follower) -> Found {
        let mut found = Vec::new();
        let Some(log) = follower.replica().log() else { return found };
        let named: Option<Publication> = log.publication.as_ref().and_then(|place| place.parse().ok());
        let told = follower.trust().anchors.publication.clone();
        if let (Some(told), Some(named)) = (&told, &named)
            && told != named
        {
            let text = format!("the ledger publishes at {named}, the trust file says {told}");
            found.push((Kind::PublicationOther, text));
        }
        let Some(place) = told.or(named) else { return found };
        let (Ok(origin), reader) = (log.origin.parse(), Reader(follower.replica().store().snapshot())) else {
            return found;
        };
        let (size, root) = (log.size, |size: u64| root_at(&reader, size).ok());
        for node in &self.0 {
            match list(node, &place, &log.origin) {
                Err(error) => {
                    found.push((Kind::PublicationUnreadable, format!("the list at {place}: {error}")))
                }
                Ok(entries) => {
                    let held = |at: u64| if at <= size { root(at) } else { None };
                    let misfits = misfits(&entries, &origin, held).into_iter();
                    found.extend(misfits.map(|misfit| told_of(misfit, node.name())));
                }
            }
        }
        found
    }
}

fn told_of(misfit: Misfit, node: &str) -> (Kind, String) {
    match misfit {
        Misfit::OtherRoot(entry) => (
            Kind::PublicationOther,
            format!(
                "a checkpoint of {} entries was published in block {} that is not this log's: two histories (by {node})",
                entry.size, entry.block_number
            ),
        ),
        Misfit::NotThereYet(entry) => (
            Kind::PublicationAhead,
            format!(
                "a checkpoint of {} entries was published in block {}, and the log is shown without them (by {node})",
                entry.size, entry.block_number
            ),
        ),
        Misfit::NotLarger { entry, before } => (
            Kind::PublicationOther,
            format!(
                "after a checkpoint of {} entries one of {} was published: no AnchorLog makes such a list (by {node})",
                before.size, entry.size
            ),
        ),
    }
}
