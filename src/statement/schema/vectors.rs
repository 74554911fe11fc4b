//! `tests/vectors/statements`: for each kind, data that is good and data that is not, with the place where.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{SchemaErrors, schema_name, sealed_fields, validate, validate_correction};
use crate::statement::kinds::Kind;
use crate::text::Lang;
use crate::vectors;

const BAD_MIN: usize = 3;

#[test]
fn good_data_is_accepted_and_bad_data_refused_at_its_place() {
    let mut seen = BTreeSet::new();
    for (file, cases) in vectors::json_files("statements") {
        let kind: Kind = cases["kind"].as_str().unwrap().parse().unwrap();
        let original = cases.get("original").map(|kind| kind.as_str().unwrap().parse().unwrap());
        assert_eq!(file, format!("{}.json", schema_name(kind)));
        seen.insert(kind);

        let good = cases["good"].as_array().unwrap();
        assert!(!good.is_empty(), "{file} has nothing good");
        for (i, data) in good.iter().enumerate() {
            check(kind, original, data).unwrap_or_else(|errors| panic!("{file} good {i}: {errors}"));
        }

        let bad = cases["bad"].as_array().unwrap();
        assert!(bad.len() >= BAD_MIN, "{file} has too little that is bad");
        for case in bad {
            let (why, at) = (case["why"].as_str().unwrap(), case["at"].as_str().unwrap());
            let errors = check(kind, original, &case["data"]).expect_err(&format!("{file}: {why}"));
            assert!(errors.iter().any(|error| error.pointer == at), "{file}: {why}: {errors}");
            for error in errors.iter() {
                for lang in Lang::ALL {
                    assert!(
                        !error.message(lang).contains(['{', '}']),
                        "{file}: {why}: {}",
                        error.message(lang)
                    );
                }
            }
        }
    }
    assert_eq!(seen, Kind::ALL.into(), "every kind has its vectors");
}

/// A statement whose kind was changed on the way must not pass for another.
#[test]
fn data_of_one_kind_is_no_data_of_another() {
    for (file, cases) in vectors::json_files("statements") {
        let own: Kind = cases["kind"].as_str().unwrap().parse().unwrap();
        for data in cases["good"].as_array().unwrap() {
            for other in Kind::ALL.into_iter().filter(|kind| *kind != own) {
                assert!(validate(other, data).is_err(), "{file} passes as {other}");
            }
        }
        for nothing in
            [Value::Null, Value::from(1), Value::from("x"), serde_json::json!([]), serde_json::json!({})]
        {
            assert!(validate(own, &nothing).is_err(), "{own} takes {nothing}");
        }
    }
}

/// A good example that leaves out the rarer members would test little.
#[test]
fn the_good_examples_use_every_member_of_the_first_level() {
    let mut unused = Vec::new();
    for (file, cases) in vectors::json_files("statements") {
        let kind: Kind = cases["kind"].as_str().unwrap().parse().unwrap();
        let used: BTreeSet<&str> = cases["good"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|data| data.as_object().unwrap().keys().map(String::as_str))
            .collect();
        let known: BTreeSet<&str> =
            super::Shape::of(kind).members().into_iter().map(|(name, _)| name).collect();
        unused.extend(known.difference(&used).map(|name| format!("{file} {name}")));
    }
    assert!(unused.is_empty(), "{unused:#?}");
}

#[test]
fn every_sealed_object_in_the_examples_is_found_and_nothing_else() {
    for (file, cases) in vectors::json_files("statements") {
        let kind: Kind = cases["kind"].as_str().unwrap().parse().unwrap();
        let original = cases.get("original").map(|kind| kind.as_str().unwrap().parse().unwrap());
        for data in cases["good"].as_array().unwrap() {
            let payload = serde_json::json!({ "data": data });
            let mut want = Vec::new();
            collect_sealed(&payload, "", &mut want);
            let mut found: Vec<String> =
                sealed_fields(kind, original, &payload).into_iter().map(|field| field.pointer).collect();
            found.sort();
            want.sort();
            assert_eq!(found, want, "{file}");
        }
    }
}

fn check(kind: Kind, original: Option<Kind>, data: &Value) -> Result<(), SchemaErrors> {
    match original {
        Some(original) => validate_correction(original, data),
        None => validate(kind, data),
    }
}

fn collect_sealed(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(members) if members.contains_key("sealed") => out.push(at.to_owned()),
        Value::Object(members) => {
            for (name, value) in members {
                collect_sealed(value, &format!("{at}/{name}"), out);
            }
        }
        Value::Array(elements) => {
            for (i, element) in elements.iter().enumerate() {
                collect_sealed(element, &format!("{at}/{i}"), out);
            }
        }
        _ => {}
    }
}
