//! The pages in headless Chromium, where the browser's own verifier runs.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::run::{self, Asked};
use crate::stage::Stage;

/// What is done in the browser.
pub(crate) enum Look<'a> {
    /// Opens a page of a batch and taps 「我要自己验证」.
    Page { url: String },
    /// Opens `/verify` of a service and drops a bundle and a trust file there.
    Files { url: String, bundle: &'a str, trust: &'a str },
}

#[derive(Deserialize)]
struct Seen {
    lines: Vec<String>,
    verified: bool,
    failed: Option<String>,
}

/// One browser for all of them, in their order. The code is 0 where the page says that the evidence holds and agrees
/// with it, 1 where it does not.
pub(crate) fn looks(stage: &Stage, looks: &[Look<'_>]) -> anyhow::Result<Vec<Asked>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ensure!(
        root.join("web/node_modules/playwright-core").exists(),
        "the browser's driver is missing: run scripts/attack or scripts/test, which install it"
    );
    let file = |name: &str| stage.path(name).display().to_string();
    let tasks: Vec<Value> = looks
        .iter()
        .map(|look| match look {
            Look::Page { url } => json!({ "url": url, "bundle": null, "trust": null }),
            Look::Files { url, bundle, trust } => {
                json!({ "url": format!("{url}/verify?lang=en"), "bundle": file(bundle), "trust": file(trust) })
            }
        })
        .collect();
    let script = root.join("tests/attack/browser.mjs").display().to_string();
    let ran = run::program(root, "node", &[&script], &json!(tasks).to_string())
        .context("Node is missing: run scripts/attack or scripts/test, which install it")?;
    ensure!(ran.code == 0, "the browser: {}", ran.text());
    let seen: Vec<Seen> = serde_json::from_str(&ran.text()).context("the browser's answer")?;
    ensure!(seen.len() == looks.len(), "the browser looked at {} of {}", seen.len(), looks.len());
    looks.iter().zip(seen).map(|(look, seen)| asked(look, seen)).collect()
}

fn asked(look: &Look<'_>, seen: Seen) -> anyhow::Result<Asked> {
    ensure!(seen.failed.is_none(), "the browser: {}", seen.failed.unwrap_or_default());
    let what = match look {
        Look::Page { url } => format!("{url} in Chromium, and a tap on \"I want to check it myself\""),
        Look::Files { url, bundle, trust } => format!("{url}/verify in Chromium, with {bundle} and {trust}"),
    };
    Ok(Asked { what, code: i32::from(!seen.verified), lines: seen.lines })
}
