//! `bench datalog`: every row by every engine that is there, in one run.
//!
//! Engines of this process are measured data set by data set; those of other runtimes are given the data as files, and are
//! measured when asked for. Ten times
//! the data is asked of this engine and of the floor alone, to show how cost grows.

use crate::Failure;
use crate::chart;
use crate::clock::{Measured, Pace};
use crate::data::{Dataset, dataset};
use crate::floor::Floor;
use crate::ours::Ours;
use crate::peers;
use crate::plan;
use crate::rows::{ROWS, Row};
use crate::sqlite::{Layout, Sqlite};
use crate::table::{Column, Kind, Outcome, Table, digits};
use std::path::PathBuf;
use std::time::Duration;

/// What to measure, and where to put it.
pub(crate) struct Options {
    /// Rows of these names, or whose names begin so; all where there is none.
    pub(crate) rows: Vec<String>,
    pub(crate) quick: bool,
    /// This engine alone, as few times as can be.
    pub(crate) once: bool,
    /// Print how queries are answered, and measure nothing.
    pub(crate) explain: bool,
    /// Whether to ask ten times the data as well.
    pub(crate) growth: bool,
    /// Whether to measure DataScript in Node and Datalevin.
    pub(crate) peers: bool,
    /// Whether to measure Cozo and mentatdb.
    pub(crate) rust_peers: bool,
    /// Where DataScript for the JVM is.
    pub(crate) datascript: Option<String>,
    /// The Java that it runs on; the one that Datalevin needs where this is not given.
    pub(crate) java: Option<PathBuf>,
    /// Where the picture goes.
    pub(crate) svg: Option<PathBuf>,
}

const OURS: usize = 0;
const AS_EDN: usize = 1;
const TEN: usize = 2;
const FLOOR: usize = 3;
const FLOOR_EDN: usize = 4;
const FLOOR_TEN: usize = 5;
const FACTS: usize = 6;
const COLUMNS: usize = 7;
const TITLES: [(&str, Kind); 8] = [
    ("defbase", Kind::Engine),
    ("as EDN", Kind::Engine),
    ("defbase, ×10", Kind::Grown),
    ("floor", Kind::Floor),
    ("floor as EDN", Kind::Floor),
    ("floor, ×10", Kind::Grown),
    ("SQLite facts", Kind::Engine),
    ("SQLite columns", Kind::Engine),
];

fn pace(options: &Options) -> Pace {
    let ms = Duration::from_millis;
    match (options.once, options.quick) {
        (true, _) => Pace { warm_up: ms(0), measure: ms(0), least: 1 },
        (_, true) => Pace { warm_up: ms(20), measure: ms(100), least: 3 },
        _ => Pace { warm_up: ms(300), measure: ms(700), least: 5 },
    }
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let is_meant = |row: &Row, name: &String| match ROWS.iter().any(|other| other.name == name) {
        true => row.name == name,
        false => row.name.starts_with(name),
    };
    let wanted =
        |row: &&Row| options.rows.is_empty() || options.rows.iter().any(|name| is_meant(row, name));
    let rows: Vec<&Row> = ROWS.iter().filter(wanted).collect();
    if options.explain {
        for row in &rows {
            let data = dataset(row.dataset, 1).ok_or("no data")?;
            println!("{}\n{}", row.name, Ours::new(&data)?.explain(row)?);
        }
        return Ok(());
    }
    if options.once {
        for row in &rows {
            let data = dataset(row.dataset, 1).ok_or("no data")?;
            let measured = Ours::new(&data)?.run(row, &data, false, pace(options))?;
            println!("{}: {} ms, {}", row.name, digits(measured.ms), measured.count);
        }
        return Ok(());
    }
    let columns = TITLES.map(|(title, kind)| Column::new(title, kind, rows.len())).into();
    let mut table = Table { rows: &rows, columns };
    let pace = pace(options);
    let mut names: Vec<&str> = rows.iter().map(|row| row.dataset).collect();
    names.dedup();
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        measure(&mut table, name, 1, pace)?;
        if options.growth {
            measure(&mut table, name, 10, pace)?;
        }
    }
    if options.peers || options.rust_peers || options.datascript.is_some() {
        let folder = tempfile::tempdir()?;
        export(folder.path(), &rows, &seen, pace)?;
        for peer in peers::found(folder.path(), options)? {
            table.columns.push(peers::measure(peer, &rows)?);
        }
    }
    println!("{}", table.markdown());
    println!("{}", table.beside_floor(&[(OURS, FLOOR), (AS_EDN, FLOOR_EDN)]));
    if options.growth {
        growth(&table);
    }
    if let Some(path) = &options.svg {
        std::fs::write(path, chart::svg(&table))?;
    }
    Ok(())
}

fn export(
    folder: &std::path::Path,
    rows: &[&Row],
    names: &[&str],
    pace: Pace,
) -> Result<(), Failure> {
    let datasets: Vec<Dataset> = names.iter().filter_map(|name| dataset(name, 1)).collect();
    for data in &datasets {
        plan::write_data(folder, data)?;
    }
    plan::write_plan(folder, rows, &datasets, pace)
}

/// All rows of one data set, by the engines of this process.
fn measure(table: &mut Table, name: &str, times: usize, pace: Pace) -> Result<(), Failure> {
    let data = dataset(name, times).ok_or_else(|| format!("no data set is called {name}"))?;
    let note = |what: &str| eprintln!("{}: {} facts, {what}", data.name, data.len());
    let rows: Vec<(usize, &Row)> = table.rows.iter().copied().enumerate().collect();
    let rows: Vec<(usize, &Row)> = rows.into_iter().filter(|(_, r)| r.dataset == name).collect();
    let mut put = |column: usize, row: usize, measured: Result<Option<Measured>, Failure>| {
        let name = table.rows[row].name;
        match measured {
            Ok(Some(measured)) => {
                eprintln!("  {name}: {} ms, {}", digits(measured.ms), measured.count);
                table.columns[column].outcomes[row] = Outcome::Measured(measured);
            }
            Ok(None) => {}
            Err(failure) => eprintln!("  {name}: {failure}"),
        }
    };
    note("defbase");
    let ours = Ours::new(&data)?;
    for (i, row) in &rows {
        let column = if times == 1 { OURS } else { TEN };
        put(column, *i, ours.run(row, &data, false, pace).map(Some));
        if times == 1 && row.is_query() {
            put(AS_EDN, *i, ours.run(row, &data, true, pace).map(Some));
        }
    }
    drop(ours);
    note("floor");
    let floor = Floor::new(&data);
    for (i, row) in &rows {
        let column = if times == 1 { FLOOR } else { FLOOR_TEN };
        put(column, *i, floor.run(row.name, false, pace));
        if times == 1 {
            put(FLOOR_EDN, *i, floor.run(row.name, true, pace));
        }
    }
    drop(floor);
    if times > 1 {
        return Ok(());
    }
    for (column, layout) in [(FACTS, Layout::Facts), (COLUMNS, Layout::Columns)] {
        note("SQLite");
        let sqlite = Sqlite::new(&data, layout)?;
        for (i, row) in &rows {
            put(column, *i, sqlite.run(row, &data, pace));
        }
    }
    Ok(())
}

/// How many times as long ten times the data take, here and by the floor.
fn growth(table: &Table) {
    let ratio = |i: usize, ten: usize, one: usize| {
        Some(digits(table.columns[ten].ms(i)? / table.columns[one].ms(i)?))
    };
    println!("| row | ten times the data | the floor's |\n|---|--:|--:|");
    for (i, row) in table.rows.iter().enumerate() {
        if let Some(ours) = ratio(i, TEN, OURS) {
            let floor = ratio(i, FLOOR_TEN, FLOOR).map(|r| format!("{r}×")).unwrap_or_default();
            println!("| {} | {ours}× | {floor} |", row.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an engine that gave something else measured would say nothing.
    #[test]
    fn engines_of_this_process_agree_on_how_much_there_is() -> Result<(), Failure> {
        let pace = Pace { warm_up: Duration::ZERO, measure: Duration::ZERO, least: 1 };
        let mut compared = 0;
        for name in ["wide-3-3", "long-10-3", "staff", "past"] {
            let data = dataset(name, 1).ok_or("no data")?;
            let (ours, floor) = (Ours::new(&data)?, Floor::new(&data));
            let facts = Sqlite::new(&data, Layout::Facts)?;
            let columns = Sqlite::new(&data, Layout::Columns)?;
            for row in ROWS.iter().filter(|row| row.dataset == name) {
                let count = ours.run(row, &data, false, pace)?.count;
                let others = [
                    floor.run(row.name, true, pace)?,
                    facts.run(row, &data, pace)?,
                    columns.run(row, &data, pace)?,
                ];
                for other in others.into_iter().flatten() {
                    assert_eq!(other.count, count, "{}", row.name);
                    compared += 1;
                }
            }
        }
        assert!(compared > 20, "{compared}");
        Ok(())
    }
}
