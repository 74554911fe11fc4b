//! Which fields a statement holds only as a commitment, and what must come out when one is opened.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use super::fault::SchemaErrors;
use super::shape::Shape;
use super::validators::compile;
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use crate::text::Fault;

/// A sealed field that a payload has, or would have once its clear value is sealed.
#[derive(Clone)]
pub struct SealedField {
    /// Into the payload: `/data/operator`.
    pub pointer: String,
    /// What the opened value is.
    pub value: Shape,
}

/// The sealed fields that a payload of that kind may have, as JSON Pointers into the payload with `*` for any index.
/// A correction's inner data is not listed: it is that of another kind.
pub fn sealed_pointers(kind: Kind) -> Vec<String> {
    let mut pointers = Vec::new();
    collect_possible(Shape::of_payload(), "", &mut pointers);
    collect_possible(Shape::of(kind), "/data", &mut pointers);
    pointers
}

/// The sealed fields of this payload, whether their values are still clear or already sealed.
///
/// `original` is the kind of the record that a correction corrects; other kinds have none.
pub fn sealed_fields(kind: Kind, original: Option<Kind>, payload: &Value) -> Vec<SealedField> {
    let mut fields = Vec::new();
    collect_present(Shape::of_payload(), payload, "", &mut fields);
    if let Some(data) = payload.get("data") {
        collect_present(Shape::of(kind), data, "/data", &mut fields);
        if let (Some(original), Some(corrected)) = (original, data.get("data")) {
            collect_present(Shape::of(original), corrected, "/data/data", &mut fields);
        }
    }
    fields
}

/// Checks that `value` may stand behind the sealed field at `pointer` into a payload.
pub fn check_opened(
    kind: Kind,
    original: Option<Kind>,
    pointer: &str,
    value: &Value,
) -> Result<(), SchemaErrors> {
    let described = match (pointer.strip_prefix("/data/data/"), pointer.strip_prefix("/data/"), original) {
        (Some(inner), _, Some(original)) => Shape::of(original).at(&format!("/{inner}")),
        (_, Some(inner), _) => Shape::of(kind).at(&format!("/{inner}")),
        _ => Shape::of_payload().at(pointer),
    };
    let validator = described.and_then(Shape::sealed_value).and_then(|shape| OPENED.get(&key(shape)));
    let Some(validator) = validator else {
        return Err(SchemaErrors::one(pointer, Fault::NotHere));
    };
    SchemaErrors::collect(validator, value).under(pointer).into_result()
}

fn collect_possible(shape: Shape, at: &str, out: &mut Vec<String>) {
    if shape.sealed_value().is_some() {
        out.push(at.to_owned());
        return;
    }
    for (name, member) in shape.members() {
        collect_possible(member, &format!("{at}/{name}"), out);
    }
    if let Some(items) = shape.items() {
        collect_possible(items, &format!("{at}/*"), out);
    }
}

fn collect_present(shape: Shape, value: &Value, at: &str, out: &mut Vec<SealedField>) {
    if let Some(sealed) = shape.sealed_value() {
        if !stands_in_clear(shape, value) {
            out.push(SealedField { pointer: at.to_owned(), value: sealed });
        }
        return;
    }
    if let Some(object) = value.as_object() {
        // Names of our schemas need no escaping in a pointer.
        for (name, value) in object {
            if let Some(member) = shape.member(name) {
                collect_present(member, value, &format!("{at}/{name}"), out);
            }
        }
    }
    if let (Some(elements), Some(items)) = (value.as_array(), shape.items()) {
        for (i, element) in elements.iter().enumerate() {
            collect_present(items, element, &format!("{at}/{i}"), out);
        }
    }
}

/// Whether the field may also be in clear and is: one records on behalf of an organisation or of a person.
fn stands_in_clear(shape: Shape, value: &Value) -> bool {
    let may_be_clear = shape.keyword("anyOf").is_some();
    may_be_clear && value.as_str().is_some_and(|text| Subject::parse(text).is_ok())
}

/// Validators of opened values, by what describes them.
static OPENED: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let mut shapes = Vec::new();
    collect_values(Shape::of_payload(), &mut shapes);
    for kind in Kind::ALL {
        collect_values(Shape::of(kind), &mut shapes);
    }
    let mut validators = BTreeMap::new();
    for shape in shapes {
        validators.entry(key(shape)).or_insert_with(|| {
            // Part of the program; a test compiles every one.
            compile(&shape.standing_alone()).expect("an embedded schema compiles")
        });
    }
    validators
});

fn collect_values(shape: Shape, out: &mut Vec<Shape>) {
    out.extend(shape.sealed_value());
    for (_, member) in shape.members() {
        collect_values(member, out);
    }
    if let Some(items) = shape.items() {
        collect_values(items, out);
    }
}

fn key(shape: Shape) -> String {
    shape.reference().unwrap_or_else(|| Value::Object(shape.node().clone()).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sealed_pointers_are_into_the_payload() {
        assert_eq!(
            sealed_pointers(Kind::Harvest),
            ["/on_behalf_of", "/place/gps", "/data/note", "/data/picker_names"]
        );
        assert!(sealed_pointers(Kind::OrgRegister).contains(&"/data/identity/document_no".to_owned()));
    }

    #[test]
    fn clear_values_are_found_before_they_are_sealed() {
        let payload = json!({
            "place": { "gps": { "lat": "28.7", "lon": "120.6" } },
            "on_behalf_of": "王某某",
            "data": { "note": "雨后", "quantity": {} },
        });
        let found: Vec<_> =
            sealed_fields(Kind::Harvest, None, &payload).into_iter().map(|field| field.pointer).collect();
        assert_eq!(found, ["/on_behalf_of", "/place/gps", "/data/note"]);
    }

    /// An organisation for which one records is named in clear; only a person is sealed.
    #[test]
    fn on_behalf_of_an_organisation_is_not_to_be_sealed() {
        let payload = json!({ "on_behalf_of": "org:xianju-hejia", "data": {} });
        assert!(sealed_fields(Kind::Harvest, None, &payload).is_empty());
    }

    #[test]
    fn an_opened_value_has_the_form_that_its_field_promises() {
        let open = |pointer: &str, value: Value| check_opened(Kind::PlotRegister, None, pointer, &value);
        assert_eq!(open("/data/holder", json!("王某某")), Ok(()));
        assert_eq!(open("/data/note", json!("第一行\n第二行")), Ok(()));
        let corner = json!({ "lat": "28.7", "lon": "120.6" });
        assert_eq!(open("/data/boundary", json!([corner, corner, corner])), Ok(()));
        assert_eq!(open("/place/gps", json!({ "lat": "28.7", "lon": "120.6", "accuracy": "8" })), Ok(()));

        let errors = open("/data/boundary", json!([corner])).unwrap_err();
        assert_eq!(errors.to_string(), "\"/data/boundary\": needs at least 3");
        assert!(open("/data/holder", json!({ "name": "王某某" })).is_err());
        for nowhere in ["/data/name", "/data/nothing", "/data", "", "holder"] {
            assert!(open(nowhere, json!("x")).is_err(), "{nowhere}");
        }
    }

    #[test]
    fn a_correction_opens_by_the_kind_that_it_corrects() {
        let open =
            |original, pointer: &str| check_opened(Kind::Correction, original, pointer, &json!("王某某"));
        assert_eq!(open(Some(Kind::Input), "/data/note"), Ok(()));
        assert_eq!(open(Some(Kind::Input), "/data/data/operator"), Ok(()));
        assert!(open(Some(Kind::Harvest), "/data/data/operator").is_err());
        assert!(open(None, "/data/data/operator").is_err());
    }
}
