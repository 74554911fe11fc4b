//! What became one lot: goods of different grades (好差混卖), and of different growers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Flags, Look, lots_in};
use crate::produce::acts::Act;
use crate::produce::reason::{Fact, Said, Source};
use crate::statement::kinds::Kind;
use crate::statement::quantity::{Base, Quantity};
use crate::statement::subject::Subject;
use crate::text::Flag;

pub(super) fn find(look: &Look<'_, '_>, flags: &mut Flags) {
    let grades = grades(look);
    let growers = growers(look);
    for act in look.standing().filter(|act| is_transform(act.kind)) {
        // Of a lot that it was only put into, the trace does not say how the rest was graded.
        if lots_in(act.now(), "outputs").any(|(lot, _)| look.dossier.lots().any(|own| own.as_str() == lot)) {
            flags.extend(graded_up(look, act, &grades));
        }
        flags.extend(origins(act, &growers));
    }
}

fn is_transform(kind: Kind) -> bool {
    matches!(kind, Kind::Grading | Kind::Packing | Kind::Processing)
}

// -- grades ------------------------------------------------------------------------------------------------------

/// What each lot is graded. One that names no grade has that of what went in, if that was one.
fn grades<'a>(look: &Look<'_, 'a>) -> BTreeMap<&'a str, &'a str> {
    let mut grades: BTreeMap<&str, &str> = BTreeMap::new();
    let transforms = look.dossier.acts.iter().filter(|act| is_transform(act.kind) && !act.is_withdrawn());
    for act in transforms {
        let inputs: Vec<Option<&str>> =
            lots_in(act.now(), "inputs").map(|(lot, _)| grades.get(lot).copied()).collect();
        let inherited =
            inputs.first().copied().flatten().filter(|grade| inputs.iter().all(|i| *i == Some(*grade)));
        for (lot, output) in lots_in(act.now(), "outputs") {
            if let Some(grade) = grade_of(output).or(inherited) {
                grades.entry(lot).or_insert(grade);
            }
        }
    }
    grades
}

fn grade_of(output: &Value) -> Option<&str> {
    output.get("grade")?.as_str()
}

/// Places on the usual ladder, the best first. Other names have none: they are compared by name alone.
fn rank(grade: &str) -> Option<usize> {
    const LADDER: &[&[&str]] = &[
        &["特级", "特等", "特优", "extra"],
        &["一级", "一等", "优级", "优等", "class i"],
        &["二级", "二等", "class ii"],
        &["三级", "三等", "class iii"],
        &["四级", "四等"],
        &["五级", "五等"],
        &["等外", "级外", "次级", "次品"],
    ];
    let grade = grade.trim().to_lowercase();
    LADDER
        .iter()
        .position(|names| names.contains(&grade.trim_end_matches(['品', '果'])) || names.contains(&&*grade))
}

/// Lots of several grades in, and more of a better grade out than went in, or no grade at all.
fn graded_up(look: &Look<'_, '_>, act: &Act<'_>, grades: &BTreeMap<&str, &str>) -> Option<Fact<Flag>> {
    let inputs: Vec<(Option<&str>, Option<u64>)> =
        lots_in(act.now(), "inputs").map(|(lot, input)| (grades.get(lot).copied(), grams(input))).collect();
    let names: BTreeSet<&str> = inputs.iter().filter_map(|(grade, _)| *grade).collect();
    let has_ungraded = inputs.iter().any(|(grade, _)| grade.is_none());
    // Grading may sort what was never sorted; a single graded lot that is called better is judged like a mixture.
    if names.is_empty() || has_ungraded && act.kind == Kind::Grading {
        return None;
    }
    let outputs: Vec<(Option<&str>, Option<u64>)> =
        lots_in(act.now(), "outputs").map(|(_, output)| (grade_of(output), grams(output))).collect();
    let is_mixed = names.len() > 1;
    let hidden = is_mixed && outputs.iter().any(|(grade, _)| grade.is_none());
    let better = outputs.iter().filter_map(|(grade, _)| *grade).find(|grade| {
        let allowed = as_good(grade, &inputs);
        let made = as_good(grade, &outputs);
        let is_new = rank(grade).is_none() && !names.contains(grade);
        match is_new {
            // A name that says nothing of its place: several sorted goods under one new name.
            true => is_mixed && outputs.len() == 1,
            false => is_more(made, allowed, look.tunables(act).mass_tolerance),
        }
    });
    let sort = match better {
        Some(_) => Flag::GradesMixed,
        None if hidden => Flag::GradesHidden,
        None => return None,
    };
    let mut listed: Vec<&str> = names.into_iter().collect();
    listed.sort_by_key(|grade| rank(grade));
    let fact =
        Fact::new(sort, act.subject(), [Source::of(act)]).says("grades", Said::Text(listed.join(" / ")));
    Some(match better {
        Some(grade) => fact.says("grade", Said::Text(grade.to_owned())),
        None => fact,
    })
}

/// How much of it is of that grade or a better one, in grams. None where a part is not weighed.
fn as_good(grade: &str, lots: &[(Option<&str>, Option<u64>)]) -> Option<u128> {
    let mut sum = 0_u128;
    for (named, grams) in lots {
        let counts = match (rank(grade), named.map(|named| (named, rank(named)))) {
            (_, None) => false,
            (Some(asked), Some((_, Some(known)))) => known <= asked,
            (_, Some((named, _))) => named == grade,
        };
        if counts {
            sum += u128::from((*grams)?);
        }
    }
    Some(sum)
}

/// Beyond the tolerance, in per cent. Unweighed goods cannot be compared, unless none of that grade went in.
fn is_more(made: Option<u128>, allowed: Option<u128>, tolerance: u64) -> bool {
    match (made, allowed) {
        (Some(made), Some(allowed)) => {
            made.saturating_mul(100) > allowed.saturating_mul(100 + u128::from(tolerance.min(100)))
        }
        (None, Some(0)) => true,
        _ => false,
    }
}

fn grams(item: &Value) -> Option<u64> {
    let quantity = Quantity::parse(item.get("quantity")?, "").ok()?;
    (quantity.base() == Base::Gram).then_some(quantity.value)
}

// -- origins -----------------------------------------------------------------------------------------------------

/// The organisations that picked what is in each lot.
fn growers<'a>(look: &Look<'_, 'a>) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut growers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for act in look.dossier.acts.iter().filter(|act| !act.is_withdrawn()) {
        if act.kind == Kind::Harvest {
            let picked = act.subject().org();
            growers.entry(act.subject().as_str()).or_default().extend(picked);
        } else if is_transform(act.kind) {
            let together = union(act, &growers);
            for (lot, _) in lots_in(act.now(), "outputs") {
                growers.entry(lot).or_default().extend(together.iter().copied());
            }
        }
    }
    growers
}

fn union<'a>(act: &Act<'a>, growers: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let inputs = lots_in(act.now(), "inputs").filter_map(|(lot, _)| growers.get(lot));
    inputs.flatten().copied().collect()
}

/// Where the growers came together, not at every step after.
fn origins<'a>(act: &Act<'a>, growers: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Fact<Flag>> {
    let together = union(act, growers);
    let most =
        lots_in(act.now(), "inputs").filter_map(|(lot, _)| growers.get(lot)).map(BTreeSet::len).max()?;
    (together.len() > most.max(1)).then(|| {
        let about: &Subject = act.subject();
        let count = i64::try_from(together.len()).unwrap_or(i64::MAX);
        Fact::new(Flag::OriginsMixed, about, [Source::of(act)]).says("count", Said::Number(count))
    })
}
