//! Numbers as PHP spells them, to text and back.
//!
//! The spelling is that of PHP 7.1 and later with its default `serialize_precision = -1`: the fewest digits that
//! read back as the same number. Nothing here allocates.

use std::fmt::{self, Write};

/// The spelling of one number.
pub(super) struct Digits {
    bytes: [u8; Digits::CAPACITY],
    len: usize,
}

impl Digits {
    /// The longest spelling is a float's: a sign, 17 digits, a point and `E-308`. Rust's own spelling, which
    /// passes through here too, is no longer.
    const CAPACITY: usize = 32;

    /// The decimal spelling of an integer.
    pub(super) fn of_int(number: i64) -> Digits {
        let mut digits = Digits::of_count(number.unsigned_abs());
        if number < 0 {
            // Twenty bytes at most are in use, so the shift keeps all of them.
            digits.bytes.copy_within(0..digits.len, 1);
            digits.bytes[0] = b'-';
            digits.len += 1;
        }
        digits
    }

    /// The decimal spelling of a length or count.
    pub(super) fn of_count(mut number: u64) -> Digits {
        let mut digits = Digits::empty();
        let len = number.checked_ilog10().map_or(1, |log| log as usize + 1);
        for place in digits.bytes[..len].iter_mut().rev() {
            *place = b'0' + (number % 10) as u8;
            number /= 10;
        }
        digits.len = len;
        digits
    }

    /// PHP's spelling of a float: plain (`0.0001`, `100`, `10000000000000000`) where the decimal point lies from
    /// 3 places before the first digit to 17 after it, otherwise scientific (`1.0E-5`, `1.0E+17`).
    pub(super) fn of_float(number: f64) -> Digits {
        let mut out = Digits::empty();
        if number.is_nan() {
            out.push(b"NAN");
            return out;
        }
        if number.is_sign_negative() {
            out.push(b"-");
        }
        if number.is_infinite() {
            out.push(b"INF");
            return out;
        }
        let (significant, len, exponent) = shortest(number.abs());
        let significant = &significant[..len];
        let point = exponent + 1;
        if !(-3..=17).contains(&point) {
            out.push(&significant[..1]);
            out.push(b".");
            out.push(if len > 1 { &significant[1..] } else { b"0" });
            out.push(if exponent < 0 { b"E-" } else { b"E+" });
            out.push(Digits::of_count(exponent.unsigned_abs().into()).as_bytes());
        } else if point <= 0 {
            out.push(b"0.");
            out.push(&b"000"[..point.unsigned_abs() as usize]);
            out.push(significant);
        } else {
            let before = point.unsigned_abs() as usize;
            out.push(&significant[..len.min(before)]);
            out.push(&[b'0'; 17][..before.saturating_sub(len)]);
            if len > before {
                out.push(b".");
                out.push(&significant[before..]);
            }
        }
        out
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn empty() -> Digits {
        Digits { bytes: [0; Digits::CAPACITY], len: 0 }
    }

    fn push(&mut self, part: &[u8]) {
        let end = self.len + part.len();
        self.bytes[self.len..end].copy_from_slice(part);
        self.len = end;
    }
}

impl Write for Digits {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if part.len() > Digits::CAPACITY - self.len {
            return Err(fmt::Error);
        }
        self.push(part.as_bytes());
        Ok(())
    }
}

/// The fewest decimal digits that tell a finite, positive number or zero from its neighbours, how many they are, and
/// the power of ten of the first.
fn shortest(number: f64) -> ([u8; 17], usize, i32) {
    let mut spelled = Digits::empty();
    // `{:e}` spells a float as `d.ddde-x`, which fits: 17 digits, a point and at most five more.
    let written = write!(spelled, "{number:e}");
    debug_assert!(written.is_ok(), "{number:e} does not fit");
    let mut significant = [b'0'; 17];
    let mut len = 0;
    let mut exponent = 0;
    let mut parts = spelled.as_bytes().splitn(2, |&byte| byte == b'e');
    for &digit in parts.next().unwrap_or_default().iter().filter(|byte| byte.is_ascii_digit()) {
        significant[len] = digit;
        len += 1;
    }
    if let Some(power) = parts.next().and_then(|power| std::str::from_utf8(power).ok()) {
        exponent = power.parse().unwrap_or_default();
    }
    let last_place = exponent + 1 - i32::try_from(len).unwrap_or_default();
    if let Some(even) = even_of_two_nearest(number, last_place) {
        let even = Digits::of_count(even);
        if even.len == len {
            significant[..len].copy_from_slice(even.as_bytes());
        }
    }
    (significant, len, exponent)
}

/// If a positive float lies exactly between two decimal numbers whose last digit stands for 10^`last_place`, the
/// digits of the even one: PHP then prefers it, Rust does not. `None` if the even one reads back as another float.
fn even_of_two_nearest(number: f64, last_place: i32) -> Option<u64> {
    let bits = number.to_bits();
    let (power, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    if power == 0 {
        // Zero and subnormal numbers are never that close to the middle.
        return None;
    }
    // The number is odd * 2^binary. Twice the number in units of the last place is odd * 5^places
    // * 2^(binary + 1 + places); in the middle that is an odd integer, so the last power is 0.
    let whole = fraction | 1 << 52;
    let odd = whole >> whole.trailing_zeros();
    let binary = power - 1075 + i32::try_from(whole.trailing_zeros()).ok()?;
    if binary + 1 != last_place {
        return None;
    }
    let twice = odd.checked_mul(5u64.checked_pow(u32::try_from(-last_place).ok()?)?)?;
    let even = if twice % 4 == 1 { twice / 2 } else { twice / 2 + 1 };
    let mut spelled = Digits::empty();
    write!(spelled, "{even}e{last_place}").ok()?;
    (std::str::from_utf8(spelled.as_bytes()).ok()?.parse() == Ok(number)).then_some(even)
}

/// The integer that `text` spells the way PHP itself would, if it does: no plus sign, no leading zeros, no `-0`,
/// within 64 bits. Array keys of this form are integers to PHP.
pub(super) fn canonical_int(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let plausible = match digits {
        [b'0'] => text.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.len() < 19 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if plausible { parse_int(text) } else { None }
}

/// The integer spelled by `[+-]?[0-9]+`; `None` for another form or one that 64 bits do not hold.
pub(super) fn parse_int(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// How many bytes of `text` spell a number, and whether they spell an integer: `5`, `-5`, `5.0`, `.5`, `5.`, `1e3`.
pub(super) fn numeric_prefix(text: &[u8]) -> Option<(usize, bool)> {
    let run = |from: usize| text.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let whole = run(sign);
    let mut end = sign + whole;
    let mut digits = whole;
    let mut integer = true;
    if text.get(end) == Some(&b'.') {
        let fraction = run(end + 1);
        digits += fraction;
        if digits > 0 {
            end += 1 + fraction;
            integer = false;
        }
    }
    if digits == 0 {
        return None;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let power = run(end + 1 + sign);
        if power > 0 {
            end += 1 + sign + power;
            integer = false;
        }
    }
    Some((end, integer))
}

/// The float spelled by the whole of `text`, in one of the forms of [`numeric_prefix`] or as `INF`, `-INF`, `NAN`.
pub(super) fn parse_float(text: &[u8]) -> Option<f64> {
    match text {
        b"INF" => Some(f64::INFINITY),
        b"-INF" => Some(f64::NEG_INFINITY),
        b"NAN" => Some(f64::NAN),
        _ => match numeric_prefix(text) {
            Some((len, _)) if len == text.len() => std::str::from_utf8(text).ok()?.parse().ok(),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(number: f64) -> String {
        String::from_utf8(Digits::of_float(number).as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn floats_are_spelled_as_php_spells_them() {
        let table = [
            (10.5, "10.5"),
            (100.0, "100"),
            (0.0, "0"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.000_12, "0.00012"),
            (1e-5, "1.0E-5"),
            (1.25e-7, "1.25E-7"),
            (1e16, "10000000000000000"),
            (1e17, "1.0E+17"),
            (-1.5e300, "-1.5E+300"),
            (6_248_827_505_853_525.0 / 4.0, "1562206876463381.2"),
            (6_248_827_505_853_527.0 / 4.0, "1562206876463381.8"),
            (1.0 / 16_777_216.0, "5.960464477539063E-8"),
            (f64::MAX, "1.7976931348623157E+308"),
            (-f64::MIN_POSITIVE, "-2.2250738585072014E-308"),
            (f64::INFINITY, "INF"),
            (f64::NEG_INFINITY, "-INF"),
            (f64::NAN, "NAN"),
        ];
        for (number, text) in table {
            assert_eq!(float(number), text);
        }
    }

    #[test]
    fn integers_are_spelled_in_full_at_both_ends_of_their_range() {
        for number in [0, 7, -7, 10, 99, 100, i64::MAX, i64::MIN] {
            assert_eq!(Digits::of_int(number).as_bytes(), number.to_string().as_bytes());
        }
        assert_eq!(Digits::of_count(u64::MAX).as_bytes(), u64::MAX.to_string().as_bytes());
    }

    #[test]
    fn only_canonical_integers_are_integer_keys() {
        for (text, number) in
            [("0", 0), ("5", 5), ("-5", -5), ("9223372036854775807", i64::MAX), ("-9223372036854775808", i64::MIN)]
        {
            assert_eq!(canonical_int(text.as_bytes()), Some(number), "{text}");
        }
        for text in [
            "",
            "-",
            "-0",
            "+5",
            "05",
            "1.5",
            " 5",
            "5 ",
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999",
        ] {
            assert_eq!(canonical_int(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_number_may_be_followed_by_anything() {
        let table: [(&str, Option<(usize, bool)>); 12] = [
            ("5", Some((1, true))),
            ("+5x", Some((2, true))),
            ("-5.25e2.", Some((7, false))),
            (".5", Some((2, false))),
            ("5.", Some((2, false))),
            ("1e3", Some((3, false))),
            ("1e", Some((1, true))),
            ("1e+", Some((1, true))),
            (".", None),
            ("-", None),
            ("e5", None),
            ("", None),
        ];
        for (text, prefix) in table {
            assert_eq!(numeric_prefix(text.as_bytes()), prefix, "{text}");
        }
    }
}
