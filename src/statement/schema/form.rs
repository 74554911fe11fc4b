//! An empty statement to fill in.

use serde_json::{Map, Value, json};

use super::shape::Shape;
use crate::statement::kinds::Kind;

/// A payload with every required member of that kind, and those that most statements of it need.
///
/// Strings say what to put there: the codes to choose from, or nothing. Sealed fields stand in clear; signing seals
/// them. Members that the signing program fills (`v`, `ledger`, `id`, `signers`, `recorded_at`) are left out.
pub fn empty_statement(kind: Kind) -> Value {
    let subject =
        kind.subject_kinds().iter().map(|kind| format!("{}:", kind.prefix())).collect::<Vec<_>>().join("|");
    let mut form = Map::new();
    form.insert("kind".to_owned(), kind.to_string().into());
    form.insert("subject".to_owned(), subject.into());
    form.insert("touches".to_owned(), json!([]));
    form.insert("occurred_at".to_owned(), "".into());
    if kind == Kind::Correction {
        form.insert("corrects".to_owned(), "".into());
    }
    form.insert("data".to_owned(), blank(Shape::of(kind)));
    Value::Object(form)
}

fn blank(shape: Shape) -> Value {
    if let Some(value) = shape.sealed_value() {
        return blank(value);
    }
    if let Some(constant) = shape.keyword("const") {
        return constant.clone();
    }
    let codes = shape.codes();
    if !codes.is_empty() {
        return codes.join("|").into();
    }
    match shape.keyword("type").and_then(Value::as_str) {
        Some("object") => blank_object(shape),
        Some("array") => json!(shape.items().map(blank).into_iter().collect::<Vec<_>>()),
        Some("boolean") => json!(false),
        Some("integer") => json!(0),
        _ => json!(""),
    }
}

fn blank_object(shape: Shape) -> Value {
    let wanted = shape.required();
    let usual = shape.keyword("x-form").and_then(Value::as_array);
    let usual: Vec<&str> =
        usual.map(|names| names.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
    let members = shape
        .members()
        .into_iter()
        .filter(|(name, _)| wanted.contains(name) || usual.contains(name))
        .map(|(name, member)| (name.to_owned(), blank(member)));
    Value::Object(members.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::schema::validate;

    #[test]
    fn the_form_asks_for_what_is_required_and_what_is_usual() {
        let form = empty_statement(Kind::Shipping);
        assert_eq!(form["kind"], "shipping/1");
        assert_eq!(form["subject"], "batch:");
        assert_eq!(
            form["data"],
            json!({
                "lots": [{ "lot": "", "quantity": {
                    "entered": "",
                    "unit": "g|kg|jin|liang|dan|t|ml|l|m2|mu|ha|piece|plant|basket|box|crate|bag",
                    "value": 0,
                } }],
                "depart_at": "",
                "temp_mode": "cold|insulated|ambient",
                "to": "",
                "waybill_no": "",
            })
        );
        assert_eq!(
            empty_statement(Kind::Sampling)["data"]["sampler"],
            "",
            "sealed fields are filled in clear"
        );
        assert_eq!(empty_statement(Kind::Genesis)["data"]["format"], 1);
        assert_eq!(empty_statement(Kind::Correction)["corrects"], "");
        assert_eq!(empty_statement(Kind::Correction)["data"]["data"], json!({}));
    }

    #[test]
    fn an_unfilled_form_is_refused() {
        for kind in Kind::ALL {
            assert!(validate(kind, &empty_statement(kind)["data"]).is_err(), "{kind}");
        }
    }
}
