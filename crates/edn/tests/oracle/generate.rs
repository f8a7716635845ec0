//! Texts to read, made from a seed: tokens, small forms, and both with a few characters changed.

/// A small generator of random numbers (xorshift), so that a seed gives the same texts for ever.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 11) as usize % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

const TOKENS: &[&str] = &[
    "nil",
    "true",
    "false",
    "a",
    "foo",
    "a/b",
    "a.b/c",
    "/",
    "clojure.core//",
    "->",
    "->>",
    "+",
    "-",
    "-1",
    "+1",
    ".-x",
    "Foo.",
    "a:b",
    "x#",
    "%",
    "%1",
    "%&",
    "int/1",
    "foo'",
    "a'b",
    "é",
    "λ/μ",
    "日本",
    "...",
    "..",
    ".",
    "-a",
    "+a",
    "-.5",
    ".5",
    "&",
    "<=",
    "a|b",
    "*a*",
    "a$b",
    "a=b",
    "a?",
    "a!",
    "_",
    "a//b",
    "a/b/c",
    "a//",
    "//",
    "/a",
    "a/",
    ":a",
    ":a/b",
    ":a/b/c",
    ":",
    "::",
    ":a:",
    ":a:b",
    ":a::b",
    ":/",
    ":a/",
    ":/a",
    ":1",
    ":1/a",
    ":a/1",
    ":a//",
    ":a'",
    ":a#",
    ":%",
    ":+",
    ":é/è",
    "::a",
    "::a/b",
    ":::a",
    "a:",
    "a::b",
    "a:/b",
    "1",
    "0",
    "-0",
    "42",
    "007",
    "08",
    "0x1F",
    "0XfF",
    "-0x10",
    "0x",
    "0xG",
    "2r101",
    "36rZz",
    "1r0",
    "37r1",
    "2r2",
    "16rFF",
    "-8r17",
    "1N",
    "-1N",
    "0x1FN",
    "017N",
    "1M",
    "1.5M",
    "-1.50M",
    "1e3M",
    "1e-3M",
    "1.",
    "1.e3",
    "1e3",
    "1E+3",
    "1e",
    "1.5.5",
    "1.0",
    "-1.5",
    "-0.0",
    "1e400",
    "-1e400",
    "1e-400",
    "0.1",
    "123456789.123",
    "1e21",
    "1e7",
    "0.001",
    "0.0001",
    "1/2",
    "4/2",
    "-3/6",
    "+3/6",
    "0/5",
    "1/0",
    "1/-2",
    "1/2N",
    "01/2",
    "1foo",
    "1_000",
    "1a",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999",
    "99999999999999999999N",
    "0x7FFFFFFFFFFFFFFF",
    "0xFFFFFFFFFFFFFFFF",
    "1.0f",
    "1L",
    "\\a",
    "\\newline",
    "\\space",
    "\\tab",
    "\\return",
    "\\backspace",
    "\\formfeed",
    "\\u03A9",
    "\\o101",
    "\\o377",
    "\\o400",
    "\\o8",
    "\\o",
    "\\u",
    "\\u12",
    "\\u00e9",
    "\\uD800",
    "\\uFFFF",
    "\\foo",
    "\\nil",
    "\\(",
    "\\)",
    "\\\"",
    "\\\\",
    "\\;",
    "\\,",
    "\\ ",
    "\\'",
    "\\#",
    "\\%",
    "\\é",
    "\\ab",
    "\\1",
    "\\a/b",
    "\\u0020",
    "\\\n",
    "\"\"",
    "\"a\"",
    "\"a\\nb\"",
    "\"\\\"\"",
    "\"\\\\\"",
    "\"\\t\\r\\b\\f\"",
    "\"\\u0041\"",
    "\"\\101\"",
    "\"\\0\"",
    "\"\\400\"",
    "\"\\377\"",
    "\"\\18\"",
    "\"\\8\"",
    "\"\\q\"",
    "\"\\u12\"",
    "\"\\ud83d\\ude00\"",
    "\"é😀\"",
    "\"a\nb\"",
    "\"a;b\"",
    "#\"a\"",
    "#\"a\\\"b\"",
    "#\"\\d+\"",
    "##Inf",
    "##-Inf",
    "##NaN",
    "##Foo",
    "##",
    "## Inf",
    "#inst \"2026\"",
    "#inst \"2026-02\"",
    "#inst \"2024-02-29\"",
    "#inst \"2023-02-29\"",
    "#inst \"2026-01-31T12\"",
    "#inst \"2026-01-31T12:30\"",
    "#inst \"2026-01-31T12:30:45\"",
    "#inst \"2026-01-31T12:30:45.123456789\"",
    "#inst \"2026-01-31T12:30:45.1Z\"",
    "#inst \"2026-01-31T12:30:45.000+05:30\"",
    "#inst \"2026-01-31T23:59:60-08:00\"",
    "#inst \"2026-01-31T12:30:60\"",
    "#inst \"2026Z\"",
    "#inst \"2026-13\"",
    "#inst \"26\"",
    "#inst \"1582-10-15\"",
    "#inst \"1900-02-28T00:00:00.000-00:00\"",
    "#inst 1",
    "#inst \"2026-01-31T24\"",
    "#inst \"2026-01-31+01:00\"",
    "#uuid \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"",
    "#uuid \"F81D4FAE-7dec-11d0-a765-00a0c91e6bf6\"",
    "#uuid \"1-2-3-4-5\"",
    "#uuid \"x\"",
    "#uuid 1",
    "#foo 1",
    "#foo/bar [1]",
    "#foo",
    "#a.b/c {:a 1}",
    "# foo 1",
    "#1 2",
    "#:a 1",
    "#nil 1",
    "#true 1",
    "#'a",
    "#_a",
    "#_ #_ a b",
    "#_",
    "#<x>",
    "#!a\n1",
    "#",
    "#%",
    "#[1]",
    "#^:a b",
    "#=(+ 1 2)",
    "#()",
    "#(+ % 1)",
    "#(%2 %&)",
    "#(f % %3)",
    "#(a #(b))",
    "'a",
    "@a",
    "`a",
    "~a",
    "~@a",
    "^:a b",
    "^a b",
    "^{:a 1} [b]",
    "^\"s\" c",
    "^1 a",
    "^:a 1",
    "^:a ^:b c",
    "^:a ^{:a 2} c",
    "^[a] b",
    "#:a{:b 1}",
    "#:a{:b/c 1, :_/d 2, e 3}",
    "#:a{:b 1 :a/b 2}",
    "#::{:a 1}",
    "#::a{:b 1}",
    "#:a {:b 1}",
    "#:a/b{:c 1}",
    "#: a{:b 1}",
    "#:a [1]",
    "#:1{:a 1}",
    "#?(:clj 1 :cljs 2)",
    "#?(:cljs 2)",
    "#?(:default 3)",
    "#?@(:clj [1 2])",
    "#? (:clj 1)",
    "#?(:clj)",
    "#?[:clj 1]",
    "#?(1 2)",
    "#?@(:clj 1)",
    "#?(:clj #?(:clj 1))",
    "; c\n1",
    ";",
    ",",
    ",,1,,",
    "{}",
    "{:a 1}",
    "{:a}",
    "{:a 1 :a 2}",
    "{1 a 1N b}",
    "{1 a 1.0 b}",
    "#{}",
    "#{1 2 3}",
    "#{1 1}",
    "#{1 1N}",
    "#{[1] (1)}",
    "[]",
    "()",
    "[1 2]",
    "(1 2)",
    "(",
    ")",
    "[1",
    "(]",
    "{",
    "#{",
    "\"",
    "#\"",
    "\\",
    "^",
    "'",
    "^a",
    "[#_a]",
    "[#_]",
    "{:a #_1}",
    "{#_a}",
    "(a . b)",
    "\u{c}1",
    "\u{2028}1",
    "\u{a0}",
    "1\u{a0}",
    "a\u{2003}b",
    "1\u{3000}2",
    "a\u{b}b",
    "\u{1c}a",
    "\u{feff}a",
    "a\u{85}b",
    "#foo #bar 1",
    "#foo #_a 1",
    "#_ #foo 1 2",
    "{#_a :a 1}",
    "'#_a b",
    "^#_a :b c",
    "#?(:clj #_1 2)",
];

const ALPHABET: &[char] = &[
    'a', 'b', 'x', 'e', 'E', 'N', 'M', 'r', 'u', 'o', 'n', 'Z', '0', '1', '2', '7', '8', '9', '/',
    '/', ':', ':', '.', '+', '-', '#', '\'', '%', '&', '\\', '"', '^', '@', '~', '`', ';', ',',
    ' ', '\n', '_', '?', '!', '=', '<', '(', ')', '[', ']', '{', '}', 'é', 'λ', '|', '*', '$',
];

/// One text.
pub(crate) fn text(random: &mut Random) -> String {
    match random.below(8) {
        0 => TOKENS[random.below(TOKENS.len())].to_string(),
        1 | 2 => {
            let token = random.pick(TOKENS).to_string();
            changed(random, token)
        }
        3 => (0..1 + random.below(6)).map(|_| random.pick(ALPHABET)).collect(),
        4 => {
            let numeric: Vec<char> = "0123456789+-./eENMxXrRaFzZ".chars().collect();
            let tail: String = (0..random.below(7)).map(|_| random.pick(&numeric)).collect();
            format!("{}{tail}", random.below(10))
        }
        5 => {
            let wordy: Vec<char> = "ab1/:.-+'#%".chars().collect();
            (0..1 + random.below(6)).map(|_| random.pick(&wordy)).collect()
        }
        6 => form(random, 3),
        _ => {
            let form = form(random, 3);
            changed(random, form)
        }
    }
}

/// Every token by itself.
pub(crate) fn tokens() -> impl Iterator<Item = String> {
    TOKENS.iter().map(|t| t.to_string())
}

fn changed(random: &mut Random, text: String) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..1 + random.below(2) {
        let at = random.below(chars.len() + 1);
        match random.below(3) {
            0 if at < chars.len() => {
                chars.remove(at);
            }
            1 if at < chars.len() => chars[at] = random.pick(ALPHABET),
            _ => chars.insert(at, random.pick(ALPHABET)),
        }
    }
    chars.into_iter().collect()
}

fn form(random: &mut Random, depth: usize) -> String {
    if depth == 0 || random.chance(3) {
        return random.pick(TOKENS).to_string();
    }
    let shape = random.below(12);
    let count = match shape {
        0..=8 => random.below(5),
        _ => 1 + random.below(2),
    };
    let inner: Vec<String> = (0..count).map(|_| form(random, depth - 1)).collect();
    let inner = inner.join(random.pick(&[" ", ", ", "\n", " ;c\n", " #_x "]));
    match shape {
        0 | 1 => format!("({inner})"),
        2 | 3 => format!("[{inner}]"),
        4 => format!("{{{inner}}}"),
        5 => {
            let entries: Vec<String> = (0..random.below(12))
                .map(|_| format!(":k{} {}", random.below(99), random.below(9)))
                .collect();
            format!("{{{} {inner}}}", entries.join(" "))
        }
        6 => format!("#{{{inner}}}"),
        7 => {
            let items: Vec<String> = (0..random.below(12)).map(|_| atom(random)).collect();
            format!("#{{{}}}", items.join(" "))
        }
        8 => format!("#:n{{{inner}}}"),
        9 => format!("{}{inner}", random.pick(&["'", "@", "#'", "#_", "^:m ", "^"])),
        10 => format!("#t {inner}"),
        _ => inner,
    }
}

/// A value whose hash decides where it stands in a set.
fn atom(random: &mut Random) -> String {
    let n = random.next();
    match random.below(9) {
        0 => format!("{}", n as i64),
        1 => format!("{}N", n as i8),
        2 => format!("{:?}", (n % 100_000) as f64 / 64.0),
        3 => format!("\"s{}\"", n % 1000),
        4 => format!("sym{}/n{}", n % 7, n % 1000),
        5 => format!(":k{}", n % 1000),
        6 => format!("[{} {}]", n % 10, n % 7),
        7 => format!("{}.{}M", n % 1000, n % 100),
        _ => format!("{}/{}", n % 1000, 1 + n % 17),
    }
}
