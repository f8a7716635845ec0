//! Questions about graphs: reach, cycles, trees.
//!
//! Nodes are numbers below `len`; edges are kept twice, forward and backward, each as one array of targets with the place
//! where every node's run starts (compressed sparse rows). Nothing here recurses.
//!
//! Invariants
//! - A node's neighbours stand in ascending order, each once.
//!
//! Cost: building distributes the edges over the nodes; every question is linear in the part of the graph that it touches, plus one pass over
//! the nodes.

use std::collections::VecDeque;

/// Which way to follow edges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From a node to what it depends on.
    Forward,
    /// From a node to what depends on it.
    Backward,
}

/// A directed graph that does not change.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    forward: Rows,
    backward: Rows,
}

#[derive(Clone, Debug, Default)]
struct Rows {
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Rows {
    /// Distributes edges over their first ends; each row is then sorted and freed of doubles by itself.
    fn new(len: usize, edges: impl Iterator<Item = (u32, u32)> + Clone) -> Rows {
        let mut places = vec![0u32; len + 1];
        for (from, _) in edges.clone() {
            places[from as usize + 1] += 1;
        }
        for i in 0..len {
            places[i + 1] += places[i];
        }
        let starts = places.clone();
        let mut targets = vec![0u32; starts[len] as usize];
        for (from, to) in edges {
            let place = &mut places[from as usize];
            targets[*place as usize] = to;
            *place += 1;
        }
        Rows { starts, targets }.tidied(len)
    }

    fn tidied(mut self, len: usize) -> Rows {
        let mut kept = 0;
        for node in 0..len {
            let row = self.starts[node] as usize..self.starts[node + 1] as usize;
            self.targets[row.clone()].sort_unstable();
            self.starts[node] = kept as u32;
            let first = kept;
            for at in row {
                let target = self.targets[at];
                if kept == first || self.targets[kept - 1] != target {
                    self.targets[kept] = target;
                    kept += 1;
                }
            }
        }
        self.starts[len] = kept as u32;
        self.targets.truncate(kept);
        self
    }

    fn of(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.targets[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}

/// A node reached from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reached {
    /// The node.
    pub node: u32,
    /// Over how many edges, at least.
    pub depth: u32,
    /// The node before it.
    pub via: u32,
}

/// A line of a tree of what a node depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Branch {
    /// The node.
    pub node: u32,
    /// How far it is indented; the node asked about has 0.
    pub depth: u32,
    /// Whether it has stood in the tree before, so that what is below it is not shown again.
    pub repeated: bool,
}

/// Nodes that all depend on each other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Component {
    /// All of them, ascending.
    pub nodes: Vec<u32>,
    /// A shortest cycle among them, from its lowest node on; the last one depends on the first.
    pub example: Vec<u32>,
}

impl Graph {
    /// A graph of `len` nodes. Edges may come in any order and several times.
    ///
    /// # Panics
    /// Where an edge names a node that is not below `len`.
    pub fn new(len: usize, edges: &[(u32, u32)]) -> Graph {
        Graph {
            forward: Rows::new(len, edges.iter().copied()),
            backward: Rows::new(len, edges.iter().map(|(from, to)| (*to, *from))),
        }
    }

    /// How many nodes it has.
    pub fn len(&self) -> usize {
        self.forward.starts.len().saturating_sub(1)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many edges it has.
    pub fn edge_count(&self) -> usize {
        self.forward.targets.len()
    }

    /// The nodes one edge away, ascending.
    pub fn neighbours(&self, node: u32, direction: Direction) -> &[u32] {
        match direction {
            Direction::Forward => self.forward.of(node),
            Direction::Backward => self.backward.of(node),
        }
    }

    /// The place of an edge among [`Graph::edges`].
    pub fn edge(&self, from: u32, to: u32) -> Option<usize> {
        let at = self.forward.of(from).binary_search(&to).ok()?;
        Some(self.forward.starts[from as usize] as usize + at)
    }

    /// All edges, ascending.
    pub fn edges(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..self.len() as u32)
            .flat_map(|from| self.forward.of(from).iter().map(move |to| (from, *to)))
    }

    /// What can be reached from some nodes over at most `limit` edges, nearest first. The nodes themselves are only
    /// among it where a cycle leads back to them.
    pub fn reach(&self, from: &[u32], direction: Direction, limit: Option<u32>) -> Vec<Reached> {
        let mut seen = vec![false; self.len()];
        let mut reached: Vec<Reached> = Vec::new();
        let mut level: Vec<u32> = from.to_vec();
        let mut depth = 0;
        while !level.is_empty() && limit.is_none_or(|limit| depth < limit) {
            depth += 1;
            let start = reached.len();
            for node in &level {
                for next in self.neighbours(*node, direction) {
                    if !std::mem::replace(&mut seen[*next as usize], true) {
                        reached.push(Reached { node: *next, depth, via: *node });
                    }
                }
            }
            level.clear();
            level.extend(reached[start..].iter().map(|r| r.node));
        }
        reached
    }

    /// What a node leads to as an indented tree. What stands below a node is shown where the node comes first.
    pub fn tree(&self, root: u32, direction: Direction, limit: Option<u32>) -> Vec<Branch> {
        let mut expanded = vec![false; self.len()];
        let mut branches = Vec::new();
        let mut open: Vec<(u32, u32)> = vec![(root, 0)];
        while let Some((node, depth)) = open.pop() {
            let leads_on = !self.neighbours(node, direction).is_empty();
            let repeated = leads_on && expanded[node as usize];
            branches.push(Branch { node, depth, repeated });
            if repeated || limit.is_some_and(|limit| depth >= limit) {
                continue;
            }
            expanded[node as usize] = true;
            let below = self.neighbours(node, direction);
            open.extend(below.iter().rev().map(|next| (*next, depth + 1)));
        }
        branches
    }

    /// A shortest way from one node to another, both included.
    pub fn path(&self, from: u32, to: u32) -> Option<Vec<u32>> {
        self.search(from, to, |_, _| true)
    }

    /// All shortest ways from one node to another, both included, up to a limit: in the order of their nodes.
    pub fn paths(&self, from: u32, to: u32, limit: usize) -> Vec<Vec<u32>> {
        let Some(length) = self.path(from, to).map(|path| path.len() as u32 - 1) else {
            return Vec::new();
        };
        // How far each node is from the end, where that is of interest.
        let mut left = vec![u32::MAX; self.len()];
        for reached in self.reach(&[to], Direction::Backward, Some(length)) {
            left[reached.node as usize] = reached.depth;
        }
        left[to as usize] = 0;
        let mut paths = Vec::new();
        let mut open = vec![vec![from]];
        while let Some(path) = open.pop() {
            let steps = length + 1 - path.len() as u32;
            let last = path[path.len() - 1];
            if steps == 0 {
                paths.push(path);
                if paths.len() == limit {
                    break;
                }
                continue;
            }
            let leads_on = |next: &&u32| left[**next as usize] == steps - 1;
            for next in self.forward.of(last).iter().filter(leads_on).rev() {
                open.push(path.iter().copied().chain([*next]).collect());
            }
        }
        paths
    }

    /// A shortest way over edges that are allowed, of at least one edge.
    fn search(&self, from: u32, to: u32, allowed: impl Fn(u32, u32) -> bool) -> Option<Vec<u32>> {
        const UNSEEN: u32 = u32::MAX;
        let mut came_from = vec![UNSEEN; self.len()];
        let mut queue = VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            for next in self.forward.of(node) {
                if !allowed(node, *next) {
                    continue;
                }
                if *next == to {
                    return Some(walked(&came_from, from, node, to));
                }
                if *next != from && came_from[*next as usize] == UNSEEN {
                    came_from[*next as usize] = node;
                    queue.push_back(*next);
                }
            }
        }
        None
    }

    /// The groups of nodes that depend on each other in a circle, the largest first. A node that depends on itself is no
    /// such group unless `with_loops`.
    pub fn cycles(&self, with_loops: bool) -> Vec<Component> {
        let (component, count) = self.components();
        let mut sizes = vec![0u32; count];
        for c in &component {
            sizes[*c as usize] += 1;
        }
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (node, c) in component.iter().enumerate() {
            let node = node as u32;
            let loops = with_loops && self.forward.of(node).binary_search(&node).is_ok();
            if sizes[*c as usize] > 1 || loops {
                members[*c as usize].push(node);
            }
        }
        let mut found: Vec<Component> = members
            .into_iter()
            .filter(|nodes| !nodes.is_empty())
            .map(|nodes| Component { example: self.smallest_cycle(&nodes, &component), nodes })
            .collect();
        found.sort_by(|a, b| b.nodes.len().cmp(&a.nodes.len()).then_with(|| a.nodes.cmp(&b.nodes)));
        found
    }

    /// A shortest cycle within a component, searched from its first nodes; in a very large one not from all of them.
    fn smallest_cycle(&self, nodes: &[u32], component: &[u32]) -> Vec<u32> {
        const STARTS: usize = 64;
        let own = component[nodes[0] as usize];
        let mut best: Vec<u32> = Vec::new();
        if let [node] = nodes {
            return vec![*node];
        }
        for start in nodes.iter().take(STARTS) {
            let within = |from: u32, to: u32| from != to && component[to as usize] == own;
            let Some(mut cycle) = self.search(*start, *start, within) else { continue };
            cycle.pop();
            if best.is_empty() || cycle.len() < best.len() {
                let lowest = (0..cycle.len()).min_by_key(|i| cycle[*i]).unwrap_or(0);
                cycle.rotate_left(lowest);
                best = cycle;
            }
            if best.len() == 2 {
                break;
            }
        }
        best
    }

    /// The strongly connected component of each node, and how many there are: Tarjan's algorithm with its own stack.
    /// A component's number is below those of the components that lead to it.
    pub fn components(&self) -> (Vec<u32>, usize) {
        const UNSEEN: u32 = u32::MAX;
        let len = self.len();
        let mut component = vec![UNSEEN; len];
        let mut index = vec![UNSEEN; len];
        let mut low = vec![0u32; len];
        let mut pending: Vec<u32> = Vec::new();
        let mut calls: Vec<(u32, u32)> = Vec::new();
        let (mut next_index, mut count) = (0, 0);
        for root in 0..len as u32 {
            if index[root as usize] != UNSEEN {
                continue;
            }
            calls.push((root, 0));
            while let Some((node, at)) = calls.pop() {
                let n = node as usize;
                if at == 0 {
                    index[n] = next_index;
                    low[n] = next_index;
                    next_index += 1;
                    pending.push(node);
                }
                let targets = self.forward.of(node);
                if let Some(next) = targets.get(at as usize) {
                    let to = *next as usize;
                    if index[to] == UNSEEN {
                        calls.push((node, at + 1));
                        calls.push((*next, 0));
                        continue;
                    }
                    if component[to] == UNSEEN {
                        low[n] = low[n].min(low[to]);
                    }
                    calls.push((node, at + 1));
                    continue;
                }
                if low[n] == index[n] {
                    while let Some(member) = pending.pop() {
                        component[member as usize] = count;
                        if member == node {
                            break;
                        }
                    }
                    count += 1;
                }
                if let Some((caller, _)) = calls.last() {
                    low[*caller as usize] = low[*caller as usize].min(low[n]);
                }
            }
        }
        (component, count as usize)
    }
}

fn walked(came_from: &[u32], from: u32, last: u32, to: u32) -> Vec<u32> {
    let mut path = vec![to, last];
    let mut node = last;
    while node != from {
        node = came_from[node as usize];
        path.push(node);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graph() -> Graph {
        //  0 → 1 → 2 → 0,  2 → 3 → 4 → 3,  5 → 5,  6 → 3
        let edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (5, 5), (6, 3), (0, 1)];
        Graph::new(7, &edges)
    }

    fn nodes(reached: &[Reached]) -> Vec<(u32, u32)> {
        reached.iter().map(|r| (r.node, r.depth)).collect()
    }

    #[test]
    fn reach_goes_either_way_and_no_further_than_told() {
        let g = graph();
        assert_eq!(g.edge_count(), 8);
        assert_eq!(nodes(&g.reach(&[6], Direction::Forward, None)), [(3, 1), (4, 2)]);
        assert_eq!(nodes(&g.reach(&[3], Direction::Backward, Some(1))), [(2, 1), (4, 1), (6, 1)]);
        assert_eq!(nodes(&g.reach(&[0], Direction::Forward, Some(2))), [(1, 1), (2, 2)]);
        assert_eq!(nodes(&g.reach(&[0], Direction::Forward, None)).len(), 5);
    }

    #[test]
    fn a_tree_marks_what_it_has_shown_before() {
        let branches: Vec<(u32, u32, bool)> = graph()
            .tree(2, Direction::Forward, None)
            .iter()
            .map(|b| (b.node, b.depth, b.repeated))
            .collect();
        assert_eq!(
            branches,
            [
                (2, 0, false),
                (0, 1, false),
                (1, 2, false),
                (2, 3, true),
                (3, 1, false),
                (4, 2, false),
                (3, 3, true)
            ]
        );
    }

    #[test]
    fn cycles_come_largest_first_with_an_example() {
        let g = graph();
        let cycles = g.cycles(false);
        assert_eq!(cycles[0], Component { nodes: vec![0, 1, 2], example: vec![0, 1, 2] });
        assert_eq!(cycles[1], Component { nodes: vec![3, 4], example: vec![3, 4] });
        assert_eq!(cycles.len(), 2);
        assert_eq!(g.cycles(true)[2], Component { nodes: vec![5], example: vec![5] });
    }

    #[test]
    fn paths_are_shortest() {
        let g = graph();
        assert_eq!(g.path(0, 4), Some(vec![0, 1, 2, 3, 4]));
        assert_eq!(g.path(3, 0), None);
        assert_eq!(g.path(0, 0), Some(vec![0, 1, 2, 0]));
        assert_eq!(g.paths(0, 0, 9), [[0, 1, 2, 0]]);
        assert_eq!(g.paths(3, 0, 9), Vec::<Vec<u32>>::new());
        //  0 → 1|2|3 → 4,  0 → 5 → 6 → 4
        let edges = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4), (0, 5), (5, 6), (6, 4)];
        let g = Graph::new(7, &edges);
        assert_eq!(g.paths(0, 4, 9), [[0, 1, 4], [0, 2, 4], [0, 3, 4]]);
        assert_eq!(g.paths(0, 4, 2), [[0, 1, 4], [0, 2, 4]]);
        let places: Vec<usize> = g.edges().filter_map(|(from, to)| g.edge(from, to)).collect();
        assert_eq!(places, (0..9).collect::<Vec<_>>());
        assert_eq!(g.edge(4, 0), None);
    }

    #[test]
    fn a_chain_of_a_million_nodes_needs_no_stack() {
        let len = 1_000_000;
        let g = Graph::new(
            len,
            &(0..len as u32).map(|i| (i, (i + 1) % len as u32)).collect::<Vec<_>>(),
        );
        assert_eq!(g.cycles(false)[0].example.len(), len);
        assert_eq!(g.tree(0, Direction::Forward, None).len(), len + 1);
    }

    proptest! {
        #[test]
        fn components_are_mutual_reach(edges in prop::collection::vec((0u32..12, 0u32..12), 0..40)) {
            let g = Graph::new(12, &edges);
            let reach: Vec<Vec<bool>> = (0..12).map(|from| {
                let mut row = vec![false; 12];
                for r in g.reach(&[from], Direction::Forward, None) { row[r.node as usize] = true; }
                row
            }).collect();
            let (component, _) = g.components();
            for a in 0..12 {
                for b in 0..12 {
                    let mutual = a == b || (reach[a][b] && reach[b][a]);
                    prop_assert_eq!(component[a] == component[b], mutual);
                }
            }
            for c in g.cycles(true) {
                for (i, node) in c.example.iter().enumerate() {
                    let next = c.example[(i + 1) % c.example.len()];
                    prop_assert!(g.neighbours(*node, Direction::Forward).contains(&next));
                }
            }
        }
    }
}
