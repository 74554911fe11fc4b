//! The description for programs, made from the handlers themselves.

use utoipa::OpenApi;

use super::api::{alarms, anchors, batches, blobs, bulk, checkpoints, orgs, records, statements};
use super::{log, meta, problem};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Suyuan 溯源",
        description = "A ledger of produce batches that anyone can check. Errors are RFC 9457 problem details; \
            `class` says whether the same request may succeed later.",
    ),
    paths(
        alarms::list,
        anchors::file,
        anchors::list,
        batches::batch,
        batches::bundle,
        batches::bundle_at,
        batches::earliest_harvest,
        batches::graph,
        batches::list,
        batches::status,
        batches::subject_bundle,
        batches::subject_bundle_at,
        batches::trace,
        blobs::download,
        blobs::upload,
        bulk::submit,
        checkpoints::continued,
        checkpoints::latest,
        checkpoints::one,
        log::checkpoint,
        log::entries,
        log::hashes,
        log::latest,
        log::vkey,
        meta::healthz,
        meta::metrics,
        meta::openapi,
        meta::readyz,
        meta::rule_table,
        meta::schema,
        meta::schemas,
        meta::trust,
        orgs::org,
        problem::list,
        problem::one,
        records::proof,
        records::record,
        statements::submit,
    )
)]
pub struct Description;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_address_for_programs_is_described_and_no_other() {
        let description: serde_json::Value =
            serde_json::from_str(&Description::openapi().to_json().unwrap()).unwrap();
        let described: BTreeSet<String> = description["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods.map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        let served: BTreeSet<String> = super::super::endpoints_for_programs()
            .into_iter()
            .flat_map(|endpoint| {
                let path = endpoint.path.replace(":.*", "");
                endpoint.methods.into_iter().map(move |method| format!("{method} {path}"))
            })
            .collect();
        assert_eq!(described, served);
    }
}
