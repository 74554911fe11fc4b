//! `suyuan trace`: the story of a batch, as a table or JSON.

use std::collections::BTreeSet;
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
  suyuan trace green-farm.lot1 --dir /srv/suyuan --graph
  suyuan trace green-farm.lot1 --from https://trace.example.org --forward --json

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
    /// Where it came from and what was made of it, with quantities
    #[arg(long)]
    graph: bool,
    /// What was made of it
    #[arg(long, conflicts_with = "graph")]
    forward: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let batch = path_segment(batch_id(&args.batch))?;
    if args.graph || args.forward {
        return graph(&args, batch);
    }
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

fn graph(args: &Args, batch: &str) -> anyhow::Result<Answer> {
    let mut graph: Value = match args.source.source()? {
        Source::Service(url) => {
            let path = format!("/api/v1/batches/{batch}/graph");
            let bytes = Fetcher::new(url)?.get_path(&path, STORY_BYTES_MAX)?;
            serde_json::from_slice(&bytes).context("the service's answer is not JSON")?
        }
        Source::Dir(dir) => local::graph(dir, batch)?,
    };
    if args.forward {
        keep_forward(&mut graph);
    }
    let mut out = std::io::stdout().lock();
    match args.json {
        true => writeln!(out, "{graph}")?,
        false => print_graph(&graph, &mut out)?,
    }
    Ok(Answer::Done)
}

/// Leaves out what it came from.
fn keep_forward(graph: &mut Value) {
    let is_forward = |node: &Value| node["depth"].as_i64().is_some_and(|depth| depth >= 0);
    let Some(nodes) = graph["nodes"].as_array_mut() else { return };
    nodes.retain(is_forward);
    let kept: BTreeSet<String> =
        nodes.iter().filter_map(|node| node["subject"].as_str().map(str::to_owned)).collect();
    let is_kept = |subject: &Value| subject.as_str().is_some_and(|subject| kept.contains(subject));
    if let Some(edges) = graph["edges"].as_array_mut() {
        edges.retain(|edge| is_kept(&edge["from"]) && is_kept(&edge["to"]));
    }
    graph["more_back"] = Value::from(0);
}

fn print_graph(graph: &Value, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let amount = |value: &Value| match (value["value"].as_i64(), value["base"].as_str()) {
        (Some(value), Some(base)) => format!("{value} {base}"),
        _ => "-".to_owned(),
    };
    writeln!(out, "{}, as of {} entries", word(&graph["subject"]), graph["size"])?;
    writeln!(out)?;
    for node in graph["nodes"].as_array().into_iter().flatten() {
        let said = ["name", "product", "variety", "grade"];
        let said: Vec<String> =
            said.iter().filter_map(|name| node[*name].as_str().map(str::to_owned)).collect();
        let (depth, kind) = (node["depth"].as_i64().unwrap_or_default(), word(&node["kind"]));
        let (subject, made) = (word(&node["subject"]), amount(&node["amount"]));
        writeln!(out, "{depth:>4}  {kind:<10} {subject:<40} {made:>14}  {}", said.join(" "))?;
    }
    writeln!(out)?;
    for edge in graph["edges"].as_array().into_iter().flatten() {
        let (kind, from, to) = (word(&edge["kind"]), word(&edge["from"]), word(&edge["to"]));
        writeln!(out, "{:>6}  {kind:<10} {from} -> {to}  {}", edge["source"]["seq"], amount(&edge["taken"]))?;
    }
    for (name, side) in [("more_back", "it came from"), ("more_forward", "were made of it")] {
        if let Some(more) = graph[name].as_u64().filter(|more| *more > 0) {
            writeln!(out, "and {more} more that {side}")?;
        }
    }
    Ok(())
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
