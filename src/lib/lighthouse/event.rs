//! [`Event`]: what happened in a repository, from a saved webhook ([`super::webhook`]) or from what the caller found.

/// What happened, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The repository; for a pull request, that which it goes to.
    pub repository: Repository,
    pub trigger: TriggerEvent,
    /// The delivery's id, where there is one.
    pub guid: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Repository {
    /// Owner or organisation.
    pub owner: String,
    pub name: String,
    /// What clones it.
    pub clone_url: String,
    /// Its page.
    pub link: String,
    /// The branch that periodics run on where they name none.
    pub default_branch: String,
}

impl Repository {
    /// `owner/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum TriggerEvent {
    /// Something about a pull request.
    PullRequest {
        /// `opened`, `synchronize`, `labeled` and so on.
        action: String,
        /// Whether an edit changed the base.
        base_changed: bool,
        /// The label that was put on it or taken from it.
        label: Option<String>,
        /// The pull request as it is now.
        pull: Pull,
    },
    /// A comment, or a comment of a review.
    Comment {
        /// `created`, `edited`, `deleted`; of reviews `submitted`.
        action: String,
        body: String,
        author: User,
        /// What it is about; `None` is an issue.
        pull: Option<Pull>,
    },
    /// Commits or a tag.
    Push {
        /// The full ref.
        reference: String,
        after: String,
        deleted: bool,
        /// All paths that the commits add, remove or change; `None`: not known.
        files: Option<Vec<String>>,
    },
    /// The state of a deployment.
    DeploymentStatus {
        /// Its state, such as `success`.
        state: String,
        /// Where it was deployed to.
        environment: String,
        reference: String,
        sha: String,
    },
    /// The time of a periodic has come.
    Periodic { name: String },
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct User {
    pub login: String,
    /// GitHub's `author_association`; empty where it is not known.
    pub association: String,
    /// Whether this is who runs kfleet, in a clone of their own; nothing that was saved says so.
    pub is_local: bool,
}

/// A pull request. What is not known is empty: a comment knows neither base nor head.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    pub author: User,
    pub is_open: bool,
    pub is_draft: bool,
    pub labels: Vec<String>,
    /// The branch that it goes to.
    pub base_ref: String,
    /// The tip of that.
    pub base_sha: String,
    pub head_ref: String,
    pub head_sha: String,
    /// Where its branch is.
    pub head_repository: HeadRepository,
    /// The new paths of what differs from the merge base; `None`: not known.
    pub files: Option<Vec<String>>,
}

/// Where the branch of a pull request is.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum HeadRepository {
    /// In the repository that it goes to.
    Same,
    /// In another one, by its full name, which is empty where that was deleted.
    Fork(String),
    /// Not known.
    #[default]
    Unknown,
}

impl Event {
    /// Its name at GitHub, or `periodic`.
    pub fn name(&self) -> &'static str {
        match self.trigger {
            TriggerEvent::PullRequest { .. } => "pull_request",
            TriggerEvent::Comment { .. } => "issue_comment",
            TriggerEvent::Push { .. } => "push",
            TriggerEvent::DeploymentStatus { .. } => "deployment_status",
            TriggerEvent::Periodic { .. } => "periodic",
        }
    }

    /// The pull request that it is about.
    pub fn pull(&self) -> Option<&Pull> {
        match &self.trigger {
            TriggerEvent::PullRequest { pull, .. } => Some(pull),
            TriggerEvent::Comment { pull, .. } => pull.as_ref(),
            _ => None,
        }
    }

    /// As [`Event::pull`], to fill in what the clone knows.
    pub fn pull_mut(&mut self) -> Option<&mut Pull> {
        match &mut self.trigger {
            TriggerEvent::PullRequest { pull, .. } => Some(pull),
            TriggerEvent::Comment { pull, .. } => pull.as_mut(),
            _ => None,
        }
    }

    pub fn set_files(&mut self, changed: Vec<String>) {
        if let Some(pull) = self.pull_mut() {
            pull.files = Some(changed);
        } else if let TriggerEvent::Push { files, .. } = &mut self.trigger {
            *files = Some(changed);
        }
    }

    /// What the event does not say and a run needs: `base branch`, `base commit`, `head commit`.
    pub fn missing(&self) -> Vec<&'static str> {
        let Some(pull) = self.pull() else { return Vec::new() };
        let fields =
            [("base branch", &pull.base_ref), ("base commit", &pull.base_sha), ("head commit", &pull.head_sha)];
        fields.into_iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| name).collect()
    }

    /// Why what it starts is not trusted, whoever asked for it: the commits are not of this repository.
    pub fn untrusted(&self) -> Option<String> {
        match &self.pull()?.head_repository {
            HeadRepository::Same => None,
            HeadRepository::Fork(name) if name.is_empty() => Some("the head repository was deleted".to_owned()),
            HeadRepository::Fork(name) => Some(format!("the head is in the fork {name}")),
            HeadRepository::Unknown => Some("the head repository is not known".to_owned()),
        }
    }
}

/// The name of a branch or tag, and whether it is a tag.
pub fn short_ref(reference: &str) -> (&str, bool) {
    match reference.strip_prefix("refs/tags/") {
        Some(tag) => (tag, true),
        None => (reference.strip_prefix("refs/heads/").unwrap_or(reference), false),
    }
}
