//! The user's netrc: a login for each machine, in the form that ftp, curl and git know.

use secrecy::SecretString;

/// The logins, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Netrc {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// `None`: for every machine that none before is for.
    machine: Option<String>,
    login: Login,
}

/// A user and a password, one of which may be empty.
#[derive(Debug, Default)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: SecretString,
}

impl Netrc {
    /// Words that are not known are passed over, as other programs do.
    pub(super) fn parse(text: &str) -> Netrc {
        let mut words = Words { rest: text };
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(word) = words.next_keyword() {
            match word.as_str() {
                "machine" => {
                    let Some(machine) = words.next() else { break };
                    entries.push(Entry { machine: Some(machine), login: Login::default() });
                }
                "default" => entries.push(Entry { machine: None, login: Login::default() }),
                "macdef" => words.skip_macro(),
                "login" | "password" => match (entries.last_mut(), words.next().unwrap_or_default()) {
                    (Some(entry), user) if word == "login" => entry.login.user = user,
                    (Some(entry), password) => entry.login.password = password.into(),
                    (None, _) => {}
                },
                "account" => drop(words.next()),
                _ => {}
            }
        }
        Netrc { entries }
    }

    /// The login of this machine; that for every machine only if `or_default`.
    pub(super) fn login(&self, host: &str, or_default: bool) -> Option<&Login> {
        let is_for = |entry: &&Entry| match &entry.machine {
            Some(machine) => machine.eq_ignore_ascii_case(host),
            None => or_default,
        };
        self.entries.iter().find(is_for).map(|entry| &entry.login)
    }

    pub(super) fn logins(&self) -> impl Iterator<Item = &Login> {
        self.entries.iter().map(|entry| &entry.login)
    }
}

/// The words of a netrc: between blanks, or in quotes, where a backslash takes the next letter as it is.
struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    /// As [`Words::next`], but a word that starts with `#` begins a comment. A password may start so.
    fn next_keyword(&mut self) -> Option<String> {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('#') {
                return self.next();
            }
            self.rest = self.rest.split_once('\n').map_or("", |(_, after)| after);
        }
    }

    fn next(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start();
        let is_quoted = self.rest.starts_with('"');
        let start = usize::from(is_quoted);
        let mut word = String::new();
        let mut letters = self.rest.char_indices().skip(start);
        let mut end = self.rest.len();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' if is_quoted => word.extend(letters.next().map(|(_, letter)| letter)),
                '"' if is_quoted => {
                    end = at + 1;
                    break;
                }
                letter if !is_quoted && letter.is_whitespace() => {
                    end = at;
                    break;
                }
                letter => word.push(letter),
            }
        }
        let found = !self.rest.is_empty();
        self.rest = &self.rest[end..];
        found.then_some(word)
    }

    /// A macro ends with an empty line.
    fn skip_macro(&mut self) {
        while let Some((line, after)) = self.rest.split_once('\n') {
            self.rest = after;
            if line.trim_end_matches('\r').is_empty() {
                return;
            }
        }
        self.rest = "";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn found(text: &str, host: &str, or_default: bool) -> Option<(String, String)> {
        let netrc = Netrc::parse(text);
        let login = netrc.login(host, or_default)?;
        Some((login.user.clone(), login.password.expose_secret().to_owned()))
    }

    fn pair(user: &str, password: &str) -> Option<(String, String)> {
        Some((user.to_owned(), password.to_owned()))
    }

    #[test]
    fn machines_have_logins() {
        let text = "# a comment machine no login no\n\
                    machine a.example login u password #p  account x\n\
                    machine B.example\n  login \"u \\\"v\\\\\"\n  password \"a b\"\n\
                    macdef init\nmachine m.example login x password y\nquit\n\n\
                    machine c.example password t unknown\n\
                    default login d password e\n\
                    machine late.example login l password l\n";
        assert_eq!(found(text, "a.example", false), pair("u", "#p"));
        assert_eq!(found(text, "b.example", false), pair("u \"v\\", "a b"));
        assert_eq!(found(text, "c.example", false), pair("", "t"));
        assert_eq!(found(text, "m.example", false), None);
        assert_eq!(found(text, "m.example", true), pair("d", "e"));
        assert_eq!(found(text, "late.example", false), pair("l", "l"));
        assert_eq!(found(text, "no", false), None);
    }

    #[test]
    fn broken_files_give_what_can_be_read() {
        for text in
            ["", "machine", "machine a login", "password p", "machine a login \"u", "\"", "macdef x", "machine \"a\\"]
        {
            let _ = found(text, "a", true);
        }
        assert_eq!(found("machine a login \"u", "a", false), pair("u", ""));
        assert!(!format!("{:?}", Netrc::parse("machine a login u password s3cret")).contains("s3cret"));
    }
    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "([ \\n\"\\\\#]|machine|default|macdef|login|password|\\PC)*") {
            let _ = found(&text, "a", true);
        }
    }
}
