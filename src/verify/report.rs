//! The answer: one word a layer, with the reason. Never one boolean.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

/// What is checked, from the bytes outwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    Encoding,
    Signatures,
    Rights,
    Chains,
    Completeness,
    Log,
    Freshness,
    Witnesses,
    Anchors,
}

impl Layer {
    pub const ALL: [Layer; 9] = [
        Layer::Encoding,
        Layer::Signatures,
        Layer::Rights,
        Layer::Chains,
        Layer::Completeness,
        Layer::Log,
        Layer::Freshness,
        Layer::Witnesses,
        Layer::Anchors,
    ];

    /// Without these nothing is verified, whatever `--require` says.
    pub const ALWAYS: [Layer; 6] =
        [Layer::Encoding, Layer::Signatures, Layer::Rights, Layer::Chains, Layer::Completeness, Layer::Log];

    pub fn as_str(self) -> &'static str {
        match self {
            Layer::Encoding => "encoding",
            Layer::Signatures => "signatures",
            Layer::Rights => "rights",
            Layer::Chains => "chains",
            Layer::Completeness => "completeness",
            Layer::Log => "log",
            Layer::Freshness => "freshness",
            Layer::Witnesses => "witnesses",
            Layer::Anchors => "anchors",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Layer {
    type Err = String;

    fn from_str(text: &str) -> Result<Layer, String> {
        let names = || Layer::ALL.map(Layer::as_str).join(", ");
        Layer::ALL
            .into_iter()
            .find(|layer| layer.as_str() == text)
            .ok_or_else(|| format!("no layer is called {text}; there are {}", names()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Checked and right; the text says what exactly was shown.
    Ok(String),
    /// Checked and wrong.
    Failed(String),
    /// Could not be judged, and why.
    NotChecked(String),
}

impl Status {
    pub fn word(&self) -> &'static str {
        match self {
            Status::Ok(_) => "ok",
            Status::Failed(_) => "failed",
            Status::NotChecked(_) => "not checked",
        }
    }

    pub fn reason(&self) -> &str {
        match self {
            Status::Ok(text) | Status::Failed(text) | Status::NotChecked(text) => text,
        }
    }

    pub fn is_ok(&self) -> bool {
        matches!(self, Status::Ok(_))
    }
}

/// A verifier's whole answer on one bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    layers: BTreeMap<Layer, Status>,
    /// What the bundle proves, for people and programs: only things that a layer above has shown to be right.
    pub facts: Value,
}

impl Report {
    /// Every layer not checked, for the one reason.
    pub fn unchecked(why: &str) -> Report {
        let layers = Layer::ALL.map(|layer| (layer, Status::NotChecked(why.to_owned())));
        Report { layers: layers.into(), facts: Value::Null }
    }

    pub fn set(&mut self, layer: Layer, status: Status) {
        self.layers.insert(layer, status);
    }

    pub fn status(&self, layer: Layer) -> &Status {
        // `unchecked` fills every layer and nothing removes one.
        &self.layers[&layer]
    }

    pub fn layers(&self) -> impl Iterator<Item = (Layer, &Status)> {
        self.layers.iter().map(|(layer, status)| (*layer, status))
    }

    /// Nothing failed, the first six layers are right, and so is every layer that was asked for.
    pub fn verified(&self, required: &[Layer]) -> bool {
        let failed = self.layers.values().any(|status| matches!(status, Status::Failed(_)));
        !failed && Layer::ALWAYS.iter().chain(required).all(|layer| self.status(*layer).is_ok())
    }

    pub fn to_json(&self, required: &[Layer]) -> Value {
        let layers: serde_json::Map<String, Value> = self
            .layers()
            .map(|(layer, status)| {
                (layer.to_string(), json!({ "status": status.word(), "reason": status.reason() }))
            })
            .collect();
        json!({ "verified": self.verified(required), "layers": layers, "facts": self.facts })
    }
}
