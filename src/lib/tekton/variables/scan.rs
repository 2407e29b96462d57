//! Where the references of a text are. It does not know what their keys mean: `$(date)` is one too, for a shell.

/// The key of a text that is one reference and nothing else.
pub fn exact(text: &str) -> Option<&str> {
    let key = text.strip_prefix("$(")?.strip_suffix(')')?;
    (!key.is_empty() && !key.contains(['$', ')'])).then_some(key)
}

/// The references of a text, known or not: where they are, and their keys.
pub struct References<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> References<'a> {
    pub fn new(text: &'a str) -> Self {
        References { text, at: 0 }
    }
}

impl<'a> Iterator for References<'a> {
    type Item = (std::ops::Range<usize>, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        loop {
            let start = self.at + memchr::memchr(b'$', &bytes[self.at..])?;
            self.at = start + 1;
            if bytes.get(start + 1) != Some(&b'(') {
                continue;
            }
            // No key has a dollar in it: where one comes first, this is not a reference, and the next may begin there.
            let inside = start + 2;
            let end = inside + memchr::memchr2(b')', b'$', &bytes[inside..])?;
            self.at = end;
            if bytes[end] == b')' {
                self.at = end + 1;
                return Some((start..end + 1, &self.text[inside..end]));
            }
        }
    }
}

/// The keys of the references of a text.
pub fn keys(text: &str) -> impl Iterator<Item = &str> {
    References::new(text).map(|(_, key)| key)
}
