//! What must hold of the schemas themselves. A new schema that breaks a rule of the house fails here.

mod places;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::places::{Place, all_places, clear_places};
use super::files::{self, schema_json};
use super::shape::Shape;
use super::validators::compile;
use crate::merkle::Hash;
use crate::statement::attachment::MediaType;
use crate::statement::decimal::Decimal;
use crate::statement::kinds::Kind;
use crate::statement::names::{is_organisation_id, is_origin, is_statement_id};
use crate::statement::quantity::UNITS;
use crate::statement::role::Role;
use crate::statement::subject::{Subject, SubjectKind};
use crate::statement::time::{Date, Instant, When};
use crate::text::Lang;
use crate::vectors;

/// Objects of any content: each is described elsewhere.
const OPEN_OBJECTS: [&str; 3] = [
    // By the schema of the kind.
    "statement-1.json#/properties/data",
    // By nobody, and no rule reads it.
    "statement-1.json#/properties/ext",
    // By the schema of the kind that is corrected.
    "correction-1.json#/properties/data",
];

/// Strings that no closed form of text would refuse: who may write these may write a name and a telephone number.
const PROBES: [&str; 3] = ["张三", "Zhang San", "Zhangsan-13800138000"];

#[test]
fn every_place_has_a_title_in_both_languages() {
    for place in all_places() {
        let needs_title = place.pointer.is_empty()
            || place.named
            || place.node.contains_key("x-enum")
            || place.pointer.starts_with("/$defs/") && place.pointer.matches('/').count() == 2;
        if needs_title {
            for lang in Lang::ALL {
                assert!(
                    own_title(&place, lang).is_some_and(|t| !t.is_empty()),
                    "{place} has no {lang:?} title"
                );
            }
        }
    }
}

#[test]
fn every_code_has_a_label_in_both_languages() {
    for place in all_places() {
        let Some(codes) = place.node.get("enum").and_then(Value::as_array) else { continue };
        // Kinds and media types are words of programs; kinds have their schema's title.
        if place.pointer.ends_with("/kinds/items")
            || ["/properties/kind", "/type"]
                .iter()
                .any(|end| place.file == "statement-1" && place.pointer.ends_with(end))
        {
            continue;
        }
        for code in codes {
            let code = code.as_str().unwrap_or_else(|| panic!("{place}: codes are strings"));
            assert!(
                code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
                "{place}: {code}"
            );
            for lang in Lang::ALL {
                assert!(
                    place.shape().label(lang, code).is_some_and(|t| !t.is_empty()),
                    "{place}: {code} in {lang:?}"
                );
            }
        }
        if let Some(labels) = place.node.get("x-enum").and_then(Value::as_object) {
            assert_eq!(labels.len(), codes.len(), "{place} labels what is no code");
        }
    }
}

#[test]
fn everything_is_closed_and_bounded() {
    for place in all_places() {
        let node = place.node;
        let has = |key: &str| node.contains_key(key);
        match node.get("type").and_then(Value::as_str) {
            Some("object") if OPEN_OBJECTS.contains(&place.to_string().as_str()) => {}
            Some("object") => {
                assert_eq!(node.get("additionalProperties"), Some(&Value::Bool(false)), "{place} is open");
                let properties = node["properties"].as_object().unwrap();
                for required in place.shape().required() {
                    assert!(
                        properties.contains_key(required),
                        "{place} requires what it does not describe: {required}"
                    );
                }
                for usual in node.get("x-form").and_then(Value::as_array).into_iter().flatten() {
                    assert!(properties.contains_key(usual.as_str().unwrap()), "{place}: x-form {usual}");
                }
            }
            Some("array") => {
                assert!(has("minItems") && has("maxItems") && has("items"), "{place} is an unbounded array")
            }
            Some("integer") => {
                assert!(has("minimum") && has("maximum"), "{place} is an unbounded integer")
            }
            Some("string") => {
                assert!(has("pattern") || has("maxLength"), "{place} is an unbounded string")
            }
            Some("boolean") => {}
            Some(other) => panic!("{place}: there is no {other} in a statement"),
            None => {
                let said = ["$ref", "enum", "const", "anyOf", "$defs"].iter().any(|key| has(key));
                assert!(said, "{place} may be anything");
            }
        }
    }
}

#[test]
fn patterns_match_whole_strings_and_need_no_look_around() {
    for place in all_places() {
        if let Some(pattern) = place.node.get("pattern").and_then(Value::as_str) {
            assert!(pattern.starts_with('^') && pattern.ends_with('$'), "{place}: {pattern} is not anchored");
            assert!(
                !pattern.contains("(?") && !pattern.contains(r"\d"),
                "{place}: {pattern} reads differently elsewhere"
            );
        }
    }
}

#[test]
fn references_lead_to_shared_shapes_only() {
    for place in all_places() {
        if let Some(reference) = place.node.get("$ref") {
            let shared = place.shape().reference().unwrap();
            let name = shared.strip_prefix("/schemas/defs-1.json#/$defs/");
            assert!(name.and_then(Shape::shared).is_some(), "{place}: {reference}");
        }
    }
}

/// Whoever adds an unsealed free text must say here why it names no person.
#[test]
fn text_in_clear_is_on_the_reasoned_list() {
    let listed: BTreeMap<String, String> =
        serde_json::from_str(schema_json(files::PUBLIC_TEXT).unwrap()).unwrap();
    let mut found = BTreeSet::new();
    for place in clear_places() {
        if is_free_text(&place) {
            found.insert(place.to_string());
        }
    }
    let missing: Vec<_> = found.iter().filter(|place| !listed.contains_key(*place)).collect();
    let stale: Vec<_> = listed.keys().filter(|place| !found.contains(*place)).collect();
    assert!(missing.is_empty(), "seal these, or say why not in schemas/public-text.json: {missing:#?}");
    assert!(stale.is_empty(), "no longer free text: {stale:#?}");
    for (place, reason) in &listed {
        assert!(reason.len() >= 20, "{place}: {reason:?} is no reason");
    }
}

#[test]
fn persons_and_exact_places_are_sealed() {
    let sealed: BTreeSet<String> = all_places()
        .into_iter()
        .filter(|place| place.node.contains_key("x-sealed"))
        .map(|place| place.to_string())
        .collect();
    let never_clear = [
        "boundary",
        "contact",
        "document_no",
        "gps",
        "grader",
        "holder",
        "intro",
        "note",
        "operator",
        "packer",
        "picker_names",
        "sampler",
        "sealed_by",
        "vehicle",
    ];
    for place in clear_places() {
        let name = place.pointer.rsplit('/').next().unwrap();
        if place.named && never_clear.contains(&name) {
            assert!(sealed.contains(&place.to_string()), "{place} is in clear");
        }
    }
    for place in all_places().iter().filter(|place| place.node.contains_key("x-sealed")) {
        let held = place.shape().reference();
        let alternatives = place.node.get("anyOf").map(Value::to_string).unwrap_or_default();
        let is_sealed = held.as_deref() == Some("/schemas/defs-1.json#/$defs/sealed")
            || alternatives.contains("#/$defs/sealed");
        assert!(is_sealed, "{place} says x-sealed and holds something else");
        assert!(place.shape().sealed_value().unwrap().title(Lang::Zh).is_some(), "{place}");
    }
}

#[test]
fn words_of_schemas_and_words_of_code_are_the_same() {
    let same = |shape: Shape, words: Vec<&str>| {
        let codes: BTreeSet<_> = shape.codes().into_iter().collect();
        assert_eq!(codes, words.into_iter().collect());
    };
    same(Shape::shared("any_role").unwrap(), Role::ALL.iter().map(|role| role.as_str()).collect());
    same(
        Shape::shared("role").unwrap(),
        Role::ALL.iter().filter(|role| **role != Role::Registrar).map(|role| role.as_str()).collect(),
    );
    same(Shape::shared("unit").unwrap(), UNITS.iter().map(|unit| unit.code).collect());
    let payload = Shape::of_payload();
    same(payload.at("/attachments/0/type").unwrap(), MediaType::ALL.iter().map(|m| m.as_str()).collect());
    let kinds: Vec<String> = Kind::ALL.iter().map(Kind::to_string).collect();
    same(payload.member("kind").unwrap(), kinds.iter().map(String::as_str).collect());
    let scope = Shape::of(Kind::OrgKeyAdd).at("/scope/kinds/0").unwrap();
    same(scope, Kind::ALL.iter().filter(|kind| kind.is_operational()).map(|kind| kind.name()).collect());
}

#[test]
fn schemas_and_kinds_agree_on_subjects() {
    for kind in Kind::ALL {
        let node = Shape::of(kind).node();
        let said: Vec<SubjectKind> = node["x-subjects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| SubjectKind::ALL.into_iter().find(|k| k.prefix() == name).unwrap())
            .collect();
        assert_eq!(said, kind.subject_kinds(), "{kind}");
        assert_eq!(node["x-kind"], kind.to_string());
    }
}

/// Required members are read without asking whether they are there, so a change of these is a new version of the kind.
#[test]
fn required_members_are_these() {
    let required: BTreeMap<&str, Vec<&str>> =
        Kind::ALL.iter().map(|kind| (kind.name(), Shape::of(*kind).required())).collect();
    vectors::check("schemas/required.json", &serde_json::to_value(required).unwrap());
}

/// The field lists that the produce research asks for. What is not here stands in the payload's outer members:
/// the recorder, the times, the place, photos; or is computed: the earliest harvest, minutes out of range, a new lot.
#[test]
fn every_field_that_was_asked_for_exists() {
    let asked = [
        (
            Kind::PlotRegister,
            "name area crop variety boundary holder declared_yield base_cert water soil_test \
             broadcast_consent/0/to broadcast_consent/0/until",
        ),
        (
            Kind::Planting,
            "action crop variety seed_source seed_lot purchase_date quantity/unit area expected_harvest",
        ),
        (
            Kind::Input,
            "kind product/name product/manufacturer product/reg_no product/active_ingredients/0/content \
             product/formulation product/source_shop product/invoice_no product/product_lot target method \
             dose/amount dose/per dilution water area start_date end_date operator weather phi_days \
             max_uses container_return",
        ),
        (
            Kind::Sampling,
            "sample_no sampler sampler_org drawn_from sample_qty method sealed_by seal_photo lab purpose",
        ),
        (
            Kind::Inspection,
            "sample_no lab cma_no method received_date reported_date report_no items/0/analyte \
             items/0/result items/0/value items/0/unit items/0/detection_limit items/0/limit \
             items/0/limit_standard items/0/verdict conclusion report_file sampling",
        ),
        (Kind::Harvest, "from quantity pickers brix firmness field_heat_temp precool_at after_order"),
        (
            Kind::Grading,
            "inputs/0/lot inputs/0/quantity outputs/0/grade outputs/0/spec/diameter_min \
             outputs/0/spec/weight_min outputs/0/spec/heads outputs/0/colour outputs/0/brix \
             outputs/0/defects loss loss_reason grader site line",
        ),
        (
            Kind::Packing,
            "inputs outputs loss loss_reason pack_type net_weight pack_count pack_date site product \
             storage_advice eating shortcomings",
        ),
        (
            Kind::Storage,
            "site action quantity storage_type set_temp min_temp max_temp readings/chunk \
             readings/over_minutes readings/gap_minutes readings/sensor_id door_open power_loss_minutes",
        ),
        (
            Kind::Shipping,
            "to carrier vehicle waybill_no lots/0/lot lots/0/quantity depart_at temp_mode logger_id \
             seal_no doc/type doc/no",
        ),
        (
            Kind::Receiving,
            "shipment waybill_no arrived_at lots/0/quantity lots/0/damaged temp_on_arrival accept reason",
        ),
        (Kind::Irrigation, "method water amount area"),
        (Kind::Observation, "action finding severity target growth_stage"),
        (Kind::Sale, "channel period/from period/to quantity orders order_ref_hash"),
        (Kind::SignOff, "verdict checked/0 standard"),
        (Kind::Guarantee, "terms/0 valid_from valid_until contact"),
        (Kind::Hold, "reason causes/0"),
        (Kind::Release, "lifts/0 basis test"),
        (Kind::Enforcement, "action basis lots/0 until"),
        (Kind::Withdrawal, "withdraws reason"),
        (
            Kind::RulesSet,
            "table intervals/0/actives/0/content intervals/0/formulation intervals/0/crop \
             intervals/0/phi_days intervals/0/max_uses intervals/0/source/quote \
             intervals/0/source/read_on limits/0/analyte limits/0/limit limits/0/source/title \
             policies/0/category policies/0/level policies/0/max_temp brands/0/members/0/packs \
             tunables/late_hours tunables/mass_tolerance",
        ),
    ];
    for (kind, pointers) in asked {
        for pointer in pointers.split_whitespace() {
            assert!(Shape::of(kind).at(&format!("/{pointer}")).is_some(), "{kind} has no {pointer}");
        }
    }
}

/// The schemas are read by strangers' tools, so they say again what our parsers say. Both must mean the same.
#[test]
fn patterns_and_parsers_read_the_same_texts() {
    let is_kind = |text: &str, kinds: &[SubjectKind]| {
        Subject::parse(text).is_ok_and(|subject| kinds.contains(&subject.kind()))
    };
    let parses = |form: &str, text: &str| match form {
        "batch_subject" => is_kind(text, &[SubjectKind::Batch]),
        "date" => text.parse::<Date>().is_ok(),
        "decimal" => text.parse::<Decimal>().is_ok(),
        "field_subject" => is_kind(text, &[SubjectKind::Plot, SubjectKind::Crop]),
        "growing_subject" => is_kind(text, &[SubjectKind::Crop, SubjectKind::Batch]),
        "hash" => text.parse::<Hash>().is_ok(),
        "instant" => text.parse::<Instant>().is_ok(),
        "moment" => text.parse::<When>().is_ok(),
        "org_id" => is_organisation_id(text),
        "org_subject" => is_kind(text, &[SubjectKind::Org]),
        "origin" => is_origin(text),
        "plot_id" => Subject::parse(&format!("plot:{text}")).is_ok(),
        "plot_subject" => is_kind(text, &[SubjectKind::Plot]),
        "statement_id" => is_statement_id(text),
        "subject" => Subject::parse(text).is_ok(),
        other => panic!("no parser of {other}"),
    };
    let vectors = vectors::json("schemas/texts.json");
    for form in vectors["forms"].as_array().unwrap().iter().map(|form| form.as_str().unwrap()) {
        let reference = match form {
            "origin" => "statement-1.json#/properties/origin".to_owned(),
            "statement_id" => "statement-1.json#/properties/id".to_owned(),
            shared => format!("defs-1.json#/$defs/{shared}"),
        };
        let alone = json!({ "$id": "/schemas/alone.json", "$ref": reference });
        let validator = compile(&alone).unwrap();
        for case in vectors["texts"].as_array().unwrap() {
            let text = case["text"].as_str().unwrap();
            let want = case["is"].as_array().unwrap().contains(&form.into());
            assert_eq!(validator.is_valid(&case["text"]), want, "the schema of {form}: {text:?}");
            assert_eq!(parses(form, text), want, "the parser of {form}: {text:?}");
        }
    }
}

fn own_title(place: &Place, lang: Lang) -> Option<&'static str> {
    let key = match lang {
        Lang::Zh => "title",
        Lang::En => "x-en",
    };
    place.node.get(key)?.as_str()
}

/// Whether the place takes a string that could name a person: not an enum, nor a form too narrow for that.
fn is_free_text(place: &Place) -> bool {
    // A shared string is judged where it is used.
    let is_shared_string = place.file == "defs-1" && place.pointer.matches('/').count() == 2;
    let is_string = place.shape().keyword("type").is_some_and(|t| t == "string");
    if is_shared_string || !is_string || place.shape().keyword("enum").is_some() {
        return false;
    }
    let validator = compile(&place.shape().standing_alone()).unwrap();
    PROBES.iter().any(|probe| validator.is_valid(&Value::from(*probe)))
}
