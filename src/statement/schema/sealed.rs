//! Which fields a statement holds only as a commitment, and what must come out when one is opened.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::fault::SchemaErrors;
use super::shape::Shape;
use super::validators::compile;
use crate::statement::kinds::Kind;
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
    if let Some(value) = shape.sealed_value() {
        out.push(SealedField { pointer: at.to_owned(), value });
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
            compile(&standing_alone(shape)).expect("an embedded schema compiles")
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

fn standing_alone(shape: Shape) -> Value {
    const ID: &str = "/schemas/opened.json";
    match shape.reference() {
        Some(reference) => json!({ "$id": ID, "$ref": reference }),
        None => {
            let mut node = shape.node().clone();
            node.insert("$id".to_owned(), ID.into());
            Value::Object(node)
        }
    }
}
