//! What the `data` of each kind must hold, by the JSON Schemas in `schemas/`.
//!
//! The schemas are the one source: this module validates by them, the service serves them, forms and labels are read
//! from them. Whether subjects in `data` are touched is the payload's check; whether amounts add up is the ledger's.

mod fault;
mod files;
mod form;
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
pub use sealed::{SealedField, check_opened, sealed_fields, sealed_pointers};
pub use shape::Shape;
pub use validators::{validate, validate_correction, validate_payload};
