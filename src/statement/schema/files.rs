//! The schema files as they stand in `schemas/`, embedded: there is no other source and nothing is fetched.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::statement::kinds::Kind;

/// Shapes that several kinds share.
pub(super) const DEFS: &str = "defs-1";
/// The payload's outer members.
pub(super) const STATEMENT: &str = "statement-1";

/// Not a schema: every free text that stands in clear, and why it may.
pub(super) const PUBLIC_TEXT: &str = "public-text";

/// The text of `schemas/<name>.json`, for serving it under `/schemas/`.
pub fn schema_json(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of the schemas that [`schema_json`] knows.
pub fn schema_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name).filter(|name| *name != PUBLIC_TEXT)
}

/// The name of the file that describes a kind's data: `harvest-1`.
pub fn schema_name(kind: Kind) -> String {
    format!("{}-{}", kind.name(), kind.version())
}

pub(super) fn parsed(name: &str) -> Option<&'static Value> {
    PARSED.get(name)
}

static PARSED: LazyLock<BTreeMap<&'static str, Value>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|(name, text)| {
            // The files are part of the program; a test parses every one.
            (*name, serde_json::from_str(text).expect("an embedded schema is JSON"))
        })
        .collect()
});

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../../schemas/", $name, ".json")))),*]
    };
}

const FILES: &[(&str, &str)] = files! {
    "correction-1"
    "crop.open-1"
    "defs-1"
    "enforcement-1"
    "genesis-1"
    "grading-1"
    "guarantee-1"
    "harvest-1"
    "hold-1"
    "input-1"
    "inspection-1"
    "irrigation-1"
    "ledger.anchor-1"
    "ledger.key-1"
    "ledger.rules-1"
    "observation-1"
    "org.key.add-1"
    "org.key.revoke-1"
    "org.register-1"
    "org.update-1"
    "packing-1"
    "planting-1"
    "plot.register-1"
    "processing-1"
    "public-text"
    "receiving-1"
    "release-1"
    "rules.set-1"
    "sale-1"
    "sampling-1"
    "shipping-1"
    "sign-off-1"
    "statement-1"
    "storage-1"
    "withdrawal-1"
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_folder_the_table_and_the_kinds_name_the_same_files() {
        let folder: BTreeSet<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas"))
            .unwrap()
            .filter_map(|entry| {
                entry.unwrap().file_name().into_string().unwrap().strip_suffix("-1.json").map(str::to_owned)
            })
            .collect();
        let table: BTreeSet<String> =
            schema_names().map(|name| name.strip_suffix("-1").unwrap().to_owned()).collect();
        let kinds: BTreeSet<String> = Kind::ALL
            .iter()
            .map(|kind| kind.name().to_owned())
            .chain(["defs".into(), "statement".into()])
            .collect();
        assert_eq!(folder, table);
        assert_eq!(table, kinds);
    }

    #[test]
    fn each_file_is_json_and_says_its_own_address() {
        for name in schema_names() {
            assert_eq!(parsed(name).unwrap()["$id"], format!("/schemas/{name}.json"));
        }
        assert_eq!(schema_json("harvest-2"), None);
    }
}
