//! [`StepSettings`]: what a step's git must be given so that it meets the throwaway remote and not the real one.

/// What the name of a repository may go on with.
const IN_NAMES: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+%";

/// How git of a step is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepSettings {
    /// The URL of the throwaway remote, as a step sees it.
    pub remote: String,
    /// Every way to write the URL of the real one.
    pub replaced: Vec<String>,
}

impl StepSettings {
    /// For a remote at this URL in the place of the real one, if there is a real one.
    pub fn new(remote: impl Into<String>, real: Option<&str>) -> StepSettings {
        StepSettings { remote: remote.into(), replaced: real.map(spellings).unwrap_or_default() }
    }

    /// Variables for a step: they count more than all files of settings, so they hold nothing that a step may want to
    /// set itself.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut settings = vec![("safe.directory".to_owned(), "*".to_owned())];
        let name = format!("url.{}.insteadOf", self.remote);
        settings.extend(self.replaced.iter().map(|spelling| (name.clone(), spelling.clone())));
        let mut variables = vec![
            ("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned()),
            ("GIT_CONFIG_COUNT".to_owned(), settings.len().to_string()),
        ];
        for (index, (key, value)) in settings.into_iter().enumerate() {
            variables.push((format!("GIT_CONFIG_KEY_{index}"), key));
            variables.push((format!("GIT_CONFIG_VALUE_{index}"), value));
        }
        variables
    }

    /// A file of settings for `/etc/gitconfig` or `GIT_CONFIG_SYSTEM`, over which everything else counts: who commits
    /// where nobody else is named, what [`StepSettings::environment`] has, for git before 2.31, and which repositories are
    /// others: git compares beginnings, so `fleet` would stand for `fleet-docs` too, but the longest beginning wins.
    pub fn file(&self) -> String {
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let mut text = String::from("[user]\n\tname = kfleet\n\temail = kfleet@localhost\n[safe]\n\tdirectory = *\n");
        // A job checks out commits all the time.
        text.push_str("[advice]\n\tdetachedHead = false\n");
        text.push_str(&format!("[url {}]\n", quoted(&self.remote)));
        for spelling in &self.replaced {
            text.push_str(&format!("\tinsteadOf = {}\n", quoted(spelling)));
        }
        for other in
            self.replaced.iter().flat_map(|spelling| IN_NAMES.chars().map(move |next| format!("{spelling}{next}")))
        {
            text.push_str(&format!("[url {0}]\n\tinsteadOf = {0}\n", quoted(&other)));
        }
        text
    }
}

/// The ways to write a repository's URL: https and ssh, with and without `.git`.
fn spellings(url: &str) -> Vec<String> {
    let bare = |path: &str| path.trim_end_matches('/').trim_end_matches(".git").to_owned();
    let mut found = vec![url.trim_end_matches('/').to_owned(), bare(url)];
    let server = match url.split_once("://") {
        Some(("file", _)) => None,
        Some((scheme, rest)) => rest.split_once('/').map(|(authority, path)| (scheme, authority, path)),
        None if url.starts_with('/') => None,
        None => url.split_once(':').map(|(authority, path)| ("ssh", authority, path)),
    };
    if let Some((scheme, authority, path)) = server {
        let (user, host) = authority.rsplit_once('@').unwrap_or(("git", authority));
        let user = if scheme.eq_ignore_ascii_case("ssh") { user } else { "git" };
        // The port of one protocol says nothing about that of another.
        let name = host.split(':').next().unwrap_or(host);
        let path = bare(path.trim_start_matches('/'));
        for ending in [".git", ""] {
            found.push(format!("https://{name}/{path}{ending}"));
            found.push(format!("ssh://{user}@{name}/{path}{ending}"));
            found.push(format!("{user}@{name}:{path}{ending}"));
        }
    }
    found.retain(|spelling| !spelling.is_empty());
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|spelling| seen.insert(spelling.clone()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_leads_to_the_throwaway_remote() {
        let settings = StepSettings::new("file:///kfleet/remote.git", Some("https://h.example/acme/fleet.git"));
        for spelling in [
            "https://h.example/acme/fleet",
            "https://h.example/acme/fleet.git",
            "git@h.example:acme/fleet.git",
            "ssh://git@h.example/acme/fleet",
        ] {
            assert!(settings.replaced.iter().any(|known| known == spelling), "{spelling}");
        }
        let environment = settings.environment();
        let count = environment.iter().find(|(name, _)| name == "GIT_CONFIG_COUNT").unwrap();
        assert_eq!(count.1, (settings.replaced.len() + 1).to_string());
        assert!(spellings("git@h:a/b").contains(&"https://h/a/b.git".to_owned()));
        assert_eq!(spellings("/srv/a.git"), ["/srv/a.git", "/srv/a"]);
        assert!(settings.file().contains("insteadOf = \"https://h.example/acme/fleet\""));
        assert!(StepSettings::new("file:///r", None).replaced.is_empty());
    }
}
