//! One statement of a story, in clear: what its teller seals, signs and submits.

use std::rc::Rc;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};
use serde_json::{Value, json};

use super::season;
use crate::merkle::Hash;
use crate::statement::ed25519::KeyPair;
use crate::statement::kinds::Kind;
use crate::statement::quantity::{Quantity, Unit};
use crate::statement::role::Role;

/// Whoever signs: a key of an organisation, acting in a role.
#[derive(Clone)]
pub(super) struct Pen {
    /// Bare id.
    pub(super) org: String,
    pub(super) role: Role,
    pub(super) key: Rc<KeyPair>,
}

/// A file that goes with a statement.
pub(super) struct File {
    pub(super) name: String,
    pub(super) media_type: &'static str,
    pub(super) bytes: Vec<u8>,
    /// Pointer into `data` where the file's commitment is to stand too.
    pub(super) named_at: Option<&'static str>,
    /// Perceptual hash of a picture; None: the one that the picture has.
    pub(super) phash: Option<u64>,
}

/// A statement to be made. Sealed fields stand in clear in `data` and `place`.
pub(super) struct Draft {
    pub(super) kind: Kind,
    pub(super) subject: String,
    pub(super) touches: Vec<String>,
    pub(super) pens: Vec<Pen>,
    pub(super) occurred_at: String,
    pub(super) recorded: DateTime,
    pub(super) place: Option<Value>,
    pub(super) source: &'static str,
    pub(super) visibility: &'static str,
    /// Leaf and kind of the record that a correction corrects.
    pub(super) corrects: Option<(Hash, Kind)>,
    /// Number on its phone's chain, and the hash of the payload before.
    pub(super) device: Option<(u64, Hash)>,
    pub(super) data: Value,
    pub(super) files: Vec<File>,
}

impl Draft {
    /// Something that happened at a minute, recorded by hand soon after.
    pub(super) fn new(kind: Kind, subject: &str, pen: &Pen, occurred: DateTime, data: Value) -> Draft {
        Draft {
            kind,
            subject: subject.to_owned(),
            touches: Vec::new(),
            pens: vec![pen.clone()],
            occurred_at: season::instant(occurred),
            recorded: occurred + 12.minutes(),
            place: None,
            source: "manual",
            visibility: "public",
            corrects: None,
            device: None,
            data,
            files: Vec::new(),
        }
    }

    /// Something known to the day, recorded in the evening.
    pub(super) fn on_day(kind: Kind, subject: &str, pen: &Pen, occurred: Date, data: Value) -> Draft {
        let mut draft = Draft::new(kind, subject, pen, occurred.at(18, 30, 0, 0), data);
        draft.occurred_at = season::day(occurred);
        draft
    }

    pub(super) fn also_signed_by(mut self, pen: &Pen) -> Draft {
        self.pens.push(pen.clone());
        self
    }

    pub(super) fn recorded(mut self, at: DateTime) -> Draft {
        self.recorded = at;
        self
    }

    pub(super) fn in_village(mut self, village: &str) -> Draft {
        self.put_place("village", json!(village));
        self
    }

    pub(super) fn at_site(mut self, site: &str) -> Draft {
        self.put_place("site", json!(site));
        self
    }

    /// Sealed, since it is finer than a village.
    pub(super) fn at_coordinates(mut self, lat: &str, lon: &str, accuracy: &str) -> Draft {
        self.put_place("gps", json!({ "lat": lat, "lon": lon, "accuracy": accuracy }));
        self
    }

    pub(super) fn by_sensor(mut self) -> Draft {
        self.source = "sensor";
        self
    }

    pub(super) fn by_third_party(mut self) -> Draft {
        self.source = "third_party";
        self
    }

    /// Names of people in it are for those who trade with each other.
    pub(super) fn for_partners(mut self) -> Draft {
        self.visibility = "partners";
        self
    }

    /// A drawing by this program; its name says so.
    pub(super) fn drawing(mut self, what: &str, jpeg: Vec<u8>) -> Draft {
        let name = format!("程序绘制示意图-{what}.jpg");
        self.files.push(File { name, media_type: "image/jpeg", bytes: jpeg, named_at: None, phash: None });
        self
    }

    /// A file that `data` names by its commitment.
    pub(super) fn file(
        mut self,
        name: &str,
        media_type: &'static str,
        bytes: Vec<u8>,
        named_at: &'static str,
    ) -> Draft {
        self.files.push(File {
            name: name.to_owned(),
            media_type,
            bytes,
            named_at: Some(named_at),
            phash: None,
        });
        self
    }

    fn put_place(&mut self, member: &str, value: Value) {
        self.place.get_or_insert_with(|| json!({}))[member] = value;
    }
}

/// A quantity as it was entered. Stories hold only units and decimals that exist; a test tells every story.
pub(super) fn quantity(entered: &str, unit: &str) -> Value {
    make_quantity(entered, unit, None)
}

/// So many containers of so much each.
pub(super) fn containers(count: u32, unit: &str, each: &str, each_unit: &str) -> Value {
    make_quantity(&count.to_string(), unit, Some((each, each_unit)))
}

fn make_quantity(entered: &str, unit: &str, per: Option<(&str, &str)>) -> Value {
    let parse = |entered: &str, unit: &str, per: Option<Quantity>| {
        let entered = entered.parse().ok()?;
        Quantity::new(entered, Unit::of(unit)?, per).ok()
    };
    let made = match per {
        None => parse(entered, unit, None),
        Some((each, each_unit)) => {
            parse(each, each_unit, None).and_then(|each| parse(entered, unit, Some(each)))
        }
    };
    // A slip of the storyteller becomes a null, which the schema refuses by name.
    made.map_or(Value::Null, |quantity| quantity.to_json())
}
