//! A pull request that moves pins: the name of its branch, its title, and its text, which is the report of the promotion in
//! Markdown. What comes from commits and files stands in code spans: there it mentions nobody and closes no issue.

use super::plan::Plan;
use crate::publish::Change;
use crate::text::{plain, short, shortened};
use std::fmt::Write as _;

/// How many rows of the table, and how many commits, are listed. No provider takes a text of any length.
const ROWS: usize = 200;
const COMMITS: usize = 50;

/// No further list of commits begins after this byte: GitHub takes 65536 characters.
const LENGTH: usize = 40_000;

/// How many characters of a cluster's name the branch takes.
const NAME: usize = 60;

impl Plan {
    /// The change of the repository, with what is said of it.
    pub fn change(&self) -> Change {
        Change {
            files: self.files(),
            message: self.message(),
            title: self.title(),
            body: self.description(),
            branch: self.branch_name(),
        }
    }

    /// A name for the branch that shows what it does: the same for the same promotion.
    fn branch_name(&self) -> String {
        let moved = self.moved();
        let verb = match self.candidate.source() {
            Some(_) => "promote",
            None if self.is_rollback() => "rollback",
            None => "pin",
        };
        let first = moved.first().map_or("", |promotion| promotion.cluster.as_str());
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let named = |name: &str| -> String {
            name.chars().map(|letter| if is_plain(letter) { letter } else { '-' }).take(NAME).collect()
        };
        let first = named(first);
        let more = if moved.len() > 1 { format!("-and-{}-more", moved.len() - 1) } else { String::new() };
        let what = self.addon.as_ref().map_or(String::new(), |addon| format!("{}-of-", named(addon)));
        format!("{verb}-{what}{first}{more}-{}", short(&self.candidate.commit.commit))
    }

    /// The first line of the commit's message.
    fn title(&self) -> String {
        shortened(&plain(self.message().lines().next().unwrap_or_default()))
    }

    /// The report in Markdown.
    fn description(&self) -> String {
        let moved = self.moved();
        let commit = &self.candidate.commit;
        let (new, subject) = (code(short(&commit.commit)), code(&commit.subject));
        let from = self.candidate.source().map_or(String::new(), |source| format!(" from {}", code(source)));
        let mut text = format!("Commit {new} ({subject}){from}.\n\n");
        text += "| Cluster | Old pin | New pin | Commits between | Files of its flavour |\n";
        text += "| --- | --- | --- | ---: | ---: |\n";
        // Writing to a String cannot fail.
        for promotion in moved.iter().take(ROWS) {
            let old = promotion.from.as_deref().map_or_else(|| "no sync".to_owned(), |from| code(short(from)));
            let commits = match promotion.commits {
                Some(commits) if promotion.is_older => format!("{commits} back"),
                Some(commits) => commits.to_string(),
                None => String::new(),
            };
            let (cluster, new) = (code(&promotion.cluster), code(short(&promotion.to)));
            let files = promotion.changed_files.as_ref().map_or("-".to_owned(), |files| files.len().to_string());
            let _ = writeln!(text, "| {cluster} | {old} | {new} | {commits} | {files} |");
        }
        if moved.len() > ROWS {
            let _ = writeln!(text, "\nAnd {} clusters more.", moved.len() - ROWS);
        }
        for (position, promotion) in moved.iter().enumerate() {
            let is_told = moved[..position].iter().any(|earlier| earlier.from == promotion.from);
            if is_told || promotion.between.is_empty() || text.len() > LENGTH {
                continue;
            }
            let from = code(short(promotion.from.as_deref().unwrap_or_default()));
            let _ = match promotion.is_older {
                true => writeln!(text, "\nCommits that {from} has and {new} does not have:\n"),
                false => writeln!(text, "\nCommits since {from}:\n"),
            };
            for commit in promotion.between.iter().take(COMMITS) {
                let _ = writeln!(text, "- {} {}", code(short(&commit.commit)), code(&commit.subject));
            }
            let shown = promotion.between.len().min(COMMITS);
            if let Some(more) = promotion.commits.filter(|commits| *commits > shown) {
                let _ = writeln!(text, "- and {} more", more - shown);
            }
        }
        text
    }
}

/// A code span that holds nothing but a text, also in a table.
fn code(text: &str) -> String {
    let text = shortened(&plain(text)).replace('`', "'").replace('|', "/");
    if text.trim().is_empty() { "-".to_owned() } else { format!("`{}`", text.trim()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_have_written_does_nothing() {
        for (text, expected) in
            [("Closes #1, @all", "`Closes #1, @all`"), ("a`b|<img>\u{1b}[31m\n", "`a'b/<img>`"), (" ", "-")]
        {
            assert_eq!(code(text), expected);
        }
    }
}
