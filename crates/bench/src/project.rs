//! Import, re-import, export, questions, on real code.

use crate::measure::{median, memory, ms, print, rate};
use code::dependencies::NamedGraph;
use code::graph::Direction;
use code::import::{Import, import};
use code::project::{Project, Source, read};
use code::search::{Search, search};
use code::{export, model, stats};
use db::{Db, Input, Query};
use edn::{Inst, Value};
use std::error::Error;
use std::path::{Path, PathBuf};

const RUNS: usize = 5;

/// Measures on the sources under some roots.
pub(crate) fn measure(roots: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let (reading, project) = median(RUNS, || read(Path::new("."), roots));
    let project = project?;
    print("files", project.sources.len());
    print("read files", ms(reading));
    let empty = model::empty_db()?;
    let (importing, first) = median(RUNS, || import(&empty, project.clone(), Inst(0)));
    let Import { plan, report } = first?;
    let (transacting, transacted) = median(RUNS, || empty.with_ops(&plan.ops, Value::Nil));
    let db = transacted?.db_after;
    let whole = reading + importing + transacting;
    print("lines", report.lines);
    print("bytes", report.bytes);
    print("statements", report.statements);
    print("datoms", db.len());
    for (phase, time) in &report.timings {
        print(phase, ms(*time));
    }
    print("transact", ms(transacting));
    print("import, all phases in memory", ms(whole));
    print("import lines a second", format!("{:.0}", rate(report.lines, whole)));
    print("import megabytes a second", format!("{:.1}", rate(report.bytes, whole) / 1e6));
    again(&db, &project)?;
    drop((plan, project));
    questions(&db)?;
    if let Some((now, most)) = memory() {
        print("memory with the database", format!("{:.1} MiB", now as f64 / 1048576.0));
        print("memory at most", format!("{:.1} MiB", most as f64 / 1048576.0));
    }
    Ok(())
}

fn again(db: &Db, project: &Project) -> Result<(), Box<dyn Error>> {
    let (same, _) = median(RUNS, || import(db, project.clone(), Inst(1)).map(|i| i.report));
    print("import again, nothing changed", ms(same));
    let mut edited = project.clone();
    let code = |file: &&mut Source| !file.path.ends_with(".edn");
    if let Some(file) = edited.sources.iter_mut().find(code) {
        file.bytes.extend_from_slice(b"\n(def added-by-the-benchmark 1)\n");
    }
    let (one, _) = median(RUNS, || import(db, edited.clone(), Inst(1)).map(|i| i.report));
    print("import again, one file changed", ms(one));
    let (exporting, files) = median(RUNS, || export::all(db, |_| true));
    let same = files?.iter().zip(&project.sources).all(|(a, b)| a.bytes == b.bytes);
    print("export to memory", ms(exporting));
    print("export is identical", same);
    Ok(())
}

/// Name, query, and whether it takes the name of a statement.
const QUERIES: [(&str, &str, bool); 4] = [
    (
        "dependencies of a statement",
        "[:find ?dep-fqn ?dep-source :in $ ?fqn :where [?stmt :statement/fqn ?fqn] \
         [?stmt :statement/dependencies ?dep-fqn] [?dep :statement/fqn ?dep-fqn] \
         [?dep :statement/source ?dep-source]]",
        true,
    ),
    (
        "all pairs of dependent statements",
        "[:find ?from ?to :where [?from-e :statement/fqn ?from] \
         [?from-e :statement/dependencies ?to] [?e :statement/fqn ?to]]",
        false,
    ),
    (
        "statistics of namespaces",
        "[:find ?ns (count ?s) (avg ?lines) :with ?s :where [?s :statement/namespace ?ns] \
         [?s :statement/line-count ?lines]]",
        false,
    ),
    (
        "macros with their sources",
        "[:find ?fqn ?source :where [?s :statement/macro? true] [?s :statement/fqn ?fqn] \
         [?s :statement/source ?source]]",
        false,
    ),
];

fn questions(db: &Db) -> Result<(), Box<dyn Error>> {
    let (building, graph) = median(RUNS, || NamedGraph::statements(db));
    let graph = graph?;
    print("edges", graph.graph.edge_count());
    print("graph of statements", ms(building));
    let users = |node: &u32| graph.graph.neighbours(*node, Direction::Backward).len();
    let busiest = (0..graph.graph.len() as u32).max_by_key(users);
    if let Some(node) = busiest {
        let (reaching, reached) =
            median(RUNS, || graph.graph.reach(&[node], Direction::Backward, None).len());
        print("most used statement", graph.name(node));
        print("its transitive dependents", reached);
        print("transitive dependents in the graph", ms(reaching));
        let (asking, rows) = median(RUNS, || dependents_by_rule(db, graph.name(node)));
        print("transitive dependents by a rule", ms(asking));
        print("rows of the rule", rows?);
    }
    let (searching, cycles) = median(RUNS, || graph.graph.cycles(false).len());
    print("cycles", cycles);
    print("find cycles", ms(searching));
    for (name, query, with_name) in QUERIES {
        let query = Query::parse(&Value::string(query))?;
        let mut inputs = vec![Input::from(db)];
        if let (true, Some(node)) = (with_name, busiest) {
            inputs.push(Value::Str(graph.name(node).clone()).into());
        }
        let (asking, rows) = median(RUNS, || query.run(&inputs).map(|r| r.rows().len()));
        print(name, format!("{} for {} rows", ms(asking), rows?));
    }
    let (counting, _) = median(RUNS, || stats::stats(db));
    print("all statistics", ms(counting));
    let wanted = Search { pattern: "exception", regex: false, case_sensitive: false, limit: 20 };
    let (searching, hits) = median(RUNS, || search(db, &wanted));
    print("search in all texts", format!("{} for {} hits", ms(searching), hits?.total));
    Ok(())
}

fn dependents_by_rule(db: &Db, fqn: &str) -> Result<usize, Box<dyn Error>> {
    let query = "[:find ?s :in $ % ?fqn :where [?t :statement/fqn ?fqn] (uses ?s ?t)]";
    let rules = edn::read(
        "[[(uses ?s ?t) [?d :dependency/to ?t] [?d :dependency/from ?s]] \
          [(uses ?s ?t) [?d :dependency/to ?m] [?d :dependency/from ?s] (uses ?m ?t)]]",
    )?;
    let inputs = [db.into(), rules.into(), Value::string(fqn).into()];
    Ok(Query::parse(&Value::string(query))?.run(&inputs)?.rows().len())
}
