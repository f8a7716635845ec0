//! An immutable Datalog database in the manner of DataScript.
