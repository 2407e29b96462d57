//! Baselines: findings that a repository has and accepts, so that only new ones count.

use super::finding::Finding;
use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

/// Findings that are known and accepted: how often each is there, by rule, file and message. Lines may move.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<(String, String, String), usize>);

impl Baseline {
    /// A baseline that accepts these findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Baseline {
        let mut known = BTreeMap::new();
        for finding in findings {
            *known.entry(key(finding)).or_insert(0) += 1;
        }
        Baseline(known)
    }

    /// Reads what [`Baseline::render`] has written.
    ///
    /// # Errors
    /// It is something else.
    pub fn read(file: &str, text: &[u8]) -> Result<Baseline> {
        let error = |reason: String| {
            let error = Error::new(ErrorKind::Usage, format!("{file} is not a baseline of vet: {reason}"));
            error.with_hint("`kfleet vet --write-baseline FILE` writes one")
        };
        let value: serde_json::Value = serde_json::from_slice(text).map_err(|cause| error(cause.to_string()))?;
        let findings = value["findings"].as_array().ok_or_else(|| error("it has no `findings`".to_owned()))?;
        let mut known = BTreeMap::new();
        for (number, finding) in findings.iter().enumerate() {
            let text = |field: &str| finding[field].as_str().map(str::to_owned);
            let (Some(id), Some(file), Some(message)) = (text("id"), text("file"), text("message")) else {
                return Err(error(format!("finding {} has no id, file and message", number + 1)));
            };
            let count = finding["count"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
            *known.entry((id, file, message)).or_insert(0) += count;
        }
        Ok(Baseline(known))
    }

    /// The text of a baseline, in order, so that it changes in git only where findings do.
    pub fn render(&self) -> String {
        let findings = self.0.iter().map(|((id, file, message), count)| {
            serde_json::json!({"id": id, "file": file, "message": message, "count": count})
        });
        let findings: Vec<serde_json::Value> = findings.collect();
        let value =
            serde_json::json!({"apiVersion": "kfleet.dev/v1alpha1", "kind": "VetBaseline", "findings": findings});
        format!("{value:#}\n")
    }

    /// Takes the accepted findings out. Returns how many they were, and how many of the baseline were not there any more.
    pub fn apply(&self, findings: &mut Vec<Finding>) -> (usize, usize) {
        let mut open = self.0.clone();
        let before = findings.len();
        findings.retain(|finding| match open.get_mut(&key(finding)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        });
        (before - findings.len(), open.values().sum())
    }
}

fn key(finding: &Finding) -> (String, String, String) {
    (finding.rule.id.to_owned(), finding.location.file.clone(), finding.message.clone())
}
