//! Pictures of graphs that nobody would draw by hand.

use std::collections::BTreeMap;

use super::svg;
use crate::merkle::Hash;
use crate::produce::Source;
use crate::produce::lots::{Amount, Edge, Graph, Node, NodeKind};
use crate::statement::kinds::Kind;
use crate::statement::quantity::Base;
use crate::text::Lang;

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
        graded.edges.extend((0..8).map(|n| edge(&format!("batch:qingshan.h{n}"), &lot, Kind::Grading, 500)));
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
