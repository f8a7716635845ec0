//! Moments as text: RFC 3339 as `clojure.instant` reads it, in the proleptic Gregorian calendar.

const MILLIS_PER_DAY: i64 = 86_400_000;

/// Milliseconds since 1970 of a text such as `2026-01-31T12:00:00.000-00:00`; each part from the month on may
/// be left out where the year has four digits, and finer fractions than milliseconds are cut.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let (year, common) = cursor.year()?;
    let (mut month, mut day, mut hour, mut minute, mut second, mut millis) = (1, 1, 0, 0, 0, 0);
    if cursor.eat_dash() {
        month = cursor.number(2)?;
        if cursor.eat_dash() {
            day = cursor.number(2)?;
            if cursor.eat(b'T') {
                hour = cursor.number(2)?;
                if cursor.eat(b':') {
                    minute = cursor.number(2)?;
                    if cursor.eat(b':') {
                        second = cursor.number(2)?;
                        if cursor.eat(b'.') {
                            millis = cursor.fraction()?;
                        }
                    }
                }
            }
        }
    }
    let offset = cursor.offset()?;
    let leap_second = second == 60 && minute == 59;
    let sound = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && (second < 60 || leap_second)
        && (common || text.contains('T'));
    if !sound || cursor.at != text.len() {
        return None;
    }
    let of_day = ((hour * 60 + minute - offset) * 60 + second) * 1000 + millis;
    // The first day that can be said at all starts before the first millisecond that can.
    let total = i128::from(days_from_civil(year, month, day)) * i128::from(MILLIS_PER_DAY);
    i64::try_from(total + i128::from(of_day)).ok()
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    /// A dash before a month or a day, and not the sign of an offset: `2026-05:30` is a year in a time zone.
    fn eat_dash(&mut self) -> bool {
        let is_sign = self.bytes.len() == self.at + 6 && self.bytes[self.at + 3] == b':';
        !is_sign && self.eat(b'-')
    }

    /// A year, and whether it is one of four digits. Others, which a time zone can lead to and which must be read
    /// where they were printed, have a sign or up to nine digits.
    fn year(&mut self) -> Option<(i64, bool)> {
        let negative = self.eat(b'-');
        let digits = self.bytes[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if !(4..=9).contains(&digits) {
            return None;
        }
        let year = self.number(digits)?;
        Some((if negative { -year } else { year }, digits == 4 && !negative))
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        let part = self.bytes.get(self.at..self.at + digits)?;
        self.at += digits;
        part.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    }

    /// Digits after the point, as milliseconds.
    fn fraction(&mut self) -> Option<i64> {
        let digits = self.bytes[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        let part = &self.bytes[self.at..self.at + digits];
        self.at += digits;
        let padded = part.iter().copied().chain(std::iter::repeat(b'0'));
        Some(padded.take(3).fold(0, |n, b| n * 10 + i64::from(b - b'0')))
    }

    /// Minutes east of Greenwich.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.bytes.get(self.at) {
            None | Some(b'Z') => {
                self.at = (self.at + 1).min(self.bytes.len());
                return Some(0);
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        self.at += 1;
        let hours = self.number(2)?;
        let minutes = if self.eat(b':') { self.number(2)? } else { return None };
        (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years are counted from March, so that the leap day is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a day counted from 1970-01-01.
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}
