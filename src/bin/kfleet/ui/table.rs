//! Tables for people: columns as wide as their widest cell.

use crate::ui::Ui;
use kfleet::error::Error;

/// Prints a table. The last column is not padded.
pub(crate) fn show(head: &[&str], rows: &[Vec<String>], ui: &Ui) -> Result<(), Error> {
    let widths: Vec<usize> = (0..head.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(head[column].len()))
        .collect();
    let line = |cells: &[&str]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    ui.line(&line(head))?;
    rows.iter().try_for_each(|row| ui.line(&line(&row.iter().map(String::as_str).collect::<Vec<_>>())))
}

/// A time in seconds since 1970, as people write it, in UTC.
pub(crate) fn date(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or("-".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

/// A time in seconds since 1970, for programs: `2026-11-30T12:00:00Z`.
pub(crate) fn rfc3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or(String::new(), |time| time.to_string())
}

/// How long ago something was, in its biggest unit: `3d`.
pub(crate) fn age(since: i64, now: i64) -> String {
    let seconds = (now - since).max(0);
    let units = [("y", 365 * 86_400), ("d", 86_400), ("h", 3_600), ("m", 60)];
    let unit = units.into_iter().find(|(_, length)| seconds >= *length);
    unit.map_or(format!("{seconds}s"), |(name, length)| format!("{}{name}", seconds / length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_unit() {
        for (seconds, expected) in
            [(-5, "0s"), (59, "59s"), (60, "1m"), (7_300, "2h"), (86_400 * 40, "40d"), (86_400 * 800, "2y")]
        {
            assert_eq!(age(1_000_000_000, 1_000_000_000 + seconds), expected);
        }
        assert_eq!(date(0), "1970-01-01 00:00");
    }
}
