//! The JSON interface, `/api/v1`.

pub mod alarms;
pub mod anchors;
pub mod batches;
pub mod blobs;
pub mod bulk;
pub mod checkpoints;
pub mod orgs;
pub mod records;
pub mod statements;

use super::endpoints::Endpoint;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    [
        alarms::endpoints(),
        anchors::endpoints(),
        batches::endpoints(),
        blobs::endpoints(),
        bulk::endpoints(),
        checkpoints::endpoints(),
        orgs::endpoints(),
        records::endpoints(),
        statements::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
