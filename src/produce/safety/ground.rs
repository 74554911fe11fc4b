//! Where the lots of a line were grown, and which lots came of which.

use std::collections::{BTreeMap, BTreeSet};

use super::folded;
use crate::produce::acts::Act;
use crate::produce::dossier::Dossier;
use crate::statement::kinds::Kind;
use crate::statement::subject::{Subject, SubjectKind};
use crate::verify::needed::ancestors;

/// The line of a batch as the rules of safety walk it.
pub(in crate::produce) struct Ground<'d, 'a> {
    pub(in crate::produce) dossier: &'d Dossier<'a>,
    /// The lots that came from fields rather than from other lots.
    pub(super) roots: Vec<Root<'d, 'a>>,
    /// What was made of each subject of the line directly, itself of the line.
    made: BTreeMap<Subject, BTreeSet<Subject>>,
}

/// A lot that was picked, or is growing.
pub(super) struct Root<'d, 'a> {
    pub(super) lot: &'d Subject,
    pub(super) harvests: Vec<&'d Act<'a>>,
    pub(super) plantings: Vec<&'d Act<'a>>,
    pub(super) fields: Vec<Field>,
    /// Names of the crop, folded.
    pub(super) crops: BTreeSet<String>,
}

/// What a lot was picked from: one season of a plot, a plot, or the growing lot itself.
pub(super) struct Field {
    pub(super) season: Subject,
    pub(super) plots: BTreeSet<Subject>,
}

impl<'d, 'a> Ground<'d, 'a> {
    pub(in crate::produce) fn of(dossier: &'d Dossier<'a>) -> Ground<'d, 'a> {
        let mut ground = Ground { dossier, roots: Vec::new(), made: BTreeMap::new() };
        for act in dossier.acts.iter() {
            for subject in act.subjects().filter(|subject| dossier.has(subject)) {
                for parent in ancestors(subject, act.record) {
                    ground.made.entry(parent).or_default().insert(subject.clone());
                }
            }
        }
        ground.roots = dossier.lots().filter_map(|lot| root(dossier, lot)).collect();
        ground
    }

    /// The subject and everything of the line that came of it.
    pub(super) fn below(&self, subject: &Subject) -> BTreeSet<Subject> {
        let mut below = BTreeSet::from([subject.clone()]);
        let mut open = vec![subject.clone()];
        while let Some(subject) = open.pop() {
            for made in self.made.get(&subject).into_iter().flatten() {
                if below.insert(made.clone()) {
                    open.push(made.clone());
                }
            }
        }
        below
    }

    /// Acts of a kind that concern the line, those after it was drawn from among them.
    pub(super) fn about_line(&self, kind: Kind) -> impl Iterator<Item = &'d Act<'a>> {
        let dossier = self.dossier;
        dossier.acts.of_kind(kind).filter(move |act| act.subjects().any(|subject| dossier.has(subject)))
    }

    /// The entry by which the first harvest of the line was recorded.
    pub(super) fn first_harvest(&self) -> Option<u64> {
        self.roots.iter().flat_map(|root| &root.harvests).map(|harvest| harvest.seq()).min()
    }

    pub(super) fn crops(&self) -> BTreeSet<&str> {
        self.roots.iter().flat_map(|root| &root.crops).map(String::as_str).collect()
    }

    /// Whether the organisation owns a lot, season or plot of the line.
    pub(super) fn is_of(&self, org: &str) -> bool {
        let dossier = self.dossier;
        let mut subjects = dossier.lots().chain(dossier.crops()).chain(dossier.plots());
        subjects.any(|subject| subject.org() == Some(org))
    }
}

impl Root<'_, '_> {
    pub(super) fn plots(&self) -> BTreeSet<&Subject> {
        self.fields.iter().flat_map(|field| &field.plots).collect()
    }
}

fn root<'d, 'a>(dossier: &'d Dossier<'a>, lot: &'d Subject) -> Option<Root<'d, 'a>> {
    let of = |kind: Kind| -> Vec<&'d Act<'a>> {
        dossier.acts.of_kind(kind).filter(|act| act.subject() == lot).collect()
    };
    let (harvests, plantings) = (of(Kind::Harvest), of(Kind::Planting));
    if harvests.is_empty() && plantings.is_empty() {
        return None;
    }
    let mut fields = vec![Field { season: lot.clone(), plots: BTreeSet::new() }];
    let origins: BTreeSet<&Subject> =
        harvests.iter().chain(&plantings).flat_map(|act| act.subjects()).collect();
    fields.extend(origins.into_iter().filter_map(|origin| field(dossier, origin)));
    let crops = crop_names(dossier, &harvests, &plantings, &fields);
    Some(Root { lot, harvests, plantings, fields, crops })
}

fn field(dossier: &Dossier<'_>, origin: &Subject) -> Option<Field> {
    match origin.kind() {
        SubjectKind::Plot => Some(Field { season: origin.clone(), plots: BTreeSet::from([origin.clone()]) }),
        SubjectKind::Crop => {
            let opened: Vec<&Act<'_>> =
                dossier.acts.of_kind(Kind::CropOpen).filter(|act| act.subject() == origin).collect();
            let plots = opened.iter().flat_map(|act| act.subjects());
            Some(Field {
                season: origin.clone(),
                plots: plots.filter(|subject| subject.kind() == SubjectKind::Plot).cloned().collect(),
            })
        }
        _ => None,
    }
}

/// What the harvest and its season call the crop, in any version; the plot's word counts where they are silent.
fn crop_names(
    dossier: &Dossier<'_>,
    harvests: &[&Act<'_>],
    plantings: &[&Act<'_>],
    fields: &[Field],
) -> BTreeSet<String> {
    let said = |acts: &[&Act<'_>]| -> BTreeSet<String> {
        let versions = acts.iter().flat_map(|act| &act.versions);
        versions.filter_map(|version| version.text("crop")).map(folded).collect()
    };
    let named = |kind: Kind, subjects: &BTreeSet<&Subject>| {
        let acts: Vec<&Act<'_>> =
            dossier.acts.of_kind(kind).filter(|act| subjects.contains(act.subject())).collect();
        said(&acts)
    };
    let seasons: BTreeSet<&Subject> = fields.iter().map(|field| &field.season).collect();
    let mut names = said(harvests);
    names.extend(said(plantings));
    names.extend(named(Kind::CropOpen, &seasons));
    if names.is_empty() {
        names = named(Kind::PlotRegister, &fields.iter().flat_map(|field| &field.plots).collect());
    }
    names
}
