//! [`Environment`]: variables as a value. The caller reads them, once; a program gets those that it needs.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// Variables by name. Their values may be secrets and are never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.0.get(name.as_ref()).map(OsString::as_os_str)
    }

    /// One variable as text, in which what is not UTF-8 is replaced.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.to_string_lossy().into_owned())
    }

    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }

    /// Those variables whose names `wanted` has; a name that ends in `*` stands for all that begin with it.
    #[must_use]
    pub fn only(&self, wanted: &[&str]) -> Environment {
        let is_wanted = |name: &OsStr| {
            wanted.iter().any(|wanted| match wanted.strip_suffix('*') {
                Some(start) => name.as_encoded_bytes().starts_with(start.as_bytes()),
                None => name == *wanted,
            })
        };
        let kept = self.0.iter().filter(|(name, _)| is_wanted(name));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Environment(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_gets_what_it_needs_and_values_are_not_shown() {
        let all: Environment =
            [("PATH", "/bin"), ("PATHS", "x"), ("KEY_1", "s3cr3t"), ("KEY_2", "b")].into_iter().collect();
        let some = all.only(&["PATH", "KEY_*", "NONE"]);
        assert_eq!(some.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["KEY_1", "KEY_2", "PATH"]);
        assert_eq!(some.get("KEY_1"), Some(OsStr::new("s3cr3t")));
        assert_eq!(format!("{some:?}"), r#"{"KEY_1", "KEY_2", "PATH"}"#);
    }
}
