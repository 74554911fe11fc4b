//! The picture of a lot's graph: plots on top, what was made of it at the bottom, narrow enough for a phone.
//!
//! The same graph gives the same bytes. What does not fit is folded into one card per row of the picture, and counted.

mod draw;

use std::collections::{BTreeMap, BTreeSet};

use crate::produce::lots::{Edge, Graph, Node};
use crate::text::Lang;

/// In CSS pixels; the picture scales with its place.
const WIDTH: f64 = 360.0;
const MARGIN: f64 = 8.0;
const GAP: f64 = 8.0;
const CARD_HEIGHT: f64 = 58.0;
const ROW_GAP: f64 = 10.0;
/// Between layers, where lines run and the work is named.
const LAYER_GAP: f64 = 58.0;
const COLUMNS: usize = 3;
/// A layer is three rows of cards at most.
const LAYER_CARDS_MAX: usize = 9;
const PILL_HEIGHT: f64 = 20.0;

/// One card: a node, or the nodes that did not fit into its layer.
struct Card<'a> {
    node: Option<&'a Node>,
    folded: usize,
    layer: usize,
    x: f64,
    y: f64,
    width: f64,
}

/// Where the cards of one layer begin and end, and in how many rows they stand.
struct Layer {
    top: f64,
    foot: f64,
    rows: usize,
}

/// What one statement did: its lines meet in a pill that names it.
struct Work<'a> {
    edges: Vec<&'a Edge>,
    from: BTreeSet<usize>,
    to: BTreeSet<usize>,
}

struct Picture<'a> {
    graph: &'a Graph,
    lang: Lang,
    names: &'a BTreeMap<&'a str, &'a str>,
    cards: Vec<Card<'a>>,
    layers: Vec<Layer>,
    /// Card by subject.
    places: BTreeMap<&'a str, usize>,
    height: f64,
}

/// An SVG document. `names` are organisations' names by bare id.
pub fn svg(graph: &Graph, lang: Lang, names: &BTreeMap<&str, &str>) -> String {
    let mut picture = Picture {
        graph,
        lang,
        names,
        cards: Vec::new(),
        layers: Vec::new(),
        places: BTreeMap::new(),
        height: MARGIN,
    };
    picture.lay_out();
    picture.draw()
}

impl<'a> Picture<'a> {
    fn lay_out(&mut self) {
        let ranks = ranks(self.graph);
        let mut layers: BTreeMap<usize, Vec<&Node>> = BTreeMap::new();
        for node in &self.graph.nodes {
            layers.entry(ranks[node.subject.as_str()]).or_default().push(node);
        }
        let (first, last) = (layers.keys().next().copied(), layers.keys().next_back().copied());
        for (rank, mut nodes) in layers {
            self.order(&mut nodes);
            let more = match () {
                () if Some(rank) == first => self.graph.more_back,
                () if Some(rank) == last => self.graph.more_forward,
                () => 0,
            };
            self.lay_layer(&nodes, more);
            self.height += LAYER_GAP;
        }
        self.height += MARGIN - LAYER_GAP;
    }

    /// Under what they came from, so that lines cross little; the lot asked for is never folded.
    fn order(&self, nodes: &mut [&'a Node]) {
        let over = |node: &Node| -> i64 {
            let edges = self.graph.edges.iter().filter(|edge| edge.to == node.subject);
            let parents: Vec<f64> = edges
                .filter_map(|edge| self.places.get(edge.from.as_str()))
                .map(|place| self.cards[*place].x + self.cards[*place].width / 2.0)
                .collect();
            // In tenths of a pixel, so that it can be sorted.
            (parents.iter().sum::<f64>() * 10.0 / parents.len().max(1) as f64) as i64
        };
        nodes.sort_by_cached_key(|node| (node.depth != 0, over(node), node.subject.clone()));
    }

    fn lay_layer(&mut self, nodes: &[&'a Node], more: usize) {
        let fits = nodes.len() + usize::from(more > 0) <= LAYER_CARDS_MAX;
        let shown = if fits { nodes.len() } else { LAYER_CARDS_MAX - 1 };
        let folded = nodes.len() - shown + more;
        let count = shown + usize::from(folded > 0);
        let columns = if count == 4 { 2 } else { count.min(COLUMNS) };
        // A card on its own need not be as wide as the picture.
        let fit = columns.max(2) as f64;
        let width = (WIDTH - 2.0 * MARGIN - GAP * (fit - 1.0)) / fit;
        let (layer, top, rows) = (self.layers.len(), self.height, count.div_ceil(columns));
        for row in 0..rows {
            let in_row = columns.min(count - row * columns);
            let used = in_row as f64 * width + (in_row as f64 - 1.0) * GAP;
            for column in 0..in_row {
                let at = row * columns + column;
                let place = self.cards.len();
                let node = nodes.get(at).filter(|_| at < shown).copied();
                if let Some(node) = node {
                    self.places.insert(&node.subject, place);
                }
                let x = (WIDTH - used) / 2.0 + column as f64 * (width + GAP);
                let folded = if node.is_none() { folded } else { 0 };
                self.cards.push(Card { node, folded, layer, x, y: self.height, width });
            }
            self.height += CARD_HEIGHT + ROW_GAP;
        }
        self.height -= ROW_GAP;
        self.layers.push(Layer { top, foot: self.height, rows });
        let last = self.cards.len() - 1;
        for node in &nodes[shown..] {
            self.places.insert(&node.subject, last);
        }
    }
}

/// The longest way down from the top to each node.
fn ranks(graph: &Graph) -> BTreeMap<&str, usize> {
    let mut ranks: BTreeMap<&str, usize> =
        graph.nodes.iter().map(|node| (node.subject.as_str(), 0)).collect();
    // Lots come of lots that were there before, so as many rounds as nodes end it; a forged ring stops there too.
    for _ in 0..graph.nodes.len() {
        let mut is_settled = true;
        for edge in &graph.edges {
            let below = ranks.get(edge.from.as_str()).map_or(0, |rank| rank + 1);
            if let Some(rank) = ranks.get_mut(edge.to.as_str())
                && *rank < below
                && below < graph.nodes.len()
            {
                *rank = below;
                is_settled = false;
            }
        }
        if is_settled {
            break;
        }
    }
    ranks
}

#[cfg(test)]
mod tests;
