//! Printing, to the letter as Clojure's `pr-str`.
//!
//! What is printed reads back equal, but for opaque values, which cannot be read. Doubles have the shortest
//! digits that read back the same, laid out as Java does.

use crate::inst::civil_from_days;
use crate::{BigDec, Inst, Map, Value};
use num_traits::Signed;
use std::fmt::{self, Write};

/// What the printer adds to a value's plain form. The default is what `pr-str` does.
#[derive(Clone, Copy, Debug, Default)]
pub struct PrintOptions {
    /// Print metadata as `^{…}` before what has it.
    pub meta: bool,
    /// Strings and characters as they are, at any depth, as Clojure's `print` does.
    pub bare: bool,
}

/// The printed form.
///
/// ```
/// use edn::Value;
/// assert_eq!(edn::print(&Value::Double(1e10)), "1.0E10");
/// ```
pub fn print(value: &Value) -> String {
    let mut out = String::new();
    print_to(&mut out, value);
    out
}

/// Appends the printed form.
pub fn print_to(out: &mut String, value: &Value) {
    print_with(out, value, PrintOptions::default());
}

/// Appends the printed form, with options.
pub fn print_with(out: &mut String, value: &Value, options: PrintOptions) {
    // Writing to a string cannot fail.
    let _ = Printer { out, options }.value(value);
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer { out: f, options: PrintOptions::default() }.value(self)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

struct Printer<'a, W: Write> {
    out: &'a mut W,
    options: PrintOptions,
}

impl<W: Write> Printer<'_, W> {
    fn value(&mut self, value: &Value) -> fmt::Result {
        if self.options.meta
            && let Some(meta) = value.meta().filter(|meta| !meta.is_empty())
        {
            self.meta(meta)?;
        }
        match value {
            Value::Nil => self.out.write_str("nil"),
            Value::Bool(b) => write!(self.out, "{b}"),
            Value::Int(n) => write!(self.out, "{n}"),
            Value::BigInt(n) => write!(self.out, "{n}N"),
            Value::Ratio(r) => write!(self.out, "{}/{}", r.numerator(), r.denominator()),
            Value::Double(d) => double(self.out, *d),
            Value::BigDec(d) => big_dec(self.out, d),
            Value::Char(c) if self.options.bare => self.out.write_char(*c),
            Value::Str(s) if self.options.bare => self.out.write_str(s),
            Value::Char(c) => character(self.out, *c),
            Value::Str(s) => string(self.out, s),
            Value::Symbol(s) => self.out.write_str(s.as_str()),
            Value::Keyword(k) => {
                self.out.write_char(':')?;
                self.out.write_str(k.as_str())
            }
            Value::List(l) => self.items('(', l.iter(), ')'),
            Value::Vector(v) => self.items('[', v.iter(), ']'),
            Value::Set(s) => {
                self.out.write_char('#')?;
                self.items('{', s.iter(), '}')
            }
            Value::Map(m) => self.map(m),
            Value::Inst(i) => inst(self.out, *i),
            Value::Uuid(u) => write!(self.out, "#uuid \"{u}\""),
            Value::Regex(r) => write!(self.out, "#\"{}\"", r.0),
            Value::Tagged(t) => {
                write!(self.out, "#{} ", t.tag.as_str())?;
                self.value(&t.value)
            }
            Value::Opaque(o) => self.out.write_str(&o.0.print()),
        }
    }

    /// A lone tag is printed as `^tag`.
    fn meta(&mut self, meta: &Map) -> fmt::Result {
        self.out.write_char('^')?;
        match meta.get(&Value::keyword("tag")) {
            Some(tag) if meta.len() == 1 => self.value(tag)?,
            _ => self.map(meta)?,
        }
        self.out.write_char(' ')
    }

    fn items<'v>(
        &mut self,
        open: char,
        items: impl Iterator<Item = &'v Value>,
        close: char,
    ) -> fmt::Result {
        self.out.write_char(open)?;
        for (i, item) in items.enumerate() {
            if i > 0 {
                self.out.write_char(' ')?;
            }
            self.value(item)?;
        }
        self.out.write_char(close)
    }

    fn map(&mut self, map: &Map) -> fmt::Result {
        self.out.write_char('{')?;
        for (i, (key, value)) in map.iter().enumerate() {
            if i > 0 {
                self.out.write_str(", ")?;
            }
            self.value(key)?;
            self.out.write_char(' ')?;
            self.value(value)?;
        }
        self.out.write_char('}')
    }
}

fn string(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\t' => "\\t",
            b'\r' => "\\r",
            0x0c => "\\f",
            0x08 => "\\b",
            _ => continue,
        };
        out.write_str(&text[plain..at])?;
        out.write_str(escape)?;
        plain = at + 1;
    }
    out.write_str(&text[plain..])?;
    out.write_char('"')
}

fn character(out: &mut impl Write, c: char) -> fmt::Result {
    out.write_char('\\')?;
    match c {
        '\n' => out.write_str("newline"),
        ' ' => out.write_str("space"),
        '\t' => out.write_str("tab"),
        '\u{8}' => out.write_str("backspace"),
        '\u{c}' => out.write_str("formfeed"),
        '\r' => out.write_str("return"),
        c => out.write_char(c),
    }
}

/// As `Double.toString`: plain between 10^-3 and 10^7, scientific beyond.
fn double(out: &mut impl Write, d: f64) -> fmt::Result {
    if d.is_nan() {
        return out.write_str("##NaN");
    }
    if d.is_infinite() {
        return out.write_str(if d > 0.0 { "##Inf" } else { "##-Inf" });
    }
    let size = d.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return write!(out, "{d:?}");
    }
    let shortest = format!("{d:e}");
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    out.write_str(digits)?;
    if !digits.contains('.') {
        out.write_str(".0")?;
    }
    write!(out, "E{exponent}")
}

/// As `BigDecimal.toString`, with Clojure's `M`.
fn big_dec(out: &mut impl Write, d: &BigDec) -> fmt::Result {
    let digits = d.unscaled.abs().to_string();
    if d.unscaled.is_negative() {
        out.write_char('-')?;
    }
    let scale = i64::from(d.scale);
    let exponent = digits.len() as i64 - 1 - scale;
    if scale == 0 {
        out.write_str(&digits)?;
    } else if scale > 0 && exponent >= -6 {
        match (digits.len() as i64) - scale {
            whole if whole > 0 => {
                let (whole, fraction) = digits.split_at(whole as usize);
                write!(out, "{whole}.{fraction}")?;
            }
            missing => {
                out.write_str("0.")?;
                for _ in missing..0 {
                    out.write_char('0')?;
                }
                out.write_str(&digits)?;
            }
        }
    } else {
        let (first, rest) = digits.split_at(1);
        out.write_str(first)?;
        if !rest.is_empty() {
            write!(out, ".{rest}")?;
        }
        if exponent != 0 {
            write!(out, "E{exponent:+}")?;
        }
    }
    out.write_char('M')
}

fn inst(out: &mut impl Write, inst: Inst) -> fmt::Result {
    let days = inst.0.div_euclid(86_400_000);
    let millis = inst.0.rem_euclid(86_400_000);
    let (year, month, day) = civil_from_days(days);
    let (hour, minute) = (millis / 3_600_000, millis / 60_000 % 60);
    let (second, millis) = (millis / 1000 % 60, millis % 1000);
    let (sign, year) = if year < 0 { ("-", -year) } else { ("", year) };
    write!(
        out,
        "#inst \"{sign}{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}-00:00\""
    )
}
