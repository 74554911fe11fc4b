//! What it is and where it is from, as the newest versions of the entries say.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use super::story::Event;
use super::times::day_of;
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use crate::statement::time::Date;

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Product {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variety: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// As in the schemas: `spec`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<Value>,
    /// Of the lot, as in the schemas: `quantity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Value>,
    /// The packing's data, where the batch or what it came from was packed: net weight, date, advice, shortcomings.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub packing: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harvested_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harvested_to: Option<String>,
    /// Days from the last harvest to the moment asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_since_harvest: Option<i64>,
    /// Days that the batch, or a lot that it came from, lay in store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_in_store: Option<i64>,
}

/// Where it grew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Origin {
    pub villages: Vec<String>,
    pub plots: Vec<Plot>,
    /// Ids of the organisations that grew it.
    pub growers: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plot {
    pub id: String,
    pub name: String,
    /// As in the schemas: `area`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<Value>,
}

impl Product {
    pub(super) fn of(subject: &Subject, events: &[Event], as_of: i64) -> Product {
        let mut product = Product::default();
        let growing = [Kind::Harvest, Kind::Planting, Kind::CropOpen, Kind::PlotRegister];
        product.crop = newest_text(events, &growing, "crop");
        product.variety = newest_text(events, &growing, "variety");
        if let Some(packing) = events.iter().rev().find(|event| event.kind == Kind::Packing) {
            product.name = packing.text("product").map(str::to_owned);
            product.brand = packing.text("brand").map(str::to_owned);
            let told = ["net_weight", "pack_count", "pack_date", "pack_type", "shelf_life_days"];
            let advice = ["eating", "shortcomings", "storage_advice"];
            let wanted = packing
                .data
                .iter()
                .filter(|(name, _)| told.contains(&name.as_str()) || advice.contains(&name.as_str()));
            product.packing = wanted.map(|(name, value)| (name.clone(), value.clone())).collect();
        } else {
            product.name = newest_text(events, &[Kind::Processing], "product");
        }
        product.describe_lot(subject, events);
        product.count_days(events, as_of);
        product
    }

    /// Grade, size and amount stand where the lot was made; a lot made without a grade has that of what it was made from.
    fn describe_lot(&mut self, subject: &Subject, events: &[Event]) {
        for event in events.iter().rev() {
            let outputs = event.data.get("outputs").and_then(Value::as_array).into_iter().flatten();
            for output in outputs {
                let lot = output.get("lot").and_then(Value::as_str).unwrap_or_default();
                if lot == subject.as_str() && self.quantity.is_none() {
                    self.quantity = output.get("quantity").cloned();
                }
                if lot == subject.as_str() || event.about.iter().any(|about| about.as_str() == lot) {
                    let grade = output.get("grade").and_then(Value::as_str);
                    self.grade = self.grade.take().or(grade.map(str::to_owned));
                    self.spec = self.spec.take().or(output.get("spec").cloned());
                }
            }
            if event.kind == Kind::Harvest && event.subject == *subject && self.quantity.is_none() {
                self.quantity = event.data.get("quantity").cloned();
            }
        }
    }

    fn count_days(&mut self, events: &[Event], as_of: i64) {
        let harvests = events.iter().filter(|event| event.kind == Kind::Harvest);
        let days: BTreeSet<Date> = harvests.map(|event| event.occurred_at.date()).collect();
        self.harvested_from = days.first().map(Date::to_string);
        self.harvested_to = days.last().map(Date::to_string);
        self.days_since_harvest = days.last().map(|day| (day_of(as_of) - day.days()).max(0));
        self.days_in_store = days_in_store(events, as_of);
    }
}

/// From each entry into store to the next time out of it, or onwards, or now. None where nothing was stored.
fn days_in_store(events: &[Event], as_of: i64) -> Option<i64> {
    let mut steps: Vec<&Event> = events
        .iter()
        .filter(|event| matches!(event.kind, Kind::Storage | Kind::Shipping | Kind::Packing))
        .collect();
    steps.sort_by_key(|event| (event.occurred_at.date(), event.seq));
    let mut days = None;
    let mut since = None;
    for event in steps {
        let day = event.occurred_at.date().days();
        match (event.kind, event.text("action")) {
            (Kind::Storage, Some("in")) => {
                since.get_or_insert(day);
            }
            (Kind::Storage, Some("readings")) => {}
            _ => {
                if let Some(start) = since.take() {
                    *days.get_or_insert(0) += (day - start).max(0);
                }
            }
        }
    }
    if let Some(start) = since {
        *days.get_or_insert(0) += (day_of(as_of) - start).max(0);
    }
    days
}

impl Origin {
    pub(super) fn of(events: &[Event]) -> Origin {
        let mut origin = Origin::default();
        for event in events {
            match event.kind {
                Kind::PlotRegister => origin.plots.push(Plot {
                    id: event.subject.id().to_owned(),
                    name: event.text("name").unwrap_or_default().to_owned(),
                    area: event.data.get("area").cloned(),
                }),
                Kind::Harvest | Kind::Planting | Kind::CropOpen => {}
                _ => continue,
            }
            add(&mut origin.villages, event.place.as_ref().and_then(|place| place.village.as_deref()));
            add(&mut origin.growers, event.subject.org());
        }
        origin
    }
}

fn add(list: &mut Vec<String>, text: Option<&str>) {
    let Some(text) = text else { return };
    if !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

fn newest_text(events: &[Event], kinds: &[Kind], name: &str) -> Option<String> {
    // In the order of `kinds`: what was picked says more than what was meant to be planted.
    kinds.iter().find_map(|kind| {
        let mut of_kind = events.iter().rev().filter(|event| event.kind == *kind);
        of_kind.find_map(|event| event.text(name)).map(str::to_owned)
    })
}
