//! The compiled schemas.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::{Keyword, PatternOptions, Retrieve, Uri, ValidationError, Validator};
use serde_json::Value;

use super::fault::{QUANTITY, QUOTED, SORTED, SchemaErrors};
use super::files::{self, schema_name};
use crate::statement::kinds::Kind;
use crate::statement::quantity::Quantity;

/// Checks the `data` of a statement of that kind.
///
/// Of a correction only the outside is checked here: what is corrected is known to the ledger alone, and
/// [`validate_correction`] needs it.
pub fn validate(kind: Kind, data: &Value) -> Result<(), SchemaErrors> {
    check(&schema_name(kind), data)
}

/// Checks the `data` of a correction, and the corrected data in it by the kind of the record that it corrects.
pub fn validate_correction(original: Kind, data: &Value) -> Result<(), SchemaErrors> {
    let mut errors = SchemaErrors::default();
    if let Err(outside) = validate(Kind::Correction, data) {
        errors.append(outside);
    }
    if let Some(corrected) = data.get("data")
        && let Err(inside) = validate(original, corrected)
    {
        errors.append(inside.under("/data"));
    }
    errors.into_result()
}

/// Checks a payload's outer members, as a form or a stranger's tool would; the ledger reads payloads by
/// `statement::payload`, which is stricter.
pub fn validate_payload(payload: &Value) -> Result<(), SchemaErrors> {
    check(files::STATEMENT, payload)
}

pub(super) fn compile(schema: &Value) -> Result<Validator, ValidationError<'static>> {
    jsonschema::options()
        .with_base_uri(BASE)
        .with_retriever(Embedded)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .with_keyword(SORTED, |_, _, _| Ok(Box::new(Sorted)))
        .with_keyword(QUANTITY, |_, _, _| Ok(Box::new(QuantityFits)))
        .with_keyword(QUOTED, |_, members, _| Ok(Box::new(Quoted::of(members))))
        .build(schema)
}

fn check(name: &str, instance: &Value) -> Result<(), SchemaErrors> {
    // Kinds and files are held against each other by a test.
    let validator = COMPILED.get(name).expect("every kind has its schema");
    SchemaErrors::collect(validator, instance).into_result()
}

static COMPILED: LazyLock<BTreeMap<&'static str, Validator>> = LazyLock::new(|| {
    files::schema_names()
        .filter_map(|name| Some((name, files::parsed(name)?)))
        .map(|(name, schema)| {
            // The files are part of the program; a test compiles every one.
            (name, compile(schema).expect("an embedded schema compiles"))
        })
        .collect()
});

/// Errors tell which file they come from only when schemas have an absolute address. Nothing is ever asked there.
const BASE: &str = "https://schemas.invalid/";

/// Knows our own files and nothing else: no schema is ever fetched.
struct Embedded;

impl Retrieve for Embedded {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let path = uri.path().as_str();
        let name = path.strip_prefix("/schemas/").and_then(|rest| rest.strip_suffix(".json"));
        let schema = name.and_then(files::parsed);
        Ok(schema.ok_or_else(|| format!("no schema {path} is embedded"))?.clone())
    }
}

/// `x-sorted`: an array of strings in the order of their bytes, each once.
struct Sorted;

impl<'i> Keyword<'i> for Sorted {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) { Ok(()) } else { Err(ValidationError::custom("")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let Some(elements) = instance.as_array() else { return true };
        elements.windows(2).all(|pair| match (pair[0].as_str(), pair[1].as_str()) {
            (Some(a), Some(b)) => a < b,
            _ => true,
        })
    }
}

/// `x-quantity`: the value in the base unit is what the entered number and its unit come to.
struct QuantityFits;

impl<'i> Keyword<'i> for QuantityFits {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        Quantity::parse(instance, "").map(|_| ()).map_err(|error| ValidationError::custom(error.to_string()))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        Quantity::parse(instance, "").is_ok()
    }
}

/// `x-quoted`: what these members say stands in the quotation of the row's source, figures as whole numbers. So
/// nobody enters a figure without having the passage before their eyes; whether the passage is real, readers judge.
struct Quoted {
    members: Vec<String>,
}

impl Quoted {
    fn of(members: &Value) -> Quoted {
        let members = members.as_array().into_iter().flatten();
        Quoted { members: members.filter_map(Value::as_str).map(str::to_owned).collect() }
    }

    /// What the quotation lacks. A row without a source is the schema's matter.
    fn missing(&self, row: &Value) -> Option<String> {
        let quote = row.get("source")?.get("quote")?.as_str()?;
        let mut said = Vec::new();
        for member in self.members.iter().filter_map(|member| row.get(member)) {
            collect_said(member, &mut said);
        }
        // A figure that is said twice stands there twice: one number is not both uses and days.
        let again = |at: usize, what: &String| is_number(what) && said[..at].contains(what);
        let needed = |at: usize, what: &String| if again(at, what) { 2 } else { 1 };
        let missing = said.iter().enumerate().find(|(at, what)| places_in(quote, what) < needed(*at, what));
        missing.map(|(_, what)| what.clone())
    }
}

impl<'i> Keyword<'i> for Quoted {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        self.missing(instance).map_or(Ok(()), |missing| Err(ValidationError::custom(missing)))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.missing(instance).is_none()
    }
}

/// Texts and numbers. Of the codes of units only the per cent has one way to be written.
fn collect_said(value: &Value, said: &mut Vec<String>) {
    match value {
        Value::String(text) => said.push(text.clone()),
        Value::Number(number) => said.push(number.to_string()),
        Value::Array(elements) => elements.iter().for_each(|element| collect_said(element, said)),
        Value::Object(members) => {
            let is_percent = members.get("unit").and_then(Value::as_str) == Some("percent");
            for (name, member) in members.iter().filter(|(name, _)| *name != "unit") {
                match member.as_str().filter(|_| is_percent && name == "content") {
                    Some(content) => said.push(format!("{content}%")),
                    None => collect_said(member, said),
                }
            }
        }
        Value::Bool(_) | Value::Null => {}
    }
}

fn is_number(said: &str) -> bool {
    said.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'%'))
}

/// How often it stands there: `2` not in `20`, `1.2` or `2%`.
fn places_in(quote: &str, said: &str) -> usize {
    let is_figure =
        |c: Option<char>| c.is_some_and(|c| c.is_numeric() || matches!(c, '.' | '%' | '％' | '．'));
    let whole = |(at, _): &(usize, &str)| {
        let (before, after) = (quote[..*at].chars().next_back(), quote[at + said.len()..].chars().next());
        !is_number(said) || !is_figure(before) && !is_figure(after)
    };
    quote.match_indices(said).filter(whole).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::text::Lang;

    fn harvest() -> Value {
        json!({
            "from": ["crop:xianju-hejia.pa-2026"],
            "quantity": { "value": 250_000, "entered": "500", "unit": "jin" },
        })
    }

    #[track_caller]
    fn check_errors(kind: Kind, data: Value, zh: &[(&str, &str)]) {
        let errors = validate(kind, &data).unwrap_err();
        let told: Vec<_> =
            errors.iter().map(|error| (error.pointer.clone(), error.message(Lang::Zh))).collect();
        let want: Vec<_> = zh.iter().map(|(at, what)| (at.to_string(), what.to_string())).collect();
        assert_eq!(told, want, "{errors}");
    }

    #[test]
    fn every_schema_is_a_schema_and_compiles_without_a_network() {
        for name in files::schema_names() {
            let schema = files::parsed(name).unwrap();
            jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        assert_eq!(COMPILED.len(), files::schema_names().count());
    }

    #[test]
    fn what_is_not_embedded_is_not_fetched() {
        let schema = json!({ "$id": "/schemas/x.json", "$ref": "https://example.org/x.json" });
        assert!(compile(&schema).is_err());
        let schema = json!({ "$id": "/schemas/x.json", "$ref": "nothing-1.json" });
        assert!(compile(&schema).is_err());
    }

    #[test]
    fn errors_name_the_place_and_speak_plainly() {
        assert_eq!(validate(Kind::Harvest, &harvest()), Ok(()));

        let mut data = harvest();
        data.as_object_mut().unwrap().remove("from");
        check_errors(Kind::Harvest, data, &[("", "缺少 from")]);

        let mut data = harvest();
        data["wieght"] = json!(1);
        check_errors(Kind::Harvest, data, &[("", "不认识的成员 wieght")]);

        let mut data = harvest();
        data["note"] = json!("老张说雨后采的");
        check_errors(Kind::Harvest, data, &[("/note", "此项须密封,不可明文")]);

        let mut data = harvest();
        data["note"] = json!({ "sealed": "00" });
        check_errors(Kind::Harvest, data, &[("/note/sealed", "格式不对:64 位小写十六进制")]);

        let mut data = harvest();
        data["brix"] = json!(12.5);
        check_errors(Kind::Harvest, data, &[("/brix", "格式不对:数字,不写多余的 0,最多 6 位小数")]);

        let mut data = harvest();
        data["precool_at"] = json!("2026-02-30T08:00:00+08:00");
        check_errors(Kind::Harvest, data, &[("/precool_at", "没有这一天或这一时刻")]);

        let mut data = harvest();
        data["quantity"]["unit"] = json!("pound");
        check_errors(
            Kind::Harvest,
            data,
            &[(
                "/quantity/unit",
                "只能是:g, kg, jin, liang, dan, t, ml, l, m2, mu, ha, piece, plant, basket, box, crate, bag",
            )],
        );

        check_errors(
            Kind::OrgUpdate,
            json!({ "roles": ["lab", "farm"] }),
            &[("/roles", "须按字节排序且不重复")],
        );
        let mut data = harvest();
        data["quantity"]["value"] = json!(250);
        check_errors(Kind::Harvest, data, &[("/quantity", "录入数折合 250000 g,却写成 250")]);

        check_errors(Kind::OrgUpdate, json!({}), &[("", "至少要有 1 项")]);
        check_errors(Kind::OrgUpdate, json!({ "roles": [] }), &[("/roles", "至少要有 1 项")]);
    }

    #[test]
    fn a_rule_row_says_what_its_source_says() {
        let row = |quote: &str, phi_days: u32| {
            json!({"table": "intervals", "intervals": [{
                "actives": [{"name": "阿维菌素", "content": "1.8", "unit": "percent"}], "formulation": "乳油",
                "crop": "黄瓜", "phi_days": phi_days, "max_uses": 3,
                "source": {"title": "常用农药使用安全间隔期", "read_on": "2026-11-26", "quote": quote},
            }]})
        };
        let quote = "阿维菌素 1.8%乳油 黄瓜 美洲斑潜蝇 3 2";
        assert_eq!(validate(Kind::RulesSet, &row(quote, 2)), Ok(()));
        for (quote, phi_days, missing) in [
            (quote, 7, "7"),
            ("阿维菌素 1.8%乳油 黄瓜 3 20", 2, "2"),
            ("阿维菌素 1.8%乳油 黄瓜 3 1.2", 2, "2"),
            ("阿维菌素 1.8%乳油 豇豆 3 2", 2, "黄瓜"),
            ("阿维菌素 11.8%乳油 黄瓜 3 2", 2, "1.8%"),
            ("阿维菌素 1.8克/升乳油 黄瓜 3 2", 2, "1.8%"),
        ] {
            let at = [("/intervals/0", format!("出处的原文里没有“{missing}”"))];
            let at: Vec<(&str, &str)> = at.iter().map(|(at, text)| (*at, text.as_str())).collect();
            check_errors(Kind::RulesSet, row(quote, phi_days), &at);
        }
        let mut unsourced = row(quote, 2);
        unsourced["intervals"][0].as_object_mut().unwrap().remove("source");
        assert!(validate(Kind::RulesSet, &unsourced).is_err(), "no row without a source");
    }

    #[test]
    fn a_correction_is_checked_by_the_kind_that_it_corrects() {
        let mut data = json!({ "reason": "typo", "data": harvest() });
        assert_eq!(validate(Kind::Correction, &data), Ok(()));
        assert_eq!(validate_correction(Kind::Harvest, &data), Ok(()));
        data["data"]["quantity"]["value"] = json!(-1);
        assert_eq!(validate(Kind::Correction, &data), Ok(()));
        let errors = validate_correction(Kind::Harvest, &data).unwrap_err();
        assert_eq!(errors.to_string(), r#""/data/quantity/value": must lie between 0 and 9007199254740991"#);
    }
}
