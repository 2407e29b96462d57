//! Schedules of periodics, as the parser that Lighthouse uses takes them: five fields, six with seconds, or `@daily` and
//! the like. They are checked, never waited for.

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DESCRIPTORS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Checks a schedule.
///
/// # Errors
/// What cannot be read.
pub(super) fn verify(schedule: &str) -> Result<(), String> {
    let schedule = match schedule.strip_prefix("TZ=") {
        Some(rest) => rest.split_once(' ').ok_or("there is nothing after the time zone")?.1.trim_start(),
        None => schedule,
    };
    if schedule.starts_with('@') {
        if DESCRIPTORS.contains(&schedule) {
            return Ok(());
        }
        let duration = schedule.strip_prefix("@every ").ok_or_else(|| format!("there is no {schedule}"))?;
        return if is_duration(duration) {
            Ok(())
        } else {
            Err(format!("`{duration}` is not a duration, such as 1h30m"))
        };
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let bounds: [(&str, u32, u32, &[&str]); 6] = [
        ("second", 0, 59, &[]),
        ("minute", 0, 59, &[]),
        ("hour", 0, 23, &[]),
        ("day of the month", 1, 31, &[]),
        ("month", 1, 12, &MONTHS),
        ("day of the week", 0, 6, &DAYS),
    ];
    let skipped = match fields.len() {
        5 => 1,
        6 => 0,
        count => return Err(format!("it has {count} fields, not 5 or 6")),
    };
    for (field, (what, low, high, names)) in fields.iter().zip(&bounds[skipped..]) {
        for part in field.split(',') {
            part_of(part, *low, *high, names).map_err(|message| format!("{what}: {message}"))?;
        }
    }
    Ok(())
}

/// `*`, `n` or `n-m`, each with an optional `/step`.
fn part_of(part: &str, low: u32, high: u32, names: &[&str]) -> Result<(), String> {
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    if step.is_some_and(|step| !step.parse::<u32>().is_ok_and(|step| step > 0)) {
        return Err(format!("`{part}` has no step"));
    }
    if range == "*" || range == "?" {
        return Ok(());
    }
    let value = |text: &str| {
        let name = names.iter().position(|name| text.eq_ignore_ascii_case(name));
        let value = name.and_then(|at| u32::try_from(at).ok()).map(|at| at + low).or_else(|| text.parse().ok());
        value.filter(|value| (low..=high).contains(value)).ok_or_else(|| format!("`{text}` is not {low} to {high}"))
    };
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    let (from, to) = (value(from)?, value(to)?);
    if from > to { Err(format!("`{range}` ends before it starts")) } else { Ok(()) }
}

/// A duration of Go: numbers, each with its unit.
fn is_duration(text: &str) -> bool {
    let mut rest = text.trim().strip_prefix(['+', '-']).unwrap_or(text.trim());
    let mut parts = 0;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let unit = ["ns", "us", "µs", "ms", "s", "m", "h"].into_iter().filter(|unit| rest[number..].starts_with(unit));
        let Some(unit) = unit.max_by_key(|unit| unit.len()) else { return false };
        if rest[..number].parse::<f64>().is_err() {
            return false;
        }
        parts += 1;
        rest = &rest[number + unit.len()..];
    }
    parts > 0
}

#[cfg(test)]
mod tests {
    use super::verify;

    #[test]
    fn schedules() {
        for good in
            ["0 1 * * *", "*/5 0-6/2 1,15 jan-MAR mon", "30 0 1 * * ?", "@daily", "@every 1h30m", "TZ=UTC 0 0 * * *"]
        {
            assert_eq!(verify(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "* * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "5-1 * * * *",
            "*/0 * * * *",
            "@often",
            "@every soon",
            "@every",
            "x * * * *",
            "TZ=UTC",
        ] {
            assert!(verify(bad).is_err(), "{bad}");
        }
    }
}
