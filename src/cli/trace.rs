//! `suyuan trace`: the story of a batch, as a table or JSON.

use std::io::Write as _;

use anyhow::Context as _;
use serde_json::Value;

use crate::follow::Fetcher;

use super::source::{Source, SourceArgs, batch_id, path_segment};
use super::{Answer, local};

const STORY_BYTES_MAX: u64 = 16 * 1024 * 1024;

const EXAMPLES: &str = "\
Examples:
  suyuan trace green-farm.lot1 --from https://trace.example.org
  suyuan trace green-farm.lot1 --dir /srv/suyuan --json

This is what the ledger's operator says. To check it, get the bundle and verify it:
  suyuan bundle green-farm.lot1 --from https://trace.example.org --out lot1.bundle
  suyuan verify lot1.bundle --trust trust.json";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The batch's id (ORG.LOT); a service takes its short code too
    batch: String,
    #[command(flatten)]
    source: SourceArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let batch = path_segment(batch_id(&args.batch))?;
    let story = match args.source.source()? {
        Source::Service(url) => {
            let path = format!("/api/v1/batches/{batch}/trace");
            let bytes = Fetcher::new(url)?.get_path(&path, STORY_BYTES_MAX)?;
            serde_json::from_slice(&bytes).context("the service's answer is not JSON")?
        }
        Source::Dir(dir) => local::story(dir, batch)?,
    };
    let mut out = std::io::stdout().lock();
    match args.json {
        true => writeln!(out, "{story}")?,
        false => print(&story, &mut out)?,
    }
    Ok(Answer::Done)
}

fn print(story: &Value, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    writeln!(out, "{}  {}", word(&story["subject"]), word(&story["short_code"]))?;
    writeln!(out, "condition: {}, as of {} entries", word(&story["condition"]), story["size"])?;
    for ancestor in story["ancestors"].as_array().into_iter().flatten() {
        writeln!(out, "from:      {}", word(ancestor))?;
    }
    writeln!(out)?;
    for event in story["events"].as_array().into_iter().flatten() {
        let signers = event["signers"].as_array().into_iter().flatten();
        let signers: Vec<String> = signers
            .map(|signer| {
                let org = word(&signer["org"]);
                let name = story["organisations"][&org]["name"].as_str();
                format!("{} as {}", name.unwrap_or(&org), word(&signer["as"]))
            })
            .collect();
        let flags = [("late", "recorded late"), ("ahead", "claims a later time than the ledger's")];
        let flags: String = flags
            .into_iter()
            .filter(|(flag, _)| event[*flag] == true)
            .map(|(_, text)| format!("  [{text}]"))
            .collect();
        writeln!(
            out,
            "{:>6}  {:<26} {:<16} {:<28} {}{flags}",
            event["seq"],
            word(&event["occurred_at"]),
            word(&event["kind"]),
            word(&event["subject"]),
            signers.join(", "),
        )?;
    }
    Ok(())
}
