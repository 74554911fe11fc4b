//! A ledger's directory on this machine, read without a service.

use std::path::Path;

use serde_json::Value;

use crate::verify::Trust;
use crate::verify::audit::AuditReport;

use super::audit::Check;

const NOT_YET: &str = "this build reads a ledger through a service only: say --from URL";

pub(super) fn story(_: &Path, _: &str) -> anyhow::Result<Value> {
    anyhow::bail!(NOT_YET)
}

pub(super) fn bundle(_: &Path, _: &str, _: Option<u64>) -> anyhow::Result<Vec<u8>> {
    anyhow::bail!(NOT_YET)
}

pub(super) fn audit(_: &Path, _: Option<&Trust>, _: bool) -> anyhow::Result<(AuditReport, Vec<Check>)> {
    anyhow::bail!(NOT_YET)
}
