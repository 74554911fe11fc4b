//! What the `data` of each kind must hold, by the JSON Schemas in `schemas/`.
//!
//! The schemas are the one source: this module validates by them, the service serves them, forms and labels are read
//! from them. Whether subjects in `data` are touched is the payload's check; whether amounts add up is the ledger's.
//!
//! Beside the keywords of JSON Schema 2020-12 the files use: `x-en` (the English title; `title` is the Chinese one),
//! `x-enum` (what people read for a code), `x-unit` (of a bare number), `x-hint` (the right form, in words), `x-form`
//! (members that a form offers though only some statements need them), `x-sealed` (the value behind a commitment),
//! `x-kind` and `x-subjects` (the kind, and what its main subject may be), `x-sorted`, `x-quantity` and `x-quoted` (checks
//! that the standard has no keyword for). A program that knows none of them accepts a little more, never less.

mod fault;
mod files;
mod form;
mod rule_tables;
mod sealed;
mod shape;
#[cfg(test)]
mod tidy;
mod validators;
#[cfg(test)]
mod vectors;

pub use fault::{SchemaError, SchemaErrors};
pub use files::{schema_json, schema_name, schema_names};
pub use form::empty_statement;
pub use rule_tables::{rule_table_json, rule_table_names};
pub use sealed::{SealedField, check_opened, sealed_fields, sealed_pointers};
pub use shape::Shape;
pub use validators::{validate, validate_correction, validate_payload};
