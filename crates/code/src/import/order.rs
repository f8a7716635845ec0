//! Places of statements in their file: numbers with room between them.
//!
//! An insertion takes a number from the middle of the gap it falls into, so nobody else's number changes. Where a gap is
//! full its upper neighbours get new numbers, as few as it takes. Of statements that changed places the longest run that
//! is still in order keeps its numbers.

/// The distance between neighbours where there is nothing to squeeze between.
const STEP: i64 = 1 << 16;

/// New numbers, strictly ascending. `old` has for each statement, in its new place, the number it had.
pub(super) fn numbers(old: &[Option<i64>]) -> Vec<i64> {
    let mut kept = ascending(old);
    let mut numbers = vec![0; old.len()];
    let mut low: Option<i64> = None;
    let mut at = 0;
    while at < old.len() {
        if let Some(number) = kept[at] {
            numbers[at] = number;
            low = Some(number);
            at += 1;
            continue;
        }
        let mut end = at;
        let high = loop {
            while end < old.len() && kept[end].is_none() {
                end += 1;
            }
            let Some(high) = kept.get(end).copied().flatten() else { break None };
            if low.is_none_or(|low| high - low > (end - at) as i64) {
                break Some(high);
            }
            kept[end] = None;
        };
        fill(&mut numbers[at..end], low, high);
        low = Some(numbers[end - 1]);
        at = end;
    }
    numbers
}

fn fill(run: &mut [i64], low: Option<i64>, high: Option<i64>) {
    let count = run.len() as i64;
    let (start, step) = match (low, high) {
        (Some(low), Some(high)) => (low, (high - low) / (count + 1)),
        (Some(low), None) => (low, STEP),
        (None, Some(high)) => (high - STEP * (count + 1), STEP),
        (None, None) => (0, STEP),
    };
    for (number, i) in run.iter_mut().zip(1..) {
        *number = start + step * i;
    }
}

/// The numbers of a longest strictly ascending subsequence; the others become `None`.
fn ascending(old: &[Option<i64>]) -> Vec<Option<i64>> {
    let mut before = vec![usize::MAX; old.len()];
    let mut ends: Vec<usize> = Vec::new();
    for (i, number) in old.iter().enumerate() {
        let Some(number) = number else { continue };
        let length = ends.partition_point(|end| old[*end].is_some_and(|n| n < *number));
        if length > 0 {
            before[i] = ends[length - 1];
        }
        if length == ends.len() {
            ends.push(i);
        } else {
            ends[length] = i;
        }
    }
    let mut kept = vec![None; old.len()];
    let mut at = ends.last().copied();
    while let Some(i) = at {
        kept[i] = old[i];
        at = (before[i] != usize::MAX).then_some(before[i]);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_must_gets_a_new_number() {
        let some = |n: i64| Some(n);
        for (old, new) in [
            (vec![], vec![]),
            (vec![None, None], vec![STEP, 2 * STEP]),
            (vec![some(10), None, some(20)], vec![10, 15, 20]),
            (vec![some(10), some(20), None], vec![10, 20, 20 + STEP]),
            (vec![None, some(10)], vec![10 - STEP, 10]),
            (vec![some(30), some(10), some(20)], vec![10 - STEP, 10, 20]),
            (vec![some(1), None, some(2), some(9)], vec![1, 3, 5, 9]),
            (vec![some(5), some(5)], vec![5 - STEP, 5]),
        ] {
            assert_eq!(numbers(&old), new, "{old:?}");
        }
    }

    proptest! {
        #[test]
        fn numbers_always_ascend(old in prop::collection::vec(prop::option::of(0i64..40), 0..40)) {
            let new = numbers(&old);
            prop_assert!(new.windows(2).all(|w| w[0] < w[1]), "{:?}", new);
        }
    }
}
