//! From plot to season to lot to lot: what a subject came from and what was made of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use super::deeds::{Amount, Deed, Id, Making};
use super::{Lots, Said};
use crate::produce::Source;
use crate::statement::kinds::Kind;
use crate::statement::subject::{Subject, SubjectKind};
use crate::statement::words::words;
use crate::text::GraphWord;

words! {
    /// What a node is; a lot by what made it.
    NodeKind {
        Graded = "graded",
        Harvested = "harvested",
        /// A lot whose making these records do not hold.
        Known = "known",
        Packed = "packed",
        Planted = "planted",
        Plot = "plot",
        Processed = "processed",
        Season = "season",
    }
}

/// How far to look, and how much of it to tell.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// Steps towards the plots, and towards what was made of it.
    pub back: u32,
    pub forward: u32,
    /// Nodes told of each side, the nearest first. The rest is counted.
    pub nodes_max: usize,
}

/// A subject with what it came from and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graph {
    pub subject: String,
    pub size: u64,
    /// The nearest first; ancestors, the subject, descendants told apart by `depth`.
    pub nodes: Vec<Node>,
    /// Between the nodes told.
    pub edges: Vec<Edge>,
    /// Ancestors and descendants within reach that are not told.
    pub more_back: usize,
    pub more_forward: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    pub subject: String,
    pub kind: NodeKind,
    /// Steps from the subject asked for; below zero towards the plots.
    pub depth: i64,
    /// Of a plot or a season.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variety: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// What was made of a lot; what a plot is declared to yield in a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    pub from: String,
    pub to: String,
    /// Name of the kind of statement: `grading`.
    #[serde(serialize_with = "kind_name")]
    pub kind: Kind,
    /// What was taken of `from`, for whatever was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<Amount>,
    /// What was made as `to`, of whatever was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<Amount>,
    /// The loss that the statement names, for all that it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<Amount>,
    pub source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Back,
    Forward,
}

impl NodeKind {
    pub fn word(self) -> GraphWord {
        match self {
            NodeKind::Graded => GraphWord::Graded,
            NodeKind::Harvested => GraphWord::Harvested,
            NodeKind::Known => GraphWord::Known,
            NodeKind::Packed => GraphWord::Packed,
            NodeKind::Planted => GraphWord::Planted,
            NodeKind::Plot => GraphWord::Plot,
            NodeKind::Processed => GraphWord::Processed,
            NodeKind::Season => GraphWord::Season,
        }
    }
}

impl Lots {
    /// None where nothing is known of the subject.
    pub fn graph(&self, subject: &Subject, reach: Reach, size: u64) -> Option<Graph> {
        let id = *self.ids.get(subject)?;
        self.moves(id, size).next()?;
        let back = self.reach(id, Direction::Back, reach.back, size);
        let forward = self.reach(id, Direction::Forward, reach.forward, size);
        let (told_back, told_forward) = (back.len().min(reach.nodes_max), forward.len().min(reach.nodes_max));
        let mut nodes = vec![self.node(id, 0, size)];
        nodes.extend(back[..told_back].iter().map(|(id, depth)| self.node(*id, -i64::from(*depth), size)));
        nodes.extend(
            forward[..told_forward].iter().map(|(id, depth)| self.node(*id, i64::from(*depth), size)),
        );
        let told: BTreeSet<Id> = std::iter::once(id)
            .chain(back[..told_back].iter().map(|(id, _)| *id))
            .chain(forward[..told_forward].iter().map(|(id, _)| *id))
            .collect();
        let mut edges: Vec<Edge> = told
            .iter()
            .flat_map(|to| self.edges_into(*to, size))
            .filter(|(from, _)| told.contains(from))
            .map(|(_, edge)| edge)
            .collect();
        edges.sort_by(|a, b| (a.source, &a.from, &a.to).cmp(&(b.source, &b.from, &b.to)));
        Some(Graph {
            subject: subject.to_string(),
            size,
            nodes,
            edges,
            more_back: back.len() - told_back,
            more_forward: forward.len() - told_forward,
        })
    }

    /// Everything within so many steps, the nearest first, with its distance. The subject itself is not among it.
    fn reach(&self, from: Id, direction: Direction, steps: u32, size: u64) -> Vec<(Id, u32)> {
        let mut seen = vec![false; self.subjects.len()];
        seen[from as usize] = true;
        let mut reached = Vec::new();
        let mut open = VecDeque::from([(from, 0)]);
        let mut next = Vec::new();
        while let Some((id, depth)) = open.pop_front() {
            if depth == steps {
                break;
            }
            next.clear();
            self.moves(id, size).for_each(|said| beside(&said, id, direction, &mut next));
            for id in &next {
                if !std::mem::replace(&mut seen[*id as usize], true) {
                    reached.push((*id, depth + 1));
                    open.push_back((*id, depth + 1));
                }
            }
        }
        reached
    }

    fn node(&self, id: Id, depth: i64, size: u64) -> Node {
        let subject = self.name(id);
        let kind = match subject.kind() {
            SubjectKind::Plot => NodeKind::Plot,
            SubjectKind::Crop => NodeKind::Season,
            _ => NodeKind::Known,
        };
        let mut node = Node {
            subject: subject.to_string(),
            kind,
            depth,
            name: None,
            crop: None,
            variety: None,
            grade: None,
            product: None,
            amount: None,
        };
        let word = |id: Option<Id>| id.map(|id| self.word(id).to_owned());
        for said in self.moves(id, size) {
            match said.deed {
                Deed::Plot(plot) if said.act.subject == id => {
                    (node.name, node.amount) = (word(plot.name), plot.declared);
                    (node.crop, node.variety) = (word(plot.crop), word(plot.variety));
                }
                Deed::Season(season) if said.act.subject == id => {
                    (node.name, node.amount) = (word(season.name), season.expected);
                    (node.crop, node.variety) = (word(season.crop), word(season.variety));
                }
                Deed::Planting { crop, variety, .. } if said.act.subject == id && kind == NodeKind::Known => {
                    node.kind = NodeKind::Planted;
                    (node.crop, node.variety) = (word(*crop), word(*variety));
                }
                Deed::Harvest(harvest) if said.act.subject == id => {
                    (node.kind, node.amount) = (NodeKind::Harvested, harvest.made);
                    (node.crop, node.variety) = (word(harvest.crop), word(harvest.variety));
                }
                Deed::Making(making) => self.made_as(&mut node, id, &said, making),
                _ => {}
            }
        }
        node
    }

    fn made_as(&self, node: &mut Node, id: Id, said: &Said<'_>, making: &Making) {
        let Some(output) = making.outputs.iter().find(|output| output.lot == id) else { return };
        node.kind = match said.act.kind {
            Kind::Grading => NodeKind::Graded,
            Kind::Packing => NodeKind::Packed,
            _ => NodeKind::Processed,
        };
        node.amount = output.made;
        node.grade = output.grade.map(|grade| self.word(grade).to_owned());
        node.product = making.product.map(|product| self.word(product).to_owned());
    }

    /// From what a subject directly came.
    fn edges_into(&self, to: Id, size: u64) -> Vec<(Id, Edge)> {
        let mut edges: BTreeMap<Id, Edge> = BTreeMap::new();
        for said in self.moves(to, size) {
            let edge = |from: Id, taken, made, loss| Edge {
                from: self.name(from).to_string(),
                to: self.name(to).to_string(),
                kind: said.act.kind,
                taken,
                made,
                loss,
                source: said.source,
            };
            match said.deed {
                Deed::Season(season) if said.act.subject == to => {
                    edges.extend(season.plot.map(|plot| (plot, edge(plot, None, None, None))));
                }
                Deed::Planting { from, .. } if said.act.subject == to => {
                    edges.extend(from.iter().map(|from| (*from, edge(*from, None, None, None))));
                }
                Deed::Harvest(harvest) if said.act.subject == to => {
                    // From several fields: how much of which is not said.
                    let taken = harvest.made.filter(|_| harvest.from.len() == 1);
                    let made = harvest.made;
                    edges.extend(harvest.from.iter().map(|from| (*from, edge(*from, taken, made, None))));
                }
                Deed::Making(making) => {
                    let Some(output) = making.outputs.iter().find(|output| output.lot == to) else {
                        continue;
                    };
                    for (from, taken) in &making.inputs {
                        edges.insert(*from, edge(*from, *taken, output.made, making.loss));
                    }
                }
                _ => {}
            }
        }
        edges.into_iter().collect()
    }
}

/// The subjects one step on, as far as this statement says.
fn beside(said: &Said<'_>, id: Id, direction: Direction, next: &mut Vec<Id>) {
    let is_about = said.act.subject == id;
    let fields = |from: &[Id], next: &mut Vec<Id>| match direction {
        Direction::Back if is_about => next.extend_from_slice(from),
        Direction::Forward if !is_about && from.contains(&id) => next.push(said.act.subject),
        _ => {}
    };
    match said.deed {
        Deed::Season(season) => fields(season.plot.as_slice(), next),
        Deed::Planting { from, .. } => fields(from, next),
        Deed::Harvest(harvest) => fields(&harvest.from, next),
        Deed::Making(making) => {
            let is_made = making.outputs.iter().any(|output| output.lot == id);
            match direction {
                Direction::Back if is_made => next.extend(making.inputs.iter().map(|(lot, _)| *lot)),
                Direction::Forward if !is_made => next.extend(making.outputs.iter().map(|output| output.lot)),
                _ => {}
            }
        }
        _ => {}
    }
}

fn kind_name<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}
