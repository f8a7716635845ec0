//! Counting tokens as a language model does.
//!
//! The tokenizer is OpenAI's `o200k_base`, that of GPT-4o and later, counted exactly. Other models cut texts otherwise: for
//! source code their counts differ by some ten per cent either way, so a budget for another model wants that much room.

/// How many tokens a text has.
///
/// ```
/// assert_eq!(code::context::count_tokens("(defn greet [who] (str \"Hello, \" who))"), 14);
/// ```
pub fn count_tokens(text: &str) -> usize {
    bpe_openai::o200k_base().count(text)
}
