//! Who may start jobs. Lighthouse asks the server; offline, `author_association` and the caller answer.

use super::context::Context;
use super::event::{Pull, TriggerEvent, User};

/// How far whoever causes an event is trusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trust {
    /// As far as the user who runs kfleet.
    #[default]
    Trusted,
    /// Not at all: what they cause gets no secrets and no credentials, and is confined.
    Untrusted,
}

impl Trust {
    /// Whether nothing is to be entrusted.
    pub fn is_untrusted(self) -> bool {
        self == Trust::Untrusted
    }
}

/// Whether the jobs of an event may be looked at: why it is trusted, or why not.
pub(super) fn decide(event: &TriggerEvent, context: &Context) -> Result<String, String> {
    match event {
        TriggerEvent::PullRequest { action, label, pull, .. } => match action.as_str() {
            // Lighthouse builds what it does not trust once when someone else finds it good.
            "labeled" if label.as_deref() == Some("lgtm") => match of_pull(pull, context) {
                Ok(_) => Err("label lgtm starts jobs of untrusted pull requests only".to_owned()),
                Err(_) => Ok("label lgtm on an untrusted pull request".to_owned()),
            },
            "opened" if context.skip_drafts && pull.is_draft => Err("drafts are skipped".to_owned()),
            "opened" => of_user(&pull.author, context),
            _ => of_pull(pull, context),
        },
        TriggerEvent::Comment { author, pull, .. } => of_user(author, context).or_else(|why| match pull {
            Some(pull) => of_pull(pull, context).map_err(|and| format!("{why}; {and}")),
            None => Err(why),
        }),
        _ => Ok(String::new()),
    }
}

fn of_user(user: &User, context: &Context) -> Result<String, String> {
    if user.is_local {
        return Ok("you start it".to_owned());
    }
    let login = user.login.trim_end_matches("[bot]");
    if context.trust {
        return Ok("trusted by --trust".to_owned());
    }
    if context.trusted_users.iter().any(|known| known.trim_end_matches("[bot]").eq_ignore_ascii_case(login)) {
        return Ok(format!("{login} is listed as trusted"));
    }
    match user.association.to_ascii_uppercase().as_str() {
        "COLLABORATOR" if context.only_org_members => Err(format!("{login} is not a member of the organisation")),
        known @ ("OWNER" | "MEMBER" | "COLLABORATOR") => Ok(format!("{login} is trusted ({known})")),
        "" => Err(format!("it is not known if {login} is trusted: say so with --trust")),
        other => Err(format!("{login} is not trusted ({})", crate::text::plain(other))),
    }
}

fn of_pull(pull: &Pull, context: &Context) -> Result<String, String> {
    if pull.labels.iter().any(|label| label == "ok-to-test") {
        return Ok("label ok-to-test".to_owned());
    }
    if context.skip_drafts && pull.is_draft {
        return Err("drafts are skipped".to_owned());
    }
    of_user(&pull.author, context)
}
