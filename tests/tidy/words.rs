//! Plain English: words and turns that engineers for whom English is a second language stumble over, with what to write
//! instead. Code is not looked at, only comments, messages and documents.

use regex::Regex;

/// What to look for, where it is right nevertheless, and what to write instead.
const TURNS: &[(&str, &str, &str)] = &[
    (r"\b[Tt](ells?|old|elling)\b", "", "says, shows, reports"),
    (r"\b(is|are|was|were|has|have) gone\b", "", "deleted, removed, missing"),
    (r"\b[Mm]end(s|ed|ing)?\b", "", "repair, fix"),
    (r"\b[Ss]hall\b", "", "must, may"),
    (
        r"\b[Bb]ehind\b",
        r"(far|commits?|much|is|are|fall|falls|clone|not) behind|BEHIND|behind (a |the )?(proxy|login|TLS|NAT|branch|of)",
        "after, following",
    ),
    (r", since\b", "", "because"),
    (
        r"\b(is|are|was|were) no\b",
        r"(is|are|was|were) no (longer|more|other|such|match|need|place|way|file|folder|name|change|room|matter)|[Tt]here (is|are|was|were) no|that (is|are) no ",
        "is not a",
    ),
    (r"each a line\b", "", "one per line"),
];

/// What is in comments and messages of a Rust text, or all of another one, line by line.
pub(crate) fn prose<'a>(name: &str, text: &'a str) -> Vec<(usize, &'a str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    if !name.ends_with(".rs") {
        return lines.collect();
    }
    // A line is prose from its first quote or comment mark on: names in code do not stand behind one.
    lines
        .filter_map(|(number, line)| Some((number, &line[line.find("//").into_iter().chain(line.find('"')).min()?..])))
        .collect()
}

/// The places of a text that plainer words would serve better.
pub(crate) fn findings(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (pattern, right, instead) in TURNS {
        let pattern = Regex::new(pattern).expect("a pattern");
        let right = Regex::new(if right.is_empty() { r"\b\B" } else { right }).expect("a pattern");
        for (number, line) in prose(name, text) {
            let spans: Vec<_> = right.find_iter(line).map(|span| span.range()).collect();
            for hit in pattern.find_iter(line).filter(|hit| !spans.iter().any(|span| span.contains(&hit.start()))) {
                found.push(format!("{name}:{number}: \"{}\": write {instead}: {}", hit.as_str(), line.trim()));
            }
        }
    }
    found
}
