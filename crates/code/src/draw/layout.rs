//! Where boxes and arrows are drawn: by layers from left to right, who uses left of what is used.
//!
//! The library lays out what has no cycles: an edge that closes one is turned around before and drawn the way it goes.
//! Boxes without edges stand in rows below.
//!
//! Cost: more than linear, from some hundred nodes on quickly so; hence [`LIMITS`].

use super::Picture;
use dugong::graphlib::{Graph, GraphOptions};
use dugong::{EdgeLabel, GraphLabel, NodeLabel, RankDir, layout_dagreish};
use rustc_hash::FxHashSet;

/// A point of a picture; `y` grows downward.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Where everything is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// The middle of each box.
    pub(super) middles: Vec<Point>,
    /// The points that each arrow goes through, from end to end; none for an arrow from a box to itself.
    pub(super) ways: Vec<Vec<Point>>,
}

/// A picture that would take too long to lay out and that nobody could read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{nodes} nodes and {edges} edges are too many to lay out; it is done for {} nodes and {} edges at most",
    LIMITS.0, LIMITS.1
)]
pub struct TooLarge {
    /// How many nodes there are.
    pub nodes: usize,
    /// How many edges there are.
    pub edges: usize,
}

/// The most nodes and edges that are laid out.
const LIMITS: (usize, usize) = (250, 500);

/// The space between boxes of a layer, between arrows, between layers.
const GAPS: (f64, f64, f64) = (12.0, 10.0, 56.0);

/// The space between boxes without edges.
const LOOSE_GAP: f64 = 12.0;

/// Finds a place for boxes of given sizes.
pub(super) fn layout(picture: &Picture, sizes: &[(f64, f64)]) -> Result<Layout, TooLarge> {
    let (nodes, edges) = (picture.nodes.len(), picture.edges.len());
    if nodes > LIMITS.0 || edges > LIMITS.1 {
        return Err(TooLarge { nodes, edges });
    }
    let mut tied = vec![false; nodes];
    for edge in picture.edges.iter().filter(|edge| edge.from != edge.to) {
        (tied[edge.from], tied[edge.to]) = (true, true);
    }
    let mut layout = layered(picture, sizes, &tied);
    add_loose(&mut layout, sizes, &tied);
    Ok(layout)
}

/// Lays out the boxes that have edges.
fn layered(picture: &Picture, sizes: &[(f64, f64)], tied: &[bool]) -> Layout {
    let mut graph: Graph<NodeLabel, EdgeLabel, GraphLabel> = Graph::new(GraphOptions::default());
    let (nodesep, edgesep, ranksep) = GAPS;
    let label =
        GraphLabel { rankdir: RankDir::LR, nodesep, edgesep, ranksep, ..GraphLabel::default() };
    graph.set_graph(label);
    for (i, (width, height)) in sizes.iter().enumerate().filter(|(i, _)| tied[*i]) {
        let label = NodeLabel { width: *width, height: *height, ..NodeLabel::default() };
        graph.set_node(i.to_string(), label);
    }
    let turned = turned(picture);
    let ends = |edge: usize| {
        let (from, to) = (picture.edges[edge].from, picture.edges[edge].to);
        if turned.contains(&edge) { (to, from) } else { (from, to) }
    };
    for (from, to) in (0..picture.edges.len()).map(ends).filter(|(from, to)| from != to) {
        let label = EdgeLabel { minlen: 1, weight: 1.0, ..EdgeLabel::default() };
        graph.set_edge_with_label(from.to_string(), to.to_string(), label);
    }
    if graph.node_count() > 0 {
        layout_dagreish(&mut graph);
    }
    let mut layout = Layout { middles: vec![Point::default(); sizes.len()], ..Layout::default() };
    for i in (0..sizes.len()).filter(|i| tied[*i]) {
        let placed = graph.node(&i.to_string());
        let middle =
            placed.and_then(|node| Some(Point { x: node.x?, y: node.y? })).unwrap_or_default();
        layout.middles[i] = middle;
        layout.width = layout.width.max(middle.x + sizes[i].0 / 2.0);
        layout.height = layout.height.max(middle.y + sizes[i].1 / 2.0);
    }
    for edge in 0..picture.edges.len() {
        let (from, to) = ends(edge);
        let mut way = Vec::new();
        if from != to {
            let placed = graph.edge(&from.to_string(), &to.to_string(), None);
            let points = placed.map_or(&[][..], |edge| edge.points.as_slice());
            let between = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
            way.push(side(&layout, sizes, from, 1.0));
            way.extend(between.iter().map(|p| Point { x: p.x, y: p.y }));
            way.push(side(&layout, sizes, to, -1.0));
        }
        for point in &way {
            layout.width = layout.width.max(point.x);
            layout.height = layout.height.max(point.y);
        }
        if turned.contains(&edge) {
            way.reverse();
        }
        layout.ways.push(way);
    }
    layout
}

/// The middle of the right or left side of a box.
fn side(layout: &Layout, sizes: &[(f64, f64)], node: usize, towards: f64) -> Point {
    let middle = layout.middles[node];
    Point { x: middle.x + towards * sizes[node].0 / 2.0, y: middle.y }
}

/// The edges that close a cycle on a walk through the graph.
fn turned(picture: &Picture) -> FxHashSet<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Open,
        Done,
    }
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); picture.nodes.len()];
    for (i, edge) in picture.edges.iter().enumerate() {
        out[edge.from].push(i);
    }
    let mut seen = vec![Seen::Not; picture.nodes.len()];
    let mut turned = FxHashSet::default();
    for root in 0..picture.nodes.len() {
        if seen[root] != Seen::Not {
            continue;
        }
        seen[root] = Seen::Open;
        let mut open = vec![(root, 0)];
        while let Some((node, at)) = open.pop() {
            let Some(edge) = out[node].get(at) else {
                seen[node] = Seen::Done;
                continue;
            };
            open.push((node, at + 1));
            let to = picture.edges[*edge].to;
            match seen[to] {
                Seen::Not => {
                    seen[to] = Seen::Open;
                    open.push((to, 0));
                }
                Seen::Open if to != node => {
                    turned.insert(*edge);
                }
                _ => {}
            }
        }
    }
    turned
}

/// Puts boxes without edges below, in rows as wide as what is there already.
fn add_loose(layout: &mut Layout, sizes: &[(f64, f64)], tied: &[bool]) {
    const LEAST: f64 = 900.0;
    let limit = layout.width.max(LEAST);
    let (mut x, mut y) =
        (0.0, layout.height + if layout.height > 0.0 { 2.0 * LOOSE_GAP } else { 0.0 });
    let mut row: f64 = 0.0;
    for i in (0..sizes.len()).filter(|i| !tied[*i]) {
        let (width, height) = sizes[i];
        if x > 0.0 && x + width > limit {
            (x, y) = (0.0, y + row + LOOSE_GAP);
            row = 0.0;
        }
        layout.middles[i] = Point { x: x + width / 2.0, y: y + height / 2.0 };
        x += width + LOOSE_GAP;
        row = row.max(height);
        layout.width = layout.width.max(x - LOOSE_GAP);
        layout.height = layout.height.max(y + row);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Edge, Kind, Node};
    use super::*;
    use crate::model::Types;
    use proptest::prelude::*;

    fn picture(nodes: usize, edges: &[(usize, usize)]) -> Picture {
        let node = |i: usize| Node {
            name: format!("n{i}"),
            namespace: None,
            kind: Kind::Function,
            chosen: false,
            in_cycle: false,
        };
        let edge = |(from, to): &(usize, usize)| Edge {
            from: *from,
            to: *to,
            types: Types::default(),
            in_cycle: false,
        };
        Picture {
            title: String::new(),
            nodes: (0..nodes).map(node).collect(),
            edges: edges.iter().map(edge).collect(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_box_lies_on_another_and_arrows_end_at_boxes(
            edges in prop::collection::btree_set((0usize..14, 0usize..14), 0..30),
            widths in prop::collection::vec(20.0f64..300.0, 14),
        ) {
            let edges: Vec<(usize, usize)> = edges.into_iter().collect();
            let sizes: Vec<(f64, f64)> = widths.iter().map(|width| (*width, 24.0)).collect();
            let layout = layout(&picture(14, &edges), &sizes).unwrap();
            for a in 0..14 {
                for b in 0..a {
                    let (p, q) = (layout.middles[a], layout.middles[b]);
                    let apart_x = (p.x - q.x).abs() + 0.01 >= (sizes[a].0 + sizes[b].0) / 2.0;
                    let apart_y = (p.y - q.y).abs() + 0.01 >= (sizes[a].1 + sizes[b].1) / 2.0;
                    prop_assert!(apart_x || apart_y, "{a} {p:?} and {b} {q:?}");
                }
            }
            for ((from, to), way) in edges.iter().zip(&layout.ways) {
                prop_assert_eq!(way.is_empty(), from == to);
                if let (Some(first), Some(last)) = (way.first(), way.last()) {
                    prop_assert_eq!(first.y, layout.middles[*from].y);
                    prop_assert_eq!(last.y, layout.middles[*to].y);
                }
            }
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let error = layout(&picture(LIMITS.0 + 1, &[]), &[]).unwrap_err();
        assert!(error.to_string().starts_with("251 nodes and 0 edges are too many"), "{error}");
    }
}
