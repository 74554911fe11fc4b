//! What is wrong with an instance, in words for people and with the place as a JSON Pointer.

use std::fmt;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::files;
use crate::statement::quantity::{Quantity, QuantityError};
use crate::text::{Fault, Lang, fill, t};

/// Our own keywords in the schemas.
pub(super) const QUANTITY: &str = "x-quantity";
pub(super) const QUOTED: &str = "x-quoted";
pub(super) const SORTED: &str = "x-sorted";

/// One place that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError {
    /// Where, as a JSON Pointer into the checked value; empty for the whole of it.
    pub pointer: String,
    pub fault: Fault,
    /// What fills the fault's blanks: the same in both languages, or by language.
    details: Vec<(&'static str, Detail)>,
}

/// Every place that does not fit, up to [`SchemaErrors::MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaErrors(Vec<SchemaError>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Detail {
    Both { zh: String, en: String },
    One(String),
}

impl SchemaError {
    pub fn message(&self, lang: Lang) -> String {
        let values: Vec<(&str, &str)> =
            self.details.iter().map(|(name, detail)| (*name, detail.in_lang(lang))).collect();
        fill(t(lang, self.fault), &values)
    }

    fn read(error: &ValidationError<'_>) -> SchemaError {
        let pointer = error.instance_path().as_str().to_owned();
        let (fault, details) = read_fault(error);
        SchemaError { pointer, fault, details }
    }
}

impl SchemaErrors {
    /// More are not told: the first ones are what a person mends.
    pub const MAX: usize = 32;

    pub fn iter(&self) -> std::slice::Iter<'_, SchemaError> {
        self.0.iter()
    }

    pub(super) fn collect(validator: &Validator, instance: &Value) -> SchemaErrors {
        let mut errors = SchemaErrors::default();
        for error in validator.iter_errors(instance).take(SchemaErrors::MAX) {
            let error = SchemaError::read(&error);
            if !errors.0.contains(&error) {
                errors.0.push(error);
            }
        }
        errors.forget_consequences();
        errors
    }

    /// A quantity that has the wrong form does not add up either; only the first is worth telling.
    fn forget_consequences(&mut self) {
        let at: Vec<String> =
            self.0.iter().filter(|e| !is_of_quantity(e.fault)).map(|e| e.pointer.clone()).collect();
        self.0.retain(|error| {
            let inside = |at: &String| {
                at.strip_prefix(&error.pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            !(is_of_quantity(error.fault) && at.iter().any(inside))
        });
    }

    pub(super) fn append(&mut self, other: SchemaErrors) {
        self.0.extend(other.0);
        self.0.truncate(SchemaErrors::MAX);
    }

    /// The same errors, seen from a value that holds the checked one at `prefix`.
    pub(super) fn under(mut self, prefix: &str) -> SchemaErrors {
        for error in &mut self.0 {
            error.pointer.insert_str(0, prefix);
        }
        self
    }

    pub(super) fn one(pointer: &str, fault: Fault) -> SchemaErrors {
        SchemaErrors(vec![SchemaError { pointer: pointer.to_owned(), fault, details: Vec::new() }])
    }

    pub(super) fn into_result(self) -> Result<(), SchemaErrors> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.pointer, self.message(Lang::En))
    }
}

impl fmt::Display for SchemaErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SchemaError {}
impl std::error::Error for SchemaErrors {}

impl Detail {
    fn in_lang(&self, lang: Lang) -> &str {
        match (self, lang) {
            (Detail::One(text), _) => text,
            (Detail::Both { zh, .. }, Lang::Zh) => zh,
            (Detail::Both { en, .. }, Lang::En) => en,
        }
    }
}

fn read_fault(error: &ValidationError<'_>) -> (Fault, Vec<(&'static str, Detail)>) {
    let owner = owner(error);
    // Whatever is wrong inside a sealed value, the answer is the same.
    if owner.as_ref().is_some_and(|owner| owner.path == "/$defs/sealed") {
        return (Fault::NotSealed, Vec::new());
    }
    let hint = owner.as_ref().and_then(|owner| read_hint(owner.node.get("x-hint")?));
    if let Some(hint) = hint
        && !matches!(error.kind(), ValidationErrorKind::Format { .. })
    {
        return (Fault::WrongForm, vec![("hint", hint)]);
    }
    let node = owner.as_ref().map(|owner| owner.node);
    let names = |names: Vec<String>| vec![("names", Detail::One(names.join(", ")))];
    match error.kind() {
        ValidationErrorKind::Required { property } => (Fault::Missing, names(vec![plain(property)])),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            (Fault::Unknown, names(unexpected.clone()))
        }
        ValidationErrorKind::FalseSchema => (Fault::NotHere, Vec::new()),
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(|all| all.iter().map(plain).collect()).unwrap_or_default();
            (Fault::NotOneOf, names(options))
        }
        ValidationErrorKind::Constant { expected_value } => {
            (Fault::NotOneOf, names(vec![plain(expected_value)]))
        }
        ValidationErrorKind::AnyOf { context } => (Fault::NeedsOneOf, names(missing_in(context))),
        ValidationErrorKind::Format { .. } => (Fault::NotADay, Vec::new()),
        ValidationErrorKind::UniqueItems => (Fault::Repeated, Vec::new()),
        ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => {
            let limit = |key| node.and_then(|node| node.get(key)).map_or_else(String::new, Value::to_string);
            let details =
                vec![("least", Detail::One(limit("minimum"))), ("most", Detail::One(limit("maximum")))];
            (Fault::Range, details)
        }
        ValidationErrorKind::MinItems { limit } | ValidationErrorKind::MinProperties { limit } => {
            (Fault::AtLeast, vec![("least", Detail::One(limit.to_string()))])
        }
        ValidationErrorKind::MaxItems { limit } | ValidationErrorKind::MaxProperties { limit } => {
            (Fault::AtMost, vec![("most", Detail::One(limit.to_string()))])
        }
        ValidationErrorKind::Type { kind } => {
            (Fault::WrongType, vec![("type", Detail::One(type_name(kind)))])
        }
        ValidationErrorKind::Custom { keyword, .. } if keyword == SORTED => (Fault::NotSorted, Vec::new()),
        ValidationErrorKind::Custom { keyword, message } if keyword == QUOTED => {
            (Fault::NotQuoted, vec![("text", Detail::One(message.clone()))])
        }
        ValidationErrorKind::Custom { keyword, message } if keyword == QUANTITY => {
            read_quantity_fault(error.instance(), message)
        }
        // The instance is left out: it may be what somebody forgot to seal.
        other => (Fault::Other, vec![("detail", Detail::One(other.keyword().to_owned()))]),
    }
}

fn is_of_quantity(fault: Fault) -> bool {
    matches!(fault, Fault::Quantity | Fault::QuantityValue)
}

fn read_quantity_fault(quantity: &Value, message: &str) -> (Fault, Vec<(&'static str, Detail)>) {
    match Quantity::parse(quantity, "") {
        Err(QuantityError::WrongValue { value, converted, base, .. }) => {
            let one = |text: String| Detail::One(text);
            let details = vec![
                ("value", one(value.to_string())),
                ("converted", one(converted.to_string())),
                ("base", one(base.to_string())),
            ];
            (Fault::QuantityValue, details)
        }
        _ => (Fault::Quantity, vec![("detail", Detail::One(message.to_owned()))]),
    }
}

/// The schema object that holds the keyword which failed.
struct Owner {
    /// Its JSON Pointer in its file.
    path: String,
    node: &'static Value,
}

fn owner(error: &ValidationError<'_>) -> Option<Owner> {
    let location = error.absolute_keyword_location()?.as_str();
    let (file, path) = location.split_once('#')?;
    let name = file.rsplit('/').next()?.strip_suffix(".json")?;
    let (path, _keyword) = path.rsplit_once('/')?;
    let node = files::parsed(name)?.pointer(path)?;
    Some(Owner { path: path.to_owned(), node })
}

fn read_hint(hint: &Value) -> Option<Detail> {
    let word = |lang: Lang| hint.get(lang.key())?.as_str().map(str::to_owned);
    Some(Detail::Both { zh: word(Lang::Zh)?, en: word(Lang::En)? })
}

fn missing_in(branches: &[Vec<ValidationError<'static>>]) -> Vec<String> {
    let missing = branches.iter().flatten().filter_map(|error| match error.kind() {
        ValidationErrorKind::Required { property } => Some(plain(property)),
        _ => None,
    });
    missing.collect()
}

fn type_name(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(single) => single.to_string(),
        TypeKind::Multiple(several) => {
            several.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
