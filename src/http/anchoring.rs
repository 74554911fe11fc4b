//! From the settings to the places where this service anchors.

use crate::anchor::roots_of_pem;
use crate::config::{Config, EvmConfig, Finality, TsaConfig};
use crate::publish::anchors::evm::{self, EvmSettings, EvmSubmitter, GasKey};
use crate::publish::anchors::{
    Authority, AuthoritySettings, CalendarSettings, Calendars, NodeSettings, Plan, Submit,
};

/// One plan for each place that the settings name; the error is one sentence.
pub fn plans(config: &Config) -> Result<Vec<Plan>, String> {
    let anchors = &config.anchors;
    let mut plans = Vec::new();
    if let Some(tsa) = &anchors.tsa {
        let roots = tsa_roots(config, tsa)?;
        let authority = Authority::new(AuthoritySettings::new(tsa.url.clone(), roots));
        plans.push(Plan { submit: Box::new(authority), every: tsa.every });
    }
    let mut hourly = |submit: Box<dyn Submit>| plans.push(Plan { submit, every: anchors.every });
    if let Some(chain) = &anchors.evm {
        let submitter = EvmSubmitter::new(evm_settings(config, chain)?);
        hourly(Box::new(submitter.map_err(|error| error.to_string())?));
    }
    if !anchors.calendars.is_empty() {
        let calendars = Calendars::new(CalendarSettings {
            also: anchors.calendars_also.clone(),
            node: anchors.bitcoin_rpc.as_deref().map(NodeSettings::of_address),
            ..CalendarSettings::new(anchors.calendars.clone())
        });
        hourly(Box::new(calendars.map_err(|error| error.to_string())?));
    }
    Ok(plans)
}

/// The account and chain that the settings name, for anchoring and for deploying.
pub fn evm_settings(config: &Config, chain: &EvmConfig) -> Result<EvmSettings, String> {
    let key = GasKey::read(&config.dir.join(&chain.key)).map_err(|error| error.to_string())?;
    Ok(EvmSettings {
        rpc: chain.rpc.clone(),
        chain_id: chain.chain_id,
        key,
        contract: chain.contract,
        finality: match chain.finality {
            Finality::Finalized => evm::Finality::Tag,
            Finality::Depth(blocks) => evm::Finality::Depth(blocks),
        },
        replace_after: EvmSettings::REPLACE_AFTER,
        max_fee_gwei: EvmSettings::MAX_FEE_GWEI,
        timeout: EvmSettings::TIMEOUT,
    })
}

/// The authority's roots, as DER.
pub(super) fn tsa_roots(config: &Config, tsa: &TsaConfig) -> Result<Vec<Vec<u8>>, String> {
    let path = config.dir.join(&tsa.roots);
    let wrong = |problem: String| format!("{}: {problem}", path.display());
    let pem = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
    roots_of_pem(&pem).map_err(wrong)
}
