//! The rule tables as they stand in `schemas/rules/`, embedded: what an operator may begin with, and nothing that counts
//! before a registrar has signed it into a ledger.

/// The names of the tables that the program brings along.
pub fn rule_table_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// The text of `schemas/rules/<name>.json`, which is the data of a `rules.set`.
pub fn rule_table_json(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

const FILES: &[(&str, &str)] = &[("intervals", include_str!("../../../schemas/rules/intervals.json"))];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::statement::kinds::Kind;
    use crate::statement::schema::validate;

    fn tables() -> Vec<(String, Value)> {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/rules")).unwrap();
        let paths = folder.map(|entry| entry.unwrap().path());
        let tables = paths.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        tables
            .map(|path| {
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                (name, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
            })
            .collect()
    }

    #[test]
    fn every_file_is_a_table_and_every_table_is_embedded() {
        let mut named = BTreeSet::new();
        for (name, table) in tables() {
            assert_eq!(validate(Kind::RulesSet, &table), Ok(()), "{name}");
            assert_eq!(table["table"], name.as_str());
            let embedded: Value = serde_json::from_str(rule_table_json(&name).unwrap()).unwrap();
            assert_eq!(embedded, table, "{name}");
            named.insert(name);
        }
        assert_eq!(rule_table_names().map(str::to_owned).collect::<BTreeSet<_>>(), named);
        assert_eq!(rule_table_json("nothing"), None);
    }

    #[test]
    fn every_row_was_read_somewhere_and_none_is_made_up() {
        for (name, table) in tables() {
            let rows = table[name.as_str()].as_array().unwrap();
            assert!(!rows.is_empty(), "{name}");
            for row in rows {
                assert!(row.get("fictional").is_none(), "{name}: {row}");
                let quote = row["source"]["quote"].as_str().unwrap();
                assert!(!quote.is_empty() && row["source"]["address"].is_string(), "{name}: {row}");
            }
        }
    }

    /// The columns of the one source end with uses and days: the two figures must not change places.
    #[test]
    fn intervals_say_uses_and_days_in_the_order_of_their_source() {
        let (_, table) = tables().into_iter().find(|(name, _)| name == "intervals").unwrap();
        for row in table["intervals"].as_array().unwrap() {
            let quote = row["source"]["quote"].as_str().unwrap();
            let product = format!(
                "{} {}%{} {} ",
                row["actives"][0]["name"].as_str().unwrap(),
                row["actives"][0]["content"].as_str().unwrap(),
                row["formulation"].as_str().unwrap(),
                row["crop"].as_str().unwrap(),
            );
            assert!(quote.starts_with(&product), "{quote}");
            assert!(quote.ends_with(&format!(" {} {}", row["max_uses"], row["phi_days"])), "{quote}");
        }
    }

    /// Two rows on one product and crop would leave open which of them is meant.
    #[test]
    fn no_two_rows_are_about_the_same() {
        let (_, table) = tables().into_iter().find(|(name, _)| name == "intervals").unwrap();
        let mut seen = BTreeSet::new();
        for row in table["intervals"].as_array().unwrap() {
            let same = row["same_crops"].as_array().into_iter().flatten();
            for crop in same.chain([&row["crop"]]) {
                let about = format!("{} {} {crop}", row["actives"], row["formulation"]);
                assert!(seen.insert(about.clone()), "{about} stands twice");
            }
        }
    }
}
