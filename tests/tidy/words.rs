//! Plain English: words and turns that engineers for whom English is a second language stumble over, with what to write
//! instead. Code is not looked at, only comments, messages and documents.

use regex::Regex;

/// What to look for, where it is right nevertheless, and what to write instead.
const TURNS: &[(&str, &str, &str)] = &[
    (r"\b[Tt](ells?|old|elling)\b", "", "says, shows, reports"),
    (r"\b(is|are|was|were) gone\b", "", "deleted, removed, missing"),
    (r"\b[Mm]end(s|ed|ing)?\b", "", "repair, fix"),
    (r"\b[Ss]hall\b", "", "must, may"),
    (
        r"\b[Bb]ehind\b",
        r"(far|commits?|much|how) behind|BEHIND|behind (a |the )?(proxy|login|TLS|NAT|branch|of)",
        "after, following",
    ),
    (r", since\b", r", since it was", "because"),
    (
        r"\b(is|are|was|were) no\b",
        r"(is|are|was|were) no (longer|more|other|such|match|need|place|way|file|folder|name|change|room|matter)|[Tt]here (is|are|was|were) no|that (is|are) no ",
        "is not a",
    ),
    (r"each a line\b", "", "one per line"),
];

/// What is in comments and messages of a Rust text, or all of another one, with the numbers of lines. Names in code, and
/// those of values in messages, are left out.
pub(crate) fn prose(name: &str, text: &str) -> Vec<(usize, String)> {
    let value = Regex::new(r"\{[a-z_]+[:}]").expect("a pattern");
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    if !name.ends_with(".rs") {
        return lines.map(|(number, line)| (number, line.to_owned())).collect();
    }
    let mut found = Vec::new();
    for (number, line) in lines {
        let (mut words, mut is_text, mut last) = (String::new(), false, ' ');
        for (at, letter) in line.char_indices() {
            match letter {
                '"' if last != '\\' => is_text = !is_text,
                '/' if !is_text && line[at..].starts_with("//") => {
                    words.push_str(&line[at..]);
                    break;
                }
                letter if is_text => words.push(letter),
                _ => {}
            }
            last = letter;
        }
        // Names of fields stand alone between their quotes.
        if words.contains(' ') {
            found.push((number, value.replace_all(&words, "").into_owned()));
        }
    }
    found
}

/// The places of a text that plainer words would serve better.
pub(crate) fn findings(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (pattern, right, instead) in TURNS {
        let pattern = Regex::new(pattern).expect("a pattern");
        let right = Regex::new(if right.is_empty() { r"\b\B" } else { right }).expect("a pattern");
        for (number, line) in prose(name, text) {
            let spans: Vec<_> = right.find_iter(&line).map(|span| span.range()).collect();
            for hit in pattern.find_iter(&line).filter(|hit| !spans.iter().any(|span| span.contains(&hit.start()))) {
                found.push(format!("{name}:{number}: \"{}\": write {instead}: {}", hit.as_str(), line.trim()));
            }
        }
    }
    found
}
