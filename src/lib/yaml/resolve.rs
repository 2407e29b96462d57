//! What a plain scalar means to its readers.
//!
//! `v2` is go-yaml v2 with YAML 1.1 rules, which reads what kubectl and the Kubernetes libraries apply: its result is
//! what a cluster stores. `v3` is go-yaml v3, which kustomize and Flux use. The rules follow the resolvers of both;
//! the table is in `tests` below.

use std::borrow::Cow;

/// What a plain scalar resolves to.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer that fits 64 bits, signed or not.
    Int(i128),
    /// A floating-point number; infinities and NaN cannot become JSON.
    Float(f64),
    /// The text itself.
    Str(Cow<'a, str>),
}

/// Resolves a plain scalar as go-yaml v2 does.
pub fn v2(text: &str) -> Value<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            return Value::Bool(false);
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    let number = match text.as_bytes()[0] {
        b'.' => is_float(text).then(|| float(text)).flatten(),
        b'0'..=b'9' | b'+' | b'-' => number(text),
        _ => None,
    };
    number.unwrap_or(Value::Str(Cow::Borrowed(text)))
}

/// A text that starts with a digit or a sign, underscores ignored.
fn number(text: &str) -> Option<Value<'static>> {
    let plain: Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    if let Some(int) = integer(&plain) {
        return Some(Value::Int(int));
    }
    if is_float(&plain) { float(&plain) } else { None }
}

/// Go's `strconv.ParseInt(text, 0, 64)` and `ParseUint`, plus `0b` with a sign as go-yaml reads it.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|b| char::from(b).is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -value } else { value };
    (value >= i128::from(i64::MIN) && value <= i128::from(u64::MAX)).then_some(value)
}

/// `[-+]?(\.d+|d+(\.d*)?)([eE][-+]?d+)?`
fn is_float(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        None => digits(mantissa),
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
    };
    mantissa_ok && exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
}

/// The number, unless it overflows: then go-yaml keeps the text.
fn float(text: &str) -> Option<Value<'static>> {
    text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Value::Float)
}

/// Whether go-yaml v3 takes a plain scalar for something else than text, where v2 does not: a timestamp.
pub fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Formats of go-yaml v3: 2006-1-2, and with T, t or a blank and a time.
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return false;
    }
    let mut parts = text[5..].splitn(2, '-');
    let (Some(month), Some(rest)) = (parts.next(), parts.next()) else { return false };
    let two = |s: &str| (1..=2).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    let day_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (day, time) = rest.split_at(day_end);
    if !two(month) || !two(day) {
        return false;
    }
    time.is_empty() || (time.starts_with(['T', 't', ' ']) && time.contains(':'))
}

/// Whether a text is a number to the base 60 (YAML 1.1), which some readers still know.
pub fn is_base_60(text: &str) -> bool {
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or("");
    let first = first.strip_prefix(['-', '+']).unwrap_or(first);
    let mut rest = parts.peekable();
    rest.peek().is_some()
        && !first.is_empty()
        && first.bytes().all(|b| b.is_ascii_digit())
        && rest.all(|part| {
            let (part, fraction) = part.split_once('.').unwrap_or((part, ""));
            matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
                && fraction.bytes().all(|b| b.is_ascii_digit())
        })
}

/// The JSON key that go-yaml v2 makes of a plain key; `None` where it cannot become one.
pub fn v2_key(text: &str) -> Option<Cow<'_, str>> {
    match v2(text) {
        Value::Null => None,
        Value::Bool(value) => Some(if value { "true".into() } else { "false".into() }),
        Value::Int(value) => Some(value.to_string().into()),
        Value::Float(value) if value.is_finite() => Some(value.to_string().into()),
        Value::Float(_) => None,
        Value::Str(text) => Some(text),
    }
}

/// Whether a new value may be written plain without a reader taking it for something else than text.
pub fn is_text_for_all(text: &str) -> bool {
    matches!(v2(text), Value::Str(_))
        && !is_timestamp(text)
        && !is_base_60(text)
        && text != "<<"
        && text != "="
        // Readers that know only other casings or looser numbers.
        && !text.eq_ignore_ascii_case("true")
        && !text.eq_ignore_ascii_case("false")
        && !text.eq_ignore_ascii_case("null")
        && text.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_resolve_as_go_yaml_v2_resolves_them() {
        for (text, value) in [
            ("0644", 420),
            ("08", 8),
            ("1_000", 1000),
            ("0b11", 3),
            ("0o17", 15),
            ("-0x1F", -31),
            ("+1", 1),
            ("0O17", 15),
            ("1_", 1),
            ("0x_1", 1),
            ("012", 10),
            ("-0", 0),
        ] {
            match v2(text) {
                Value::Int(int) => assert_eq!(int, value, "{text}"),
                Value::Float(float) => assert_eq!(float, value as f64, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        for (text, value) in [
            ("09.5", 9.5),
            ("0644.5", 644.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("1e1_0", 1e10),
            ("18446744073709551616", 18446744073709551616.0),
        ] {
            assert_eq!(v2(text), Value::Float(value), "{text}");
        }
        for text in ["yes", "Y", "on", "True"] {
            assert_eq!(v2(text), Value::Bool(true), "{text}");
        }
        for text in ["Off", "n", "N", "NO"] {
            assert_eq!(v2(text), Value::Bool(false), "{text}");
        }
        for text in [
            "yEs",
            "oN",
            "tRue",
            "nULL",
            "NaN",
            "0b12",
            "0o18",
            "1e",
            "1.2.3",
            "_1",
            "1Gi",
            "500m",
            "--",
            "..",
            "=",
            "1e309",
            "1:30",
            "0x",
            "e3",
            "._1",
            ".1_",
            "Inf",
            "0x1p4",
            "2001-01-01",
            "-",
            "+",
        ] {
            assert_eq!(v2(text), Value::Str(text.into()), "{text}");
        }
    }

    #[test]
    fn keys_become_the_text_that_json_needs() {
        for (key, json) in
            [("80", "80"), ("0644", "420"), ("1.5", "1.5"), ("1e3", "1000"), ("on", "true"), ("y", "true")]
        {
            assert_eq!(v2_key(key).as_deref(), Some(json));
        }
        assert_eq!(v2_key("~"), None);
    }

    #[test]
    fn timestamps_and_base_60_are_known() {
        for text in ["2001-01-01", "2021-1-1", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43"] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in ["2001-01", "v2001-01-01", "2001-01-01-01", "12345678"] {
            assert!(!is_timestamp(text), "{text}");
        }
        assert!(is_base_60("1:30") && is_base_60("190:20:30"));
        assert!(is_base_60("1:30.5") && !is_base_60("2:50.(\nx"));
        assert!(!is_base_60("a:30") && !is_base_60("1:90") && !is_base_60("80"));
    }
}
