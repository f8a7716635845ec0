//! What a disk may have after a crash: every state that POSIX allows, drawn by dice.
//!
//! A flush is the only thing that makes anything certain. Of what was not flushed
//!
//! - a write is there, or not, or its first bytes are, or any of its sectors: in any order with other writes;
//! - where a file has grown, and what was written there is not, stand zeros, noise, or other bytes of the file;
//! - a file has its new length, or its old one, whatever stands in it; a cut has happened or not;
//! - a name leads to what it led to when its folder was flushed last, or to anything that it was made to lead to since: one name
//!   whatever the others do.
//!
//! Two things are taken for granted, as SQLite and PostgreSQL do: a sector that was there before is overwritten whole or not at
//! all, and what was flushed stays as it is.

use crate::dice::Dice;
use crate::disk::{Event, Image};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is written whole or not at all where something was before.
const SECTOR: usize = 512;

/// What is on a disk for certain, and what may be.
#[derive(Clone, Default)]
pub struct Surface {
    files: Vec<File>,
    names: BTreeMap<PathBuf, Name>,
}

#[derive(Clone, Default)]
struct File {
    /// What is there for certain.
    settled: Vec<u8>,
    /// What was done to it since.
    since: Vec<(Change, Fate)>,
}

#[derive(Clone)]
enum Change {
    Written(usize, std::sync::Arc<[u8]>),
    Cut(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The next flush makes it certain.
    Open,
    /// No flush does, since one has failed.
    Forgotten,
    /// It is on the disk, behind something that may not be.
    Certain,
}

#[derive(Clone, Default)]
struct Name {
    settled: Option<usize>,
    since: Vec<Option<usize>>,
}

impl Surface {
    /// A disk with these files.
    pub fn of(image: &Image) -> Surface {
        let settled = |bytes: &std::sync::Arc<[u8]>| bytes.to_vec();
        let files = image.values().map(|bytes| File { settled: settled(bytes), since: Vec::new() });
        let name = |n| Name { settled: Some(n), since: Vec::new() };
        let names = image.keys().enumerate().map(|(n, path)| (path.clone(), name(n)));
        Surface { files: files.collect(), names: names.collect() }
    }

    fn file(&mut self, file: usize) -> &mut File {
        if self.files.len() <= file {
            self.files.resize_with(file + 1, File::default);
        }
        &mut self.files[file]
    }

    /// Takes up what was done.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Named(path, file) => {
                self.names.entry(path.clone()).or_default().since.push(*file);
            }
            Event::FolderFlushed(folder) => {
                for (path, name) in &mut self.names {
                    if path.parent() == Some(folder)
                        && let Some(newest) = name.since.pop()
                    {
                        *name = Name { settled: newest, since: Vec::new() };
                    }
                }
            }
            Event::Written(file, at, bytes) => {
                let change = Change::Written(*at, bytes.clone());
                self.file(*file).since.push((change, Fate::Open));
            }
            Event::Cut(file, length) => {
                self.file(*file).since.push((Change::Cut(*length), Fate::Open));
            }
            Event::Flushed(file) => self.file(*file).flush(),
            Event::FlushFailed(file) => {
                let since = self.file(*file).since.iter_mut();
                since.filter(|(_, fate)| *fate == Fate::Open).for_each(|(change, fate)| {
                    // A length is kept elsewhere than what stands in the file, and is written again with the next change of it.
                    if matches!(change, Change::Written(..)) {
                        *fate = Fate::Forgotten;
                    }
                });
            }
        }
    }

    /// Whether everything is certain, so that there is one state only.
    pub fn is_settled(&self) -> bool {
        self.files.iter().all(|file| file.since.is_empty())
            && self.names.values().all(|name| name.since.is_empty())
    }

    /// One of the states that a crash may leave.
    pub fn crash(&self, dice: &mut Dice) -> Image {
        let names = Mood::draw(dice);
        let mut image = Image::new();
        for (path, name) in &self.names {
            let file = match name.since.len() {
                0 => name.settled,
                several => match names {
                    Mood::Nothing => name.settled,
                    Mood::Everything => name.since[several - 1],
                    _ => match dice.below(several + 1) {
                        0 => name.settled,
                        n => name.since[n - 1],
                    },
                },
            };
            if let Some(file) = file {
                let bytes = self.files.get(file).map(|file| file.crash(dice)).unwrap_or_default();
                image.insert(path.clone(), bytes.into());
            }
        }
        image
    }
}

/// How much of what was not flushed is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Nothing,
    Everything,
    /// All up to some byte.
    InOrder,
    /// Of each change something else.
    Any,
}

impl Mood {
    fn draw(dice: &mut Dice) -> Mood {
        match dice.below(8) {
            0 => Mood::Nothing,
            1 => Mood::Everything,
            2 | 3 => Mood::InOrder,
            _ => Mood::Any,
        }
    }
}

impl File {
    fn flush(&mut self) {
        for (_, fate) in &mut self.since {
            if *fate == Fate::Open {
                *fate = Fate::Certain;
            }
        }
        let certain = self.since.iter().take_while(|(_, fate)| *fate == Fate::Certain).count();
        for (change, _) in self.since.drain(..certain) {
            change.make(&mut self.settled, &[]);
        }
    }

    fn crash(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.settled.clone();
        if self.since.is_empty() {
            return bytes;
        }
        let (mood, filler) = (Mood::draw(dice), self.filler(dice));
        let torn = dice.below(self.since.len());
        for (n, (change, fate)) in self.since.iter().enumerate() {
            match mood {
                _ if *fate == Fate::Certain => change.make(&mut bytes, &filler),
                Mood::Everything => change.make(&mut bytes, &filler),
                Mood::InOrder if n < torn => change.make(&mut bytes, &filler),
                Mood::InOrder if n == torn => change.tear(&mut bytes, &filler, dice),
                Mood::Any => change.make_some(&mut bytes, &filler, dice),
                Mood::Nothing | Mood::InOrder => {}
            }
        }
        bytes
    }

    /// What stands where a file has grown and nothing was written: zeros, noise, or what stands elsewhere in it.
    fn filler(&self, dice: &mut Dice) -> Vec<u8> {
        match dice.below(4) {
            0 => (0..SECTOR).map(|_| dice.bits() as u8).collect(),
            1 if !self.settled.is_empty() => {
                let from = dice.below(self.settled.len());
                self.settled[from..].iter().take(4 * SECTOR).copied().collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Makes a file so long. Without filler it is zeros.
fn grow(bytes: &mut Vec<u8>, length: usize, filler: &[u8]) {
    while bytes.len() < length {
        bytes.push(match filler.len() {
            0 => 0,
            several => filler[bytes.len() % several],
        });
    }
}

impl Change {
    fn make(&self, bytes: &mut Vec<u8>, filler: &[u8]) {
        match self {
            Change::Written(at, written) => {
                grow(bytes, at + written.len(), filler);
                bytes[*at..at + written.len()].copy_from_slice(written);
            }
            Change::Cut(length) => {
                bytes.truncate(*length);
                grow(bytes, *length, filler);
            }
        }
    }

    /// Its first bytes.
    fn tear(&self, bytes: &mut Vec<u8>, filler: &[u8], dice: &mut Dice) {
        let Change::Written(at, written) = self else { return };
        let mut torn = at + dice.below(written.len() + 1);
        if torn < bytes.len() {
            torn = (torn / SECTOR * SECTOR).max(*at);
        }
        Change::Written(*at, written[..torn - at].into()).make(bytes, filler);
        if dice.percent(30) {
            grow(bytes, at + written.len(), filler);
        }
    }

    /// Something of it, or nothing, or all.
    fn make_some(&self, bytes: &mut Vec<u8>, filler: &[u8], dice: &mut Dice) {
        let Change::Written(at, written) = self else {
            if dice.percent(50) {
                self.make(bytes, filler);
            }
            return;
        };
        let (at, end) = (*at, at + written.len());
        match dice.below(6) {
            0 => {}
            1 => self.make(bytes, filler),
            2 => self.tear(bytes, filler, dice),
            3 => grow(bytes, end, filler),
            _ => {
                let many = 10 + dice.below(81);
                let mut from = at;
                while from < end {
                    let to = end.min((from / SECTOR + 1) * SECTOR);
                    if dice.percent(many) {
                        let sector = written[from - at..to - at].into();
                        Change::Written(from, sector).make(bytes, filler);
                    }
                    from = to;
                }
                if dice.percent(50) {
                    grow(bytes, end, filler);
                }
            }
        }
    }
}
