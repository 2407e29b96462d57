//! What a program has left: its status and what it printed, and how that is shown to people.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::error::{Error, ErrorKind, Result};
use crate::text::{masked, plain, shortened};

/// How many of a program's last lines an error repeats.
const SHOWN_LINES: usize = 5;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// By itself, with this code; 0 is success.
    Code(i32),
    Signal(i32),
}

impl From<ExitStatus> for Status {
    fn from(status: ExitStatus) -> Self {
        match status.code() {
            Some(code) => Status::Code(code),
            None => Status::Signal(status.signal().unwrap_or_default()),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Code(code) => write!(f, "exit code {code}"),
            Status::Signal(signal) => write!(f, "ended by signal {signal}"),
        }
    }
}

/// A program that has ended, however it ended.
#[derive(Clone)]
pub struct Output {
    pub status: Status,
    /// What it printed, byte for byte.
    pub stdout: Vec<u8>,
    /// The end of what it said. Show [`Output::complaint`] instead.
    pub stderr: Vec<u8>,
    pub(super) label: String,
    pub(super) secrets: Vec<String>,
}

impl Output {
    /// Whether the status is 0.
    pub fn is_success(&self) -> bool {
        self.status == Status::Code(0)
    }

    /// The output of a program that has succeeded.
    ///
    /// # Errors
    /// It has not ([`ErrorKind::Failed`]): the error has the status and the complaint.
    pub fn successful(self) -> Result<Output> {
        if self.is_success() {
            return Ok(self);
        }
        let complaint = self.complaint();
        let reason = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
        Err(Error::new(ErrorKind::Failed, format!("{} failed ({}){reason}", self.label, self.status)))
    }

    /// The lines that the program said on stderr, as people may see them.
    pub fn lines(&self) -> Vec<String> {
        self.shown(&self.stderr)
    }

    /// The lines that the program printed on stdout, as people may see them.
    pub fn printed_lines(&self) -> Vec<String> {
        self.shown(&self.stdout)
    }

    /// The lines of a text without control characters, empty lines and repetitions, secrets masked.
    fn shown(&self, text: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(text);
        let mut lines: Vec<String> = Vec::new();
        for line in text.split('\n') {
            // A progress line overwrites itself.
            let line = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
            let line = plain(line);
            let line = line.trim();
            if !line.is_empty() && lines.last().is_none_or(|last| last != line) {
                lines.push(line.to_owned());
            }
        }
        lines.iter().map(|line| masked(line, &self.secrets)).collect()
    }

    /// The last of these lines, on one line, joined by `; `. Long ones are cut.
    pub fn complaint(&self) -> String {
        let mut lines = self.lines();
        let last = lines.split_off(lines.len().saturating_sub(SHOWN_LINES));
        last.iter().map(|line| shortened(line)).collect::<Vec<_>>().join("; ")
    }
}

/// What was printed may hold secrets.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("status", &self.status)
            .field("stdout", &format_args!("{} bytes", self.stdout.len()))
            .field("stderr", &self.complaint())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(stderr: &str, secrets: &[&str]) -> Output {
        Output {
            status: Status::Code(3),
            stdout: Vec::new(),
            stderr: stderr.into(),
            label: "tool".to_owned(),
            secrets: secrets.iter().map(|secret| (*secret).to_owned()).collect(),
        }
    }

    #[test]
    fn complaints_are_the_last_lines_in_plain_text() {
        assert_eq!(said("1\n2\n3\n\n4\n5\n5\n6\n", &[]).complaint(), "2; 3; 4; 5; 6");
        assert_eq!(
            said("10%\r99%\rdone\r\n\u{1b}[31mred\u{1b}[0m\x07\u{202e}\u{1b}]0;t\n", &[]).complaint(),
            "done; red]0;t"
        );
        assert_eq!(said(&"x".repeat(400), &[]).complaint(), format!("{}..", "x".repeat(300)));
    }

    #[test]
    fn secrets_are_masked_even_where_one_holds_another_or_is_cut() {
        let long = format!("{}pass-word", "x".repeat(295));
        for stderr in ["no pass-word for you", &long] {
            let output = said(stderr, &["pass", "pass-word", ""]);
            let error = output.clone().successful().expect_err("it failed");
            let all = format!("{} {output:?} {error} {error:?}", output.complaint());
            assert!(!all.contains("pass"), "{all}");
        }
        let error = said("no pass-word for you", &["pass", "pass-word"]).successful().expect_err("it failed");
        assert_eq!(error.to_string(), "tool failed (exit code 3): no *** for you");
    }
}
