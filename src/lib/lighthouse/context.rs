//! [`Context`]: what the installation and the caller say of an event, beside what the event says itself.

use std::collections::BTreeSet;

/// What decides besides the event.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Everyone is trusted.
    pub trust: bool,
    /// Who is trusted besides those who are by their association: the bot, listed apps.
    pub trusted_users: Vec<String>,
    /// Collaborators who are not members are not trusted.
    pub only_org_members: bool,
    /// Whether drafts start nothing.
    pub skip_drafts: bool,
    /// One more command that the installation knows, without its slash.
    pub command: Option<String>,
    /// The commit statuses that failed.
    pub failed_contexts: BTreeSet<String>,
    /// The commit statuses that did not fail.
    pub other_contexts: BTreeSet<String>,
    /// `BUILD_ID`: milliseconds since 1970.
    pub build_id: String,
}
