//! Reading a schema as a description: titles, labels, members. Validating by it is `schema`'s.

use serde_json::{Map, Value};

use super::files::{self, schema_name};
use crate::statement::kinds::Kind;
use crate::text::Lang;

/// One place of a schema: an object of the file, whose `$ref`, if any, lends what it does not say itself.
#[derive(Clone, Copy)]
pub struct Shape {
    file: &'static str,
    node: &'static Map<String, Value>,
}

impl Shape {
    /// The description of a kind's `data`.
    pub fn of(kind: Kind) -> Shape {
        let name = schema_name(kind);
        // A test holds the table of files against the kinds.
        Shape::of_file(&name).expect("every kind has its schema")
    }

    /// The description of a payload's outer members.
    pub fn of_payload() -> Shape {
        Shape::of_file(files::STATEMENT).expect("the payload's schema is embedded")
    }

    /// A shape that several kinds share, by its name in `defs-1.json`.
    pub fn shared(name: &str) -> Option<Shape> {
        let defs = Shape::of_file(files::DEFS)?;
        Some(Shape { node: defs.node.get("$defs")?.get(name)?.as_object()?, ..defs })
    }

    pub fn title(self, lang: Lang) -> Option<&'static str> {
        match lang {
            Lang::Zh => self.keyword("title"),
            Lang::En => self.keyword("x-en"),
        }?
        .as_str()
    }

    /// What people read for a code of an enum.
    pub fn label(self, lang: Lang, code: &str) -> Option<&'static str> {
        self.keyword("x-enum")?.get(code)?.get(lang.key())?.as_str()
    }

    /// The codes of an enum, in the order in which a form should offer them.
    pub fn codes(self) -> Vec<&'static str> {
        let codes = self.keyword("enum").and_then(Value::as_array);
        codes.map(|codes| codes.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
    }

    /// The members of an object, by name. (The order in which a form asks for them is that of the file.)
    pub fn members(self) -> Vec<(&'static str, Shape)> {
        let Some((owner, properties)) = self.owned("properties") else { return Vec::new() };
        let Some(properties) = properties.as_object() else { return Vec::new() };
        properties
            .iter()
            .filter_map(|(name, node)| {
                Some((name.as_str(), Shape { file: owner.file, node: node.as_object()? }))
            })
            .collect()
    }

    pub fn member(self, name: &str) -> Option<Shape> {
        let (owner, properties) = self.owned("properties")?;
        Some(Shape { file: owner.file, node: properties.get(name)?.as_object()? })
    }

    /// What each element of an array is.
    pub fn items(self) -> Option<Shape> {
        let (owner, items) = self.owned("items")?;
        Some(Shape { file: owner.file, node: items.as_object()? })
    }

    pub fn required(self) -> Vec<&'static str> {
        let names = self.keyword("required").and_then(Value::as_array);
        names.map(|names| names.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
    }

    /// What the opened value must be, when the statement itself holds only a commitment to it.
    pub fn sealed_value(self) -> Option<Shape> {
        let (owner, value) = self.owned("x-sealed")?;
        Some(Shape { file: owner.file, node: value.as_object()? })
    }

    /// The unit of a number that has one: `°C`, `mm`, `d`.
    pub fn unit(self) -> Option<&'static str> {
        self.keyword("x-unit")?.as_str()
    }

    /// The name of the shared shape that the place refers to: `quantity`, `org_id`, `date`.
    pub fn shared_name(self) -> Option<&'static str> {
        self.node.get("$ref")?.as_str()?.rsplit_once("#/$defs/").map(|(_, name)| name)
    }

    /// The place that a JSON Pointer into an instance is described by.
    pub fn at(self, pointer: &str) -> Option<Shape> {
        pointer.split('/').skip(1).try_fold(self, |shape, segment| {
            if segment.bytes().all(|b| b.is_ascii_digit()) && !segment.is_empty() {
                shape.items()
            } else {
                shape.member(segment)
            }
        })
    }

    /// What the place says under `key`, itself or through its `$ref`.
    pub(super) fn keyword(self, key: &str) -> Option<&'static Value> {
        self.owned(key).map(|(_, value)| value)
    }

    /// The address of this place's `$ref`, as seen from the root of the host.
    pub(super) fn reference(self) -> Option<String> {
        let reference = self.node.get("$ref")?.as_str()?;
        Some(match reference.strip_prefix('#') {
            Some(pointer) => format!("/schemas/{}.json#{pointer}", self.file),
            None => format!("/schemas/{reference}"),
        })
    }

    pub(super) fn node(self) -> &'static Map<String, Value> {
        self.node
    }

    /// This place as a schema of its own.
    pub(super) fn standing_alone(self) -> Value {
        let mut node = self.node.clone();
        if let Some(reference) = self.reference() {
            node.insert("$ref".to_owned(), reference.into());
        }
        node.insert("$id".to_owned(), "/schemas/alone.json".into());
        Value::Object(node)
    }

    #[cfg(test)]
    pub(super) fn new(file: &'static str, node: &'static Map<String, Value>) -> Shape {
        Shape { file, node }
    }

    fn of_file(name: &str) -> Option<Shape> {
        let file = files::schema_names().find(|known| *known == name)?;
        Some(Shape { file, node: files::parsed(file)?.as_object()? })
    }

    fn owned(self, key: &str) -> Option<(Shape, &'static Value)> {
        let mut shape = self;
        loop {
            if let Some(value) = shape.node.get(key) {
                return Some((shape, value));
            }
            shape = shape.target()?;
        }
    }

    fn target(self) -> Option<Shape> {
        let reference = self.reference()?;
        // Written so by `reference`; only the shared shapes are ever referred to, which a test checks.
        let name = reference.strip_prefix("/schemas/defs-1.json#/$defs/")?;
        Shape::shared(name)
    }
}
