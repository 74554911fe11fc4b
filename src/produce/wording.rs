//! A story's values in words: labels and codes from the schemas, amounts in the units that people count in.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::{Map, Value};

use super::reason::{Fact, Measured, Said};
use super::story::Story;
use super::times::CALENDAR_OFFSET_SECONDS;
use super::versions::is_sealed;
use crate::statement::json::pointer_to;
use crate::statement::kinds::Kind;
use crate::statement::quantity::{Base, Dose, Measure, Quantity};
use crate::statement::schema::Shape;
use crate::statement::subject::Subject;
use crate::statement::time::{Date, Instant, When};
use crate::text::{Amount, Lang, Words, fill, labels, t};

/// A label and what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Into the payload: `/data/quantity`.
    pub pointer: String,
    pub label: String,
    pub said: SaidText,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaidText {
    Text(String),
    /// A lot or plot with its subject, which a page may link to.
    Subject(String),
    /// Only a commitment is known.
    Sealed,
    /// One group of lines for each element.
    Groups(Vec<Vec<Line>>),
}

/// Puts values into words in one language.
pub struct Wording<'a> {
    pub lang: Lang,
    /// Organisations' names by bare id.
    pub names: BTreeMap<&'a str, &'a str>,
}

impl<'a> Wording<'a> {
    /// With the names of the organisations of a story.
    pub fn of(story: &'a Story, lang: Lang) -> Wording<'a> {
        let names = story.organisations.values().map(|org| (org.id.as_str(), org.name_in(lang)));
        Wording { lang, names: names.collect() }
    }

    /// Everything that an entry's data says, required members first, in the order of the schema.
    pub fn lines(
        &self,
        kind: Kind,
        data: &Map<String, Value>,
        opened: &BTreeMap<String, Value>,
    ) -> Vec<Line> {
        self.members(Shape::of(kind), "/data", data, opened)
    }

    /// What stands at a pointer into a payload of that kind, and its label.
    pub fn line(&self, kind: Kind, pointer: &str, value: &Value) -> Line {
        let shape = shape_at(kind, pointer);
        let label = shape.and_then(|shape| shape.title(self.lang)).unwrap_or(pointer).to_owned();
        let said = self.said(shape, pointer, value, &BTreeMap::new());
        Line { pointer: pointer.to_owned(), label, said }
    }

    /// The text of a member of an entry's data, where it has one.
    pub fn member(&self, kind: Kind, data: &Map<String, Value>, name: &str) -> Option<String> {
        let line = self.line(kind, &pointer_to("/data", name), data.get(name)?);
        match line.said {
            SaidText::Sealed => None,
            said => Some(said.flat(self.lang)),
        }
    }

    /// A fact with its values in this language.
    pub fn fact<W: Words>(&self, fact: &Fact<W>) -> String {
        fact.told(self.lang, |said| self.value(said))
    }

    fn value(&self, said: &Said) -> String {
        match said {
            Said::Day(day) => day.parse().map_or_else(|_| day.clone(), |date| self.date(date)),
            Said::Amount(amount, base) => match base.parse() {
                Ok(base) => base_amount(*amount, base, self.lang),
                Err(_) => amount.to_string(),
            },
            // Nobody reads hundreds of hours.
            Said::Hours(hours) if *hours >= 48 => self.amount(Amount::Days, hours / 24),
            Said::Hours(hours) => self.amount(Amount::Hours, *hours),
            Said::Number(number) => number.to_string(),
            Said::Org(org) => self.names.get(org.as_str()).copied().unwrap_or(org).to_owned(),
            Said::Results(items) => {
                items.iter().map(|item| self.measured(item)).collect::<Vec<_>>().join(", ")
            }
            Said::Subject(subject) => SaidText::Subject(subject.clone()).flat(self.lang),
            Said::Text(text) => text.clone(),
        }
    }

    /// `阿维菌素 0.09 毫克/公斤`, above a limit of its own `阿维菌素 0.09 > 0.02 毫克/公斤`.
    fn measured(&self, item: &Measured) -> String {
        let unit = |code: &String| labels::code(self.lang, Kind::Inspection, "/items/0/unit", code);
        // "other" names no unit.
        let unit = item.unit.as_ref().filter(|code| *code != "other").and_then(unit);
        let above = item.limit.as_ref().map(|limit| format!("> {limit}"));
        let parts = [Some(item.analyte.as_str()), item.value.as_deref(), above.as_deref(), unit];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// 2026年6月13日 05:30 / 13 Jun 2026 05:30, on the signer's own clock.
    pub fn when(&self, when: &When) -> String {
        match when {
            When::Date(date) => self.date(*date),
            When::Instant(instant) => self.instant(instant),
        }
    }

    pub fn date(&self, date: Date) -> String {
        self.day(i32::from(date.year()), date.month(), date.day())
    }

    /// A ledger's moment, in milliseconds, on China's clock.
    pub fn moment(&self, ms: i64) -> String {
        let seconds = ms.div_euclid(1_000) + CALENDAR_OFFSET_SECONDS;
        let Ok(at) = jiff::Timestamp::from_second(seconds) else { return ms.to_string() };
        let at = jiff::tz::Offset::UTC.to_datetime(at);
        let day = self.day(i32::from(at.year()), at.month().unsigned_abs(), at.day().unsigned_abs());
        format!("{day} {:02}:{:02}", at.hour(), at.minute())
    }

    pub fn quantity(&self, quantity: &Quantity) -> String {
        let unit = labels::unit(self.lang, quantity.unit.code).unwrap_or(quantity.unit.code);
        let entered = quantity.entered.as_str();
        let kilograms = || mass(quantity.value, self.lang);
        let fixed_gram = matches!(quantity.unit.measure, Measure::Fixed { base: Base::Gram, .. });
        let is_local = matches!(quantity.unit.code, "jin" | "liang" | "dan");
        match (&quantity.per, self.lang) {
            // People elsewhere do not count in jin.
            (None, Lang::En) if fixed_gram && is_local => kilograms(),
            (None, Lang::En) if quantity.unit.code == "mu" => hectares(quantity.value),
            (None, Lang::Zh) if fixed_gram && is_local => format!("{entered} {unit}（{}）", kilograms()),
            (Some(per), _) => {
                let each = fill(t(self.lang, Amount::Each), &[("unit", unit), ("mass", &self.quantity(per))]);
                match self.lang {
                    Lang::Zh => format!("{entered} {unit}（{each}，共 {}）", kilograms()),
                    Lang::En => format!("{entered} {unit} ({each}, {} in all)", kilograms()),
                }
            }
            _ => format!("{entered} {unit}"),
        }
    }

    fn day(&self, year: i32, month: u8, day: u8) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        match (self.lang, MONTHS.get(usize::from(month.saturating_sub(1)))) {
            (Lang::En, Some(name)) => format!("{day} {name} {year}"),
            _ => format!("{year}年{month}月{day}日"),
        }
    }

    fn instant(&self, instant: &Instant) -> String {
        // `T05:30:00+08:00`: hours and minutes as written.
        let clock = instant.as_str().get(11..16).unwrap_or_default();
        format!("{} {clock}", self.date(instant.date()))
    }

    fn members(
        &self,
        shape: Shape,
        at: &str,
        data: &Map<String, Value>,
        opened: &BTreeMap<String, Value>,
    ) -> Vec<Line> {
        let required = shape.required();
        let place = |name: &str| required.iter().position(|known| *known == name).unwrap_or(usize::MAX);
        let mut names: Vec<&String> = data.keys().collect();
        names.sort_by_key(|name| (place(name), name.as_str() == "note", name.as_str()));
        let lines = names.into_iter().map(|name| {
            let member = shape.member(name);
            let pointer = pointer_to(at, name);
            Line {
                label: member.and_then(|member| member.title(self.lang)).unwrap_or(name).to_owned(),
                said: self.said(member, &pointer, &data[name], opened),
                pointer,
            }
        });
        lines.collect()
    }

    fn said(
        &self,
        shape: Option<Shape>,
        at: &str,
        value: &Value,
        opened: &BTreeMap<String, Value>,
    ) -> SaidText {
        if is_sealed(value) {
            let inner = shape.and_then(Shape::sealed_value);
            return match opened.get(at) {
                Some(value) => self.said(inner, at, value, opened),
                None => SaidText::Sealed,
            };
        }
        if let Ok(quantity) = Quantity::parse(value, "") {
            return SaidText::Text(self.quantity(&quantity));
        }
        if let Ok(dose) = Dose::parse(value, "") {
            return SaidText::Text(self.dose(&dose));
        }
        match value {
            Value::Object(members) => match shape {
                Some(shape) => SaidText::Groups(vec![self.members(shape, at, members, opened)]),
                None => SaidText::Text(value.to_string()),
            },
            Value::Array(elements) => self.list(shape, at, elements, opened),
            Value::String(text) => self.text(shape, text),
            Value::Bool(yes) => {
                SaidText::Text(t(self.lang, if *yes { Amount::Yes } else { Amount::No }).to_owned())
            }
            Value::Number(number) => SaidText::Text(self.with_unit(shape, &number.to_string())),
            Value::Null => SaidText::Text(String::new()),
        }
    }

    fn list(
        &self,
        shape: Option<Shape>,
        at: &str,
        elements: &[Value],
        opened: &BTreeMap<String, Value>,
    ) -> SaidText {
        let items = shape.and_then(Shape::items);
        let said = elements
            .iter()
            .enumerate()
            .map(|(i, element)| self.said(items, &format!("{at}/{i}"), element, opened));
        let said: Vec<SaidText> = said.collect();
        if said.iter().any(|one| matches!(one, SaidText::Groups(_))) {
            let groups = said.into_iter().flat_map(|one| match one {
                SaidText::Groups(groups) => groups,
                _ => Vec::new(),
            });
            return SaidText::Groups(groups.collect());
        }
        let texts: Vec<String> = said.iter().map(|one| one.flat(self.lang)).collect();
        match said.as_slice() {
            [SaidText::Subject(subject)] => SaidText::Subject(subject.clone()),
            _ => SaidText::Text(texts.join(t(self.lang, Amount::And))),
        }
    }

    fn text(&self, shape: Option<Shape>, text: &str) -> SaidText {
        if let Some(label) = shape.and_then(|shape| shape.label(self.lang, text)) {
            return SaidText::Text(label.to_owned());
        }
        if Subject::parse(text).is_ok() {
            return SaidText::Subject(text.to_owned());
        }
        let name = shape.and_then(Shape::shared_name);
        SaidText::Text(match name {
            Some("date" | "instant" | "moment") => match text.parse() {
                Ok(when) => self.when(&when),
                Err(_) => text.to_owned(),
            },
            Some("org_id") => self.names.get(text).copied().unwrap_or(text).to_owned(),
            _ => self.with_unit(shape, text),
        })
    }

    fn amount(&self, word: Amount, n: impl Display) -> String {
        fill(t(self.lang, word), &[("n", &n.to_string())])
    }

    fn with_unit(&self, shape: Option<Shape>, number: &str) -> String {
        let amount = |word| self.amount(word, number);
        match shape.and_then(Shape::unit) {
            Some("d") => amount(Amount::Days),
            Some("h") => amount(Amount::Hours),
            Some("min") => amount(Amount::Minutes),
            Some(unit) => format!("{number} {unit}"),
            None => number.to_owned(),
        }
    }

    fn dose(&self, dose: &Dose) -> String {
        let per = Shape::shared("dose").and_then(|shape| shape.member("per"));
        let per = per.and_then(|shape| shape.label(self.lang, dose.per.as_str()));
        match (self.lang, per) {
            (Lang::Zh, Some(per)) => format!("{per} {}", self.quantity(&dose.amount)),
            (Lang::En, Some(per)) => format!("{} {per}", self.quantity(&dose.amount)),
            (_, None) => self.quantity(&dose.amount),
        }
    }
}

impl SaidText {
    /// On one line.
    pub fn flat(&self, lang: Lang) -> String {
        match self {
            SaidText::Text(text) => text.clone(),
            SaidText::Subject(subject) => {
                subject.split_once(':').map_or(subject.as_str(), |(_, id)| id).to_owned()
            }
            SaidText::Sealed => t(lang, Amount::Sealed).to_owned(),
            SaidText::Groups(groups) => {
                let group = |lines: &Vec<Line>| {
                    let texts: Vec<String> =
                        lines.iter().map(|line| format!("{} {}", line.label, line.said.flat(lang))).collect();
                    texts.join(t(lang, Amount::And))
                };
                let groups: Vec<String> = groups.iter().map(group).collect();
                groups.join("; ")
            }
        }
    }
}

/// What describes the place at a pointer into a payload of that kind.
fn shape_at(kind: Kind, pointer: &str) -> Option<Shape> {
    match pointer.strip_prefix("/data") {
        Some(inner) => Shape::of(kind).at(inner),
        None => Shape::of_payload().at(pointer),
    }
}

/// Square centimetres as hectares, for those who do not count in mu.
fn hectares(square_centimetres: u64) -> String {
    let hundredths = square_centimetres.saturating_add(500_000) / 1_000_000;
    format!("{}.{:02} ha", hundredths / 100, hundredths % 100)
}

/// Grams as people read them.
/// An amount in its base unit: kilograms or grams, millilitres, pieces.
pub fn base_amount(value: i64, base: Base, lang: Lang) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let amount = value.unsigned_abs();
    match base {
        Base::Gram => format!("{sign}{}", mass(amount, lang)),
        Base::Millilitre | Base::Piece => {
            let unit = base.as_str();
            format!("{sign}{amount} {}", labels::unit(lang, unit).unwrap_or(unit))
        }
        Base::SquareCentimetre => {
            format!("{sign}{} {}", amount / 10_000, labels::unit(lang, "m2").unwrap_or("m²"))
        }
    }
}

fn mass(grams: u64, lang: Lang) -> String {
    if grams < 1_000 {
        return format!("{grams} {}", labels::unit(lang, "g").unwrap_or("g"));
    }
    let unit = labels::unit(lang, "kg").unwrap_or("kg");
    match grams % 1_000 {
        0 => format!("{} {unit}", grams / 1_000),
        rest => {
            let decimals = format!("{rest:03}");
            format!("{}.{} {unit}", grams / 1_000, decimals.trim_end_matches('0'))
        }
    }
}
