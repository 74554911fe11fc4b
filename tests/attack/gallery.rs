//! The attacks, in the order of docs/threat-model.md, and what nothing catches.

use std::collections::BTreeSet;

use anyhow::ensure;

use crate::attacks::{hiding, history, json, pages, records, splitting, watching};
use crate::stage::Stage;
use crate::telling::Telling;

pub(crate) struct Attack {
    /// Stable: docs/threat-model.md names it.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) stage: fn(&Stage, &mut Telling) -> anyhow::Result<()>,
}

const fn attack(
    name: &'static str,
    title: &'static str,
    stage: fn(&Stage, &mut Telling) -> anyhow::Result<()>,
) -> Attack {
    Attack { name, title, stage }
}

pub(crate) const ATTACKS: &[Attack] = &[
    attack("edit", "the operator changes a record", history::edit),
    attack("delete", "the operator deletes a failed test", history::delete),
    attack("reorder", "the operator changes the order of records", history::reorder),
    attack("back-date", "a record is made older than it is", history::back_date),
    attack("truncate-chain-tail", "the end of a chain is left out of a bundle", hiding::truncate),
    attack("hide-revocation", "the operator signs a map that leaves a revocation out", hiding::revocation),
    attack(
        "hide-failed-inspection",
        "the operator signs a map that leaves a failed test out",
        hiding::failed_inspection,
    ),
    attack("no-map-record", "the operator signs a checkpoint that no map record ends", hiding::no_map_record),
    attack(
        "drop-link",
        "the operator keeps a record out of a chain that its signer named",
        hiding::drop_link,
    ),
    attack("fork", "the operator shows two histories to two people", splitting::fork_it),
    attack("fork-to-two-monitors", "two monitors are shown one history each", watching::two_monitors),
    attack("roll-back-data-dir", "the data directory goes back to yesterday's copy", splitting::roll_back),
    attack("restore-and-go-on", "a backup is restored and written on", splitting::restore),
    attack(
        "witness-rolled-back",
        "a witness forgets, and cosigns a second history",
        splitting::witness_rolled_back,
    ),
    attack("stolen-log-key", "the log's own key is stolen", splitting::stolen_log_key),
    attack("look-alike-ledger", "another ledger under the same name", splitting::look_alike),
    attack("forge-statement", "words are put into a farm's mouth", records::forge_statement),
    attack("recover-keys", "the registrar gives himself a farm's keys", watching::recover_keys),
    attack("similar-name", "the registrar invents a farm that sounds like another", watching::similar_name),
    attack("revoked-key", "a stolen phone signs after its revocation", records::revoked_key),
    attack("wrong-role", "a laboratory signs as if it were a farm", records::wrong_role),
    attack("replay", "a statement is counted twice", records::replay),
    attack("same-id-other-payload", "two statements under one id", records::same_id),
    attack("other-ledgers-statement", "a statement for another ledger is used here", records::other_ledger),
    attack("swap-attachment", "a report is exchanged for a better one", records::swap_attachment),
    attack("two-readings", "one JSON that two programs read differently", json::two_readings),
    attack("oversale", "a packhouse packs more than was grown", records::oversale),
    attack("page-lies", "the page says something else than the records", pages::page_lies),
    attack("serve-old-bundle", "yesterday's page and bundle are shown today", pages::old_bundle),
    attack("invented-code", "a code of a batch that does not exist", pages::invented_code),
];

/// What nothing here catches, by the name in docs/threat-model.md and in its words.
pub(crate) const BEYOND: &[(&str, &str)] = &[
    ("untold-rewrite", "Whoever has no receipt and asks nobody else does not notice"),
    (
        "unwitnessed-fork",
        "Two people who never compare, directly or through a monitor, a mirror or a witness, do not notice",
    ),
    ("colluding-witnesses", "Witnesses that collude with the operator can cosign a fork"),
    ("refuse-or-delay", "only its signer knows. The signed envelope without a receipt is all they have"),
    ("unnoticed-log-key", "Whoever meets only the thief, with the old file, sees nothing"),
    ("ledger-time", "Within that, `at` is the operator's word"),
    (
        "invented-organisation",
        "not caught by cryptography. Who checked the identity, how and when is in the record and shown beside the name",
    ),
    ("unnoticed-key", "Until somebody notices, it signs"),
    ("false-readings", "a signature says who said it, not that it is so"),
    (
        "copied-code",
        "a batch code is public. Unit codes, scan history: E; even they show copying only, not what is in the box",
    ),
    (
        "page-and-trust-lie",
        "not caught by the page: it says so, whose server sent them, and what to do instead",
    ),
];

const THREAT_MODEL: &str = include_str!("../../docs/threat-model.md");

/// Each attack stands in a row of the threat model, in the column "shown by"; each name there is an attack here, or
/// something that nothing catches, and then the row says so.
pub(crate) fn are_those_of_the_threat_model() -> anyhow::Result<()> {
    let told: BTreeSet<&str> = THREAT_MODEL.lines().flat_map(named).collect();
    let beyond = BEYOND.iter().map(|(name, _)| *name);
    let staged: BTreeSet<&str> = ATTACKS.iter().map(|attack| attack.name).chain(beyond).collect();
    ensure!(staged.len() == ATTACKS.len() + BEYOND.len(), "two attacks have one name");
    let (only_here, only_there): (Vec<_>, Vec<_>) =
        (staged.difference(&told).collect(), told.difference(&staged).collect());
    ensure!(
        only_here.is_empty() && only_there.is_empty(),
        "docs/threat-model.md does not name {only_here:?}, and names {only_there:?}, which are not here"
    );
    for (name, says) in BEYOND {
        let row = THREAT_MODEL.lines().find(|row| named(row).any(|told| told == *name));
        let row = row.unwrap_or_default().replace("**", "");
        ensure!(row.contains(says), "docs/threat-model.md does not say of {name}: {says}");
    }
    Ok(())
}

/// The attacks that a row says `scripts/attack` shows.
fn named(row: &str) -> impl Iterator<Item = &str> {
    let shown = row.starts_with('|').then(|| row.split_once("`scripts/attack` ")).flatten();
    let names = shown.map_or("", |(_, names)| names.split([';', '|']).next().unwrap_or_default());
    names.split(", ").filter_map(|name| name.trim().strip_prefix('*')?.strip_suffix('*'))
}
