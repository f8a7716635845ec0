//! Packs, whole and after a power failure.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn what_is_stored_is_there_until_it_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let pack = Pack::open(folder.path()).unwrap();
    let text = |n: u64| (n, format!("bytes of {n}").into_bytes());
    pack.store(&[text(1), text(2), text(5000)]).unwrap();
    pack.store(&[text(3), text(ROOT)]).unwrap();
    pack.delete(&[2]).unwrap();
    for pack in [pack, Pack::read_only(folder.path()).unwrap()] {
        assert_eq!(pack.list_addresses().unwrap(), [ROOT, 1, 3, 5000]);
        assert_eq!(pack.restore(2).unwrap(), None);
        assert_eq!(pack.restore(u64::MAX).unwrap(), None);
        for n in [ROOT, 1, 3, 5000] {
            assert_eq!(pack.restore(n).unwrap(), Some(text(n).1));
        }
    }
}

/// A power failure loses what was not flushed: here all of the files behind what they had when the last root was stored.
#[test]
fn a_pack_cut_at_any_length_has_the_root_that_was_stored_last() {
    let folder = tempfile::tempdir().unwrap();
    let pack = Pack::open(folder.path()).unwrap();
    pack.store(&[(1, vec![1; 10]), (ROOT, vec![7; 5])]).unwrap();
    let (bytes, table) =
        (pack.bytes.metadata().unwrap().len(), pack.table.metadata().unwrap().len());
    pack.store(&[(2, vec![2; 30])]).unwrap();
    pack.store(&[(3, vec![3; 30])]).unwrap();
    let (all, rows) = (pack.bytes.metadata().unwrap().len(), pack.table.metadata().unwrap().len());
    for len in (bytes..=all).rev() {
        pack.bytes.set_len(len).unwrap();
        pack.table.set_len(rows - (all - len) % (rows - table)).unwrap();
        let again = Pack::open(folder.path()).unwrap();
        assert_eq!(again.restore(ROOT).unwrap(), Some(vec![7; 5]));
        assert_eq!(again.restore(1).unwrap(), Some(vec![1; 10]));
        // What was not finished is missing or an error, never something else.
        assert!(!matches!(again.restore(3), Ok(Some(bytes)) if bytes != [3; 30]));
    }
}

#[test]
fn damage_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let pack = Pack::open(folder.path()).unwrap();
    pack.store(&[(1, vec![1; 10])]).unwrap();
    write_at(&pack.bytes, &[9], 4).unwrap();
    assert_eq!(pack.restore(1).unwrap_err().to_string(), "its checksum does not match");
    write_at(&pack.table, &[255; 4], 16 + 8).unwrap();
    assert_eq!(pack.restore(1).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    write_at(&pack.table, &[255; 12], 16).unwrap();
    assert_eq!(pack.restore(1).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}
