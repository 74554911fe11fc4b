//! Every place of every schema file, for tests that hold them all to one rule.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::statement::schema::files::{self, DEFS, schema_names};
use crate::statement::schema::shape::Shape;

/// One place of one file that describes a value.
pub(super) struct Place {
    pub(super) file: &'static str,
    pub(super) pointer: String,
    pub(super) node: &'static Map<String, Value>,
    /// It describes a member of an object, not an element, an alternative or a whole.
    pub(super) named: bool,
    /// Only the opened value of a sealed field is described here.
    pub(super) opened: bool,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.json#{}", self.file, self.pointer)
    }
}

impl Place {
    pub(super) fn shape(&self) -> Shape {
        Shape::new(self.file, self.node)
    }
}

pub(super) fn all_places() -> Vec<Place> {
    let mut places = Vec::new();
    for file in schema_names() {
        let node = files::parsed(file).unwrap().as_object().unwrap();
        collect(Place { file, pointer: String::new(), node, named: false, opened: false }, &mut places);
    }
    places
}

/// The places whose values stand in the log as they are: all but what only lies behind a seal.
pub(super) fn clear_places() -> Vec<Place> {
    let all: Vec<Place> = all_places().into_iter().filter(|place| !place.opened).collect();
    let mut clear = BTreeSet::new();
    let mut todo: Vec<&Place> = all.iter().filter(|place| place.file != DEFS).collect();
    while let Some(place) = todo.pop() {
        if !clear.insert(place.to_string()) {
            continue;
        }
        if let Some(target) = place.shape().reference() {
            let target = target.trim_start_matches("/schemas/").to_owned();
            todo.extend(all.iter().filter(|place| is_within(&place.to_string(), &target)));
        }
    }
    all.into_iter().filter(|place| clear.contains(&place.to_string())).collect()
}

fn is_within(place: &str, outer: &str) -> bool {
    place.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn collect(place: Place, out: &mut Vec<Place>) {
    let child = |key: &str, node: &'static Value, named: bool, opened: bool| {
        let pointer = format!("{}/{key}", place.pointer);
        node.as_object().map(|node| Place { file: place.file, pointer, node, named, opened })
    };
    let mut children = Vec::new();
    for group in ["properties", "$defs"] {
        for (name, node) in place.node.get(group).and_then(Value::as_object).into_iter().flatten() {
            children.extend(child(&format!("{group}/{name}"), node, group == "properties", place.opened));
        }
    }
    for (i, node) in place.node.get("anyOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        // An alternative that only requires members describes no value.
        if node.get("required").is_none() {
            children.extend(child(&format!("anyOf/{i}"), node, false, place.opened));
        }
    }
    children.extend(place.node.get("items").and_then(|node| child("items", node, false, place.opened)));
    children.extend(place.node.get("x-sealed").and_then(|node| child("x-sealed", node, false, true)));
    out.push(place);
    for child in children {
        collect(child, out);
    }
}
