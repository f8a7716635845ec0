//! Answers of a size that an assistant can take.

use code::context::count_tokens;

/// No answer has more tokens, but for a context that was asked for with a larger budget.
pub(super) const LIMIT: usize = 10_000;

/// The largest budget of a context.
pub(super) const MOST: usize = 50_000;

/// A text within a number of tokens: whole lines from its start, and how many are missing.
pub(super) fn within(text: &str, limit: usize) -> String {
    const NOTE: usize = 40;
    // A token has at least one byte.
    if text.len() <= limit || count_tokens(text) <= limit {
        return text.to_owned();
    }
    let mut left = limit.saturating_sub(NOTE);
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let cost = count_tokens(line);
        if cost > left {
            break;
        }
        left -= cost;
        end += line.len();
    }
    let missing = text[end..].lines().count();
    format!("{}… {missing} more lines left out; ask for less at a time\n", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_answers_are_cut_between_lines() {
        let text = "(defn f [x] x)\n".repeat(1000);
        let cut = within(&text, 500);
        assert!(count_tokens(&cut) <= 500 && cut.len() > 500, "{}", cut.len());
        assert!(cut.starts_with("(defn f [x] x)\n(defn") && cut.contains(" more lines left out"));
        assert_eq!(within("short\n", 500), "short\n");
        // One line that is too long is left out whole.
        assert!(within(&"x ".repeat(100_000), 500).starts_with("… 1 more lines"));
    }
}
