//! Where a batch stands, for programs: the assessment with every fact in words, and what each use is told.

use serde_json::{Map, Value, json};

use super::reason::Fact;
use super::story::Story;
use super::survey::name;
use super::wording::Wording;
use crate::text::{Lang, Use, Words};

/// The assessment of a story as JSON. Beside its own members: `subject`; `uses`, for each use whether it is `allowed`
/// and by which reasons not; and in every fact its words, `zh` and `en`.
pub fn status_report(story: &Story) -> Value {
    let assessment = &story.assessment;
    // Structs of texts, numbers and lists with text keys: serde_json has no way to fail.
    let mut report = serde_json::to_value(assessment).expect("an assessment serialises");
    let judgement = &assessment.judgement;
    tell(story, &mut report["reasons"], judgement.reasons.iter());
    tell(story, &mut report["notes"], judgement.notes.iter());
    tell(story, &mut report["imbalances"], assessment.imbalances.iter());
    tell(story, &mut report["flags"], assessment.flags.iter());
    for (lifted, value) in judgement.lifted.iter().zip(elements(&mut report["lifted"])) {
        words(story, &mut value["reason"], &lifted.reason);
    }
    report["subject"] = json!(story.subject.to_string());
    report["uses"] = Value::Object(uses(story));
    report
}

fn uses(story: &Story) -> Map<String, Value> {
    let of = |wanted: &Use| {
        let blocking = story.assessment.judgement.blocks(*wanted);
        let because: Vec<&str> = blocking.iter().map(|reason| name(reason.sort)).collect();
        (name(*wanted).to_owned(), json!({ "allowed": because.is_empty(), "because": because }))
    };
    <Use as Words>::ALL.iter().map(of).collect()
}

fn tell<'f, W: Words>(story: &Story, list: &mut Value, facts: impl Iterator<Item = &'f Fact<W>>) {
    for (value, fact) in elements(list).zip(facts) {
        words(story, value, fact);
    }
}

fn words<W: Words>(story: &Story, value: &mut Value, fact: &Fact<W>) {
    for lang in Lang::ALL {
        value[lang.key()] = json!(Wording::of(story, lang).fact(fact));
    }
}

fn elements(list: &mut Value) -> std::slice::IterMut<'_, Value> {
    list.as_array_mut().map(|list| list.iter_mut()).unwrap_or_default()
}
