//! Cards, the lines between them, and what is written on both.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{CARD_HEIGHT, Card, LAYER_GAP, Layer, MARGIN, PILL_HEIGHT, Picture, WIDTH, Work};
use crate::produce::Source;
use crate::produce::lots::{Amount, Node, NodeKind};
use crate::produce::wording::base_amount;
use crate::statement::kinds::Kind;
use crate::statement::subject::Subject;
use crate::text::{GraphWord, Lang, fill, labels, t};

impl<'a> Picture<'a> {
    pub(super) fn draw(&self) -> String {
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
                for to in &work.to {
                    let layer = &self.layers[self.cards[*to].layer];
                    match layer.rows {
                        1 => line(out, (x, y + PILL_HEIGHT / 2.0), head(*to)),
                        _ => spread(out, (x, y + PILL_HEIGHT / 2.0), layer.top),
                    }
                }
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

/// To cards in several rows, where single lines would seem to come from the cards of the row before.
fn spread(out: &mut String, (x, y): (f64, f64), top: f64) {
    let (left, right) = (MARGIN + 16.0, WIDTH - MARGIN - 16.0);
    put(
        out,
        format_args!(
            "<path d=\"M{x:.1} {y:.1}V{:.1}M{left} {:.1}V{:.1}H{right}V{:.1}\" fill=\"none\" stroke=\"#9a9a9a\" \
             stroke-width=\"1.2\"/>",
            top - 9.0,
            top - 4.0,
            top - 9.0,
            top - 4.0,
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
