//! The message of a commit that moves pins: what people read in the log, and lines for programs at its end.

use super::candidate::Reason;
use super::plan::Plan;
use super::promotion::Promotion;
use crate::text::short;
use std::fmt::Write as _;

impl Plan {
    /// What becomes of the clusters whose pins move.
    pub(super) fn moved(&self) -> Vec<&Promotion> {
        self.promotions.iter().filter(|promotion| promotion.changes()).collect()
    }

    /// Whether clusters go back: to a pin that they had, or to an older commit that was named.
    pub(super) fn is_rollback(&self) -> bool {
        match &self.candidate.reason {
            Reason::Previous(_) => true,
            Reason::Named => self.moved().iter().all(|promotion| promotion.is_older),
            Reason::Pinned(_) | Reason::Newest { .. } => false,
        }
    }

    /// `Promote staging to production`, what moves, and a trailer for each pin: `Kfleet-Pin: CLUSTER OLD NEW`. One
    /// addon alone is named: `Promote web of staging to production`, `Kfleet-Pin: CLUSTER/ADDON OLD NEW`. A commit that does
    /// not come from a cluster is named: `Pin production to 3858eb6d0c1f`, `Roll production back to 3858eb6d0c1f`.
    pub fn message(&self) -> String {
        let moved = self.moved();
        let names: Vec<&str> = moved.iter().map(|promotion| promotion.cluster.as_str()).collect();
        let to = match &names[..] {
            [first, second, third, rest @ ..] if !rest.is_empty() => {
                format!("{first}, {second}, {third} and {} more", rest.len())
            }
            names => names.join(", "),
        };
        let what = self.addon.as_ref().map_or(String::new(), |addon| format!("{addon} of "));
        let commit = short(&self.candidate.commit.commit);
        let mut text = match self.candidate.source() {
            Some(source) => format!("Promote {what}{source} to {to}"),
            None if self.is_rollback() => format!("Roll {what}{to} back to {commit}"),
            None => format!("Pin {what}{to} to {commit}"),
        };
        text += "\n\n";
        for promotion in &moved {
            let from = promotion.from.as_deref().map_or("no sync", short);
            let commits = match promotion.commits {
                Some(1) => " (1 commit)".to_owned(),
                Some(commits) => format!(" ({commits} commits)"),
                None => String::new(),
            };
            // Writing to a String cannot fail.
            let split = if promotion.is_split { ", with a sync of its own from now on" } else { "" };
            let _ = writeln!(text, "{}: {from} -> {}{commits}{split}", promotion.cluster, short(&promotion.to));
        }
        text.push('\n');
        if let Some(source) = self.candidate.source() {
            let _ = writeln!(text, "Kfleet-Source: {source}");
        }
        let addon = self.addon.as_ref().map_or(String::new(), |addon| format!("/{addon}"));
        for promotion in &moved {
            let from = promotion.from.as_deref().unwrap_or("none").replace(' ', "/");
            let _ = writeln!(text, "Kfleet-Pin: {}{addon} {from} {}", promotion.cluster, promotion.to);
        }
        text
    }
}
