//! The picture of a lot's graph: plots on top, what was made of it at the bottom, narrow enough for a phone.
//!
//! The same graph gives the same bytes. What does not fit is folded into one card per row of the picture, and counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::produce::Source;
use crate::produce::lots::{Amount, Edge, Graph, Node, NodeKind};
use crate::produce::wording::base_amount;
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use crate::text::{GraphWord, Lang, fill, labels, t};

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

    fn draw(&self) -> String {
        let title = t(self.lang, GraphWord::Title);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"graph-title graph-text\" \
             xml:lang=\"{lang}\" font-family=\"system-ui, -apple-system, 'PingFang SC', 'Microsoft YaHei', \
             'Noto Sans CJK SC', 'Noto Sans SC', sans-serif\">",
            height = self.height,
            lang = self.lang.tag(),
        );
        let text = fill(
            t(self.lang, GraphWord::All),
            &[("lot", &local(&self.graph.subject)), ("list", &self.list())],
        );
        put(&mut out, format_args!("<title id=\"graph-title\">{}</title>", escape(title)));
        put(&mut out, format_args!("<desc id=\"graph-text\">{}</desc>", escape(&text)));
        put(&mut out, format_args!("<rect width=\"{WIDTH}\" height=\"{}\" fill=\"#fff\"/>", self.height));
        let works = self.works();
        let pills = self.pills(&works);
        let mut bundles = BTreeSet::new();
        for (work, pill) in works.iter().zip(&pills) {
            match self.bundle(work).filter(|_| pill.is_none()) {
                Some(bundle) => {
                    bundles.insert(bundle);
                }
                None => self.lines(&mut out, work, *pill),
            }
        }
        bundles.into_iter().for_each(|upper| self.bracket(&mut out, upper));
        self.cards.iter().for_each(|card| self.card(&mut out, card));
        works.iter().zip(&pills).for_each(|(work, pill)| self.pill(&mut out, work, *pill));
        out.push_str("</svg>\n");
        out
    }

    /// The picture in words, for whoever cannot see it.
    fn list(&self) -> String {
        let cards: Vec<String> = self.cards.iter().map(|card| self.said(card)).collect();
        cards.join(if self.lang == Lang::Zh { "；" } else { "; " })
    }

    fn said(&self, card: &Card<'_>) -> String {
        let Some(node) = card.node else { return self.more(card) };
        let mut said = vec![t(self.lang, node.kind.word()).to_owned(), local(&node.subject)];
        said.extend(self.about(node));
        said.extend(self.owner(node));
        said.extend(node.amount.map(|amount| self.amount(amount)));
        said.join(" ")
    }

    fn works(&self) -> Vec<Work<'a>> {
        let mut works: BTreeMap<Source, Work<'a>> = BTreeMap::new();
        for edge in &self.graph.edges {
            let from = self.places.get(edge.from.as_str());
            let to = self.places.get(edge.to.as_str());
            let (Some(from), Some(to)) = (from, to) else { continue };
            let work = works.entry(edge.source);
            let work = work.or_insert_with(|| Work {
                edges: Vec::new(),
                from: BTreeSet::new(),
                to: BTreeSet::new(),
            });
            work.edges.push(edge);
            work.from.insert(*from);
            work.to.insert(*to);
        }
        // Harvests that run between the same cards are one line.
        let mut seen = BTreeSet::new();
        works.into_values().filter(|work| seen.insert((work.from.clone(), work.to.clone()))).collect()
    }

    /// Where the pill of each work stands: above what it made, side by side. Only work that makes lots of lots has one.
    fn pills(&self, works: &[Work<'_>]) -> Vec<Option<(f64, f64)>> {
        let mut pills: Vec<Option<(f64, f64)>> = vec![None; works.len()];
        let mut gaps: BTreeMap<i64, Vec<(i64, usize)>> = BTreeMap::new();
        for (at, work) in works.iter().enumerate() {
            let is_making = matches!(work.edges[0].kind, Kind::Grading | Kind::Packing | Kind::Processing);
            let tops = work.to.iter().map(|card| self.layers[self.cards[*card].layer].top);
            let top = tops.fold(f64::MAX, f64::min);
            if is_making {
                gaps.entry((top * 10.0) as i64)
                    .or_default()
                    .push(((self.middle(&work.to) * 10.0) as i64, at));
            }
        }
        for (top, mut there) in gaps {
            there.sort_unstable();
            let count = there.len() as f64;
            for (n, (middle, at)) in there.iter().enumerate() {
                let x = match there.len() {
                    1 => *middle as f64 / 10.0,
                    _ => MARGIN + (WIDTH - 2.0 * MARGIN) * (n as f64 + 0.5) / count,
                };
                pills[*at] = Some((x.clamp(70.0, WIDTH - 70.0), top as f64 / 10.0 - LAYER_GAP / 2.0));
            }
        }
        pills
    }

    fn middle(&self, cards: &BTreeSet<usize>) -> f64 {
        let middles = cards.iter().map(|card| self.cards[*card].x + self.cards[*card].width / 2.0);
        middles.sum::<f64>() / cards.len().max(1) as f64
    }

    /// The upper of two neighbouring layers between which lines would run behind other cards.
    fn bundle(&self, work: &Work<'_>) -> Option<usize> {
        let upper = self.cards[*work.from.first()?].layer;
        let is_next = |card: &usize| self.cards[*card].layer == upper + 1;
        let is_crowded = self.layers[upper].rows > 1 || self.layers.get(upper + 1)?.rows > 1;
        (is_crowded && work.to.iter().all(is_next)).then_some(upper)
    }

    /// All of a layer to all of the next, where single lines could not be told apart.
    fn bracket(&self, out: &mut String, upper: usize) {
        let Some(lower) = self.layers.get(upper + 1) else { return };
        let (from, to) = (self.layers[upper].foot + 9.0, lower.top - 9.0);
        let (left, middle, right) = (MARGIN + 16.0, WIDTH / 2.0, WIDTH - MARGIN - 16.0);
        put(
            out,
            format_args!(
                "<path d=\"M{left} {:.1}V{from:.1}H{right}V{:.1}M{middle} {from:.1}V{to:.1}M{left} {:.1}V{to:.1}\
                 H{right}V{:.1}M{:.1} {:.1}L{middle} {to:.1}L{:.1} {:.1}\" fill=\"none\" stroke=\"#9a9a9a\" \
                 stroke-width=\"1.2\"/>",
                from - 5.0,
                from - 5.0,
                to + 5.0,
                to + 5.0,
                middle - 5.0,
                to - 7.0,
                middle + 5.0,
                to - 7.0,
            ),
        );
    }

    fn lines(&self, out: &mut String, work: &Work<'_>, pill: Option<(f64, f64)>) {
        let foot = |card: usize| {
            let card = &self.cards[card];
            (card.x + card.width / 2.0, card.y + CARD_HEIGHT)
        };
        let head = |card: usize| (self.cards[card].x + self.cards[card].width / 2.0, self.cards[card].y);
        match pill {
            Some((x, y)) => {
                match self.whole_layer(&work.from) {
                    Some(layer) => gathered(out, layer.foot, (x, y - PILL_HEIGHT / 2.0)),
                    None => {
                        work.from.iter().for_each(|from| line(out, foot(*from), (x, y - PILL_HEIGHT / 2.0)));
                    }
                }
                work.to.iter().for_each(|to| line(out, (x, y + PILL_HEIGHT / 2.0), head(*to)));
            }
            None => {
                for from in &work.from {
                    work.to.iter().for_each(|to| line(out, foot(*from), head(*to)));
                }
            }
        }
    }

    /// The layer of several rows that these cards are all of.
    fn whole_layer(&self, cards: &BTreeSet<usize>) -> Option<&Layer> {
        let at = self.cards[*cards.first()?].layer;
        let all = self.cards.iter().filter(|card| card.layer == at).count();
        let here = cards.iter().filter(|card| self.cards[**card].layer == at).count();
        let layer = self.layers.get(at)?;
        (layer.rows > 1 && here == all && here == cards.len()).then_some(layer)
    }

    fn pill(&self, out: &mut String, work: &Work<'_>, pill: Option<(f64, f64)>) {
        let Some((x, y)) = pill else { return };
        let edge = work.edges[0];
        let mut text = labels::kind(self.lang, edge.kind).to_owned();
        if let Some(loss) = edge.loss.filter(|loss| loss.value > 0) {
            let amount = self.amount(loss);
            text = format!("{text} · {}", fill(t(self.lang, GraphWord::Loss), &[("amount", &amount)]));
        }
        let text = cut(&text, 22.0);
        let width = wide(&text) * 11.0 + 16.0;
        put(
            out,
            format_args!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{PILL_HEIGHT}\" rx=\"10\" \
                 fill=\"#fff\" stroke=\"#8a8a8a\"/><text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"11\" \
                 text-anchor=\"middle\" fill=\"#444\">{}</text>",
                x - width / 2.0,
                y - PILL_HEIGHT / 2.0,
                y + 4.0,
                escape(&text),
            ),
        );
    }

    fn card(&self, out: &mut String, card: &Card<'_>) {
        let is_this = card.node.is_some_and(|node| node.subject == self.graph.subject);
        let (fill_colour, edge_colour) = card.node.map_or(("#f4f4f4", "#8a8a8a"), |node| colours(node.kind));
        let (stroke, dashes) = match (is_this, card.node) {
            (true, _) => ("3", ""),
            (false, None) => ("1", " stroke-dasharray=\"4 3\""),
            (false, Some(_)) => ("1", ""),
        };
        put(
            out,
            format_args!(
                "<g><title>{}</title><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{CARD_HEIGHT}\" \
                 rx=\"6\" fill=\"{fill_colour}\" stroke=\"{edge_colour}\" stroke-width=\"{stroke}\"{dashes}/>",
                escape(&self.said(card)),
                card.x,
                card.y,
                card.width,
            ),
        );
        let Some(node) = card.node else {
            text(out, card, CARD_HEIGHT / 2.0 + 4.0, 12.0, "#333", false, &self.more(card));
            out.push_str("</g>");
            return;
        };
        let kind = t(self.lang, node.kind.word());
        let head = match is_this {
            true => format!("{kind} · {}", t(self.lang, GraphWord::This)),
            false => kind.to_owned(),
        };
        text(out, card, 16.0, 11.0, edge_colour, true, &head);
        let name = node.name.clone().unwrap_or_else(|| local(&node.subject));
        text(out, card, 33.0, 13.0, "#111", true, &name);
        let mut said: Vec<String> = self.about(node).into_iter().collect();
        // A plot's and a season's amounts are plans, not goods.
        if !matches!(node.kind, NodeKind::Plot | NodeKind::Season) {
            said.extend(node.amount.map(|amount| self.amount(amount)));
        }
        text(out, card, 50.0, 11.0, "#333", false, &said.join(" "));
        out.push_str("</g>");
    }

    fn about(&self, node: &Node) -> Option<String> {
        node.grade.clone().or_else(|| node.variety.clone()).or_else(|| node.crop.clone())
    }

    fn owner(&self, node: &Node) -> Option<String> {
        let subject = Subject::parse(&node.subject).ok()?;
        let org = subject.org()?;
        Some(self.names.get(org).copied().unwrap_or(org).to_owned())
    }

    fn more(&self, card: &Card<'_>) -> String {
        fill(t(self.lang, GraphWord::More), &[("n", &card.folded.to_string())])
    }

    fn amount(&self, amount: Amount) -> String {
        base_amount(amount.value, amount.base, self.lang)
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

/// Fill and edge. The kind is written on the card too.
fn colours(kind: NodeKind) -> (&'static str, &'static str) {
    match kind {
        NodeKind::Plot => ("#f3ece2", "#6d4c1f"),
        NodeKind::Season | NodeKind::Planted => ("#eef5e6", "#3f6b1d"),
        NodeKind::Harvested => ("#fdeeee", "#a3282f"),
        NodeKind::Graded => ("#fff6dc", "#7a5b00"),
        NodeKind::Packed => ("#e7f0fb", "#1c4f8f"),
        NodeKind::Processed => ("#f2eafa", "#5b2f8a"),
        NodeKind::Known => ("#f4f4f4", "#444444"),
    }
}

fn line(out: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let bend = (y2 - y1) / 2.0;
    put(
        out,
        format_args!(
            "<path d=\"M{x1:.1} {y1:.1}C{x1:.1} {:.1} {x2:.1} {:.1} {x2:.1} {y2:.1}\" fill=\"none\" \
             stroke=\"#9a9a9a\" stroke-width=\"1.2\"/>",
            y1 + bend,
            y2 - bend,
        ),
    );
}

/// From all of the cards above.
fn gathered(out: &mut String, foot: f64, (x, y): (f64, f64)) {
    let (left, right) = (MARGIN + 16.0, WIDTH - MARGIN - 16.0);
    put(
        out,
        format_args!(
            "<path d=\"M{left} {:.1}V{:.1}H{right}V{:.1}M{x:.1} {:.1}V{y:.1}\" fill=\"none\" stroke=\"#9a9a9a\" \
             stroke-width=\"1.2\"/>",
            foot + 4.0,
            foot + 9.0,
            foot + 4.0,
            foot + 9.0,
        ),
    );
}

fn text(out: &mut String, card: &Card<'_>, down: f64, size: f64, colour: &str, bold: bool, said: &str) {
    let said = cut(said, (card.width - 12.0) / size);
    put(
        out,
        format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{size}\" text-anchor=\"middle\" fill=\"{colour}\"{}>{}</text>",
            card.x + card.width / 2.0,
            card.y + down,
            if bold { " font-weight=\"600\"" } else { "" },
            escape(&said),
        ),
    );
}

/// Width in ems, nearly: CJK letters are square, others about half as wide.
fn wide(text: &str) -> f64 {
    text.chars().map(letter).sum()
}

fn letter(c: char) -> f64 {
    match c {
        '\u{2e80}'..='\u{ffef}' | '\u{20000}'.. => 1.0,
        'A'..='Z' | 'm' | 'w' => 0.75,
        _ => 0.58,
    }
}

/// The text, shortened to so many ems.
fn cut(text: &str, ems: f64) -> String {
    if wide(text) <= ems {
        return text.to_owned();
    }
    let mut used = 1.0;
    let kept = text.chars().take_while(|c| {
        used += letter(*c);
        used <= ems
    });
    kept.chain(['…']).collect()
}

/// What the owner calls it.
fn local(subject: &str) -> String {
    let subject = Subject::parse(subject).ok();
    subject.and_then(|subject| subject.local().map(str::to_owned)).unwrap_or_default()
}

fn put(out: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(what);
}

/// Safe in text and in attributes; what XML does not know is left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::Hash;
    use crate::statement::quantity::Base;

    fn node(subject: &str, kind: NodeKind, depth: i64, grams: i64) -> Node {
        let name = match kind {
            NodeKind::Plot => Some("西炉后山三号坡".to_owned()),
            NodeKind::Season => Some("2026 夏".to_owned()),
            _ => None,
        };
        let variety = matches!(kind, NodeKind::Harvested | NodeKind::Season).then(|| "东魁".to_owned());
        let grade = matches!(kind, NodeKind::Graded).then(|| "特级".to_owned());
        let amount = Some(Amount { value: grams, base: Base::Gram });
        let (crop, product) = (None, None);
        Node { subject: subject.to_owned(), kind, depth, name, crop, variety, grade, product, amount }
    }

    fn edge(from: &str, to: &str, kind: Kind, seq: u64) -> Edge {
        let loss = (kind == Kind::Grading).then_some(Amount { value: 60_500, base: Base::Gram });
        let source = Source { seq, leaf: Hash::ZERO };
        Edge { from: from.to_owned(), to: to.to_owned(), kind, taken: None, made: None, loss, source }
    }

    /// `fields` plots with a season and a harvest each, graded together into `grades`, the first packed.
    fn season(fields: usize, grades: usize) -> Graph {
        let packed = "batch:shanqian.dk0613a";
        let mut nodes = vec![node(packed, NodeKind::Packed, 0, 400_000)];
        let mut edges = Vec::new();
        for grade in 0..grades {
            let graded = format!("batch:shanqian.g{grade}");
            for field in 0..fields {
                edges.push(edge(&format!("batch:qingshan.h{field}"), &graded, Kind::Grading, 500));
            }
            if grade == 0 {
                nodes.push(node(&graded, NodeKind::Graded, -1, 430_000));
                edges.push(edge(&graded, packed, Kind::Packing, 501));
            }
        }
        edges.retain(|edge| edge.source.seq != 500 || edge.to.ends_with("g0"));
        for field in 0..fields {
            let (plot, crop) = (format!("plot:qingshan.p{field}"), format!("crop:qingshan.c{field}"));
            let harvest = format!("batch:qingshan.h{field}");
            nodes.push(node(&harvest, NodeKind::Harvested, -2, 60_000));
            nodes.push(node(&crop, NodeKind::Season, -3, 1));
            nodes.push(node(&plot, NodeKind::Plot, -4, 1));
            edges.push(edge(&plot, &crop, Kind::CropOpen, field as u64));
            edges.push(edge(&crop, &harvest, Kind::Harvest, 100 + field as u64));
        }
        let subject = packed.to_owned();
        Graph { subject, size: 600, nodes, edges, more_back: 0, more_forward: 0 }
    }

    fn drawn(graph: &Graph, lang: Lang) -> String {
        svg(graph, lang, &BTreeMap::from([("qingshan", "青山杨梅合作社"), ("shanqian", "山前产地仓")]))
    }

    /// Pictures to look at: `SUYUAN_PICTURES=dir`.
    #[test]
    fn a_few_cards_a_layer_and_the_rest_is_counted() {
        let mut graded = season(8, 1);
        graded.subject = "batch:qingshan.h0".to_owned();
        graded.nodes.retain(|node| node.kind != NodeKind::Packed);
        graded.edges.retain(|edge| edge.kind != Kind::Packing);
        for grade in 1..3 {
            let lot = format!("batch:shanqian.g{grade}");
            graded.nodes.push(node(&lot, NodeKind::Graded, 1, 20_000));
            graded
                .edges
                .extend((0..8).map(|n| edge(&format!("batch:qingshan.h{n}"), &lot, Kind::Grading, 500)));
        }
        for n in 0..4 {
            let lot = format!("batch:shanqian.pack{n}");
            graded.nodes.push(node(&lot, NodeKind::Packed, 2, 20_000));
            graded.edges.push(edge(&format!("batch:shanqian.g{}", n % 3), &lot, Kind::Packing, 600 + n));
        }
        let pictures = [("chain", season(1, 1)), ("grading", graded), ("farmers", season(60, 1))];
        for (name, graph) in &pictures {
            let picture = drawn(graph, Lang::Zh);
            assert_eq!(picture, drawn(graph, Lang::Zh));
            assert!(picture.matches("<g>").count() <= 40);
            if let Some(dir) = std::env::var_os("SUYUAN_PICTURES") {
                std::fs::write(std::path::Path::new(&dir).join(format!("{name}.svg")), picture).unwrap();
            }
        }
        assert!(drawn(&pictures[2].1, Lang::Zh).contains("另 52 个"));
        assert!(drawn(&pictures[2].1, Lang::En).contains("52 more"));
    }

    #[test]
    fn names_are_text_and_nothing_else() {
        let mut graph = season(1, 1);
        graph.nodes.iter_mut().for_each(|node| node.name = Some("</text><script>\"&'\u{7}".to_owned()));
        let picture = drawn(&graph, Lang::En);
        assert!(!picture.contains("<script") && picture.contains("&lt;/text&gt;&lt;scr"));
    }

    #[test]
    fn a_forged_ring_is_drawn_too() {
        let mut graph = season(1, 1);
        graph.edges.push(edge("batch:shanqian.dk0613a", "plot:qingshan.p0", Kind::Packing, 700));
        assert!(drawn(&graph, Lang::Zh).ends_with("</svg>\n"));
    }
}
