//! Crashes, failing disks and killed writers, and what must be there afterwards.
//!
//! [`disk`] is a file system under [`store`] that tells what was done to it, [`crash`] what of that may be left when the machine
//! stops, [`workload`] what programs do meanwhile and what they were promised, [`verdict`] what must hold then. [`states`] puts them
//! together. [`kills`] kills programs of the system on real files.

pub mod crash;
pub mod dice;
pub mod disk;
pub mod kills;
pub mod ledger;
pub mod states;
pub mod verdict;
pub mod workload;
