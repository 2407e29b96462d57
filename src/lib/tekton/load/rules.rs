//! The rules of the linter: their stable names, and what each finds. Problems that refuse a run have no names.

/// Name and meaning of every rule, by name.
pub const RULES: [(&str, &str); 19] = [
    ("bracket-result", "a reference to a result in a form that makes no task wait"),
    ("event-text", "text that whoever causes the event can choose, in what a shell runs"),
    ("inert-field", "a field that means nothing outside a cluster"),
    ("json-param", "a list or map of a param that becomes one text"),
    ("late-shebang", "a script whose #! is not at its beginning"),
    ("lost-field", "a field of v1beta1 that Tekton drops"),
    ("more-documents", "a file with objects that nobody reads"),
    ("number-param", "a number whose text is not what is written, such as 1.10"),
    ("old-version", "an object of a deprecated version"),
    ("pull-param", "a param of pull requests without default, in a job without pull request"),
    ("unknown-field", "a field that nobody reads"),
    ("unknown-param", "a value for a param that is not declared"),
    ("unknown-version", "an apiVersion that is read as v1"),
    ("unpinned", "a file from elsewhere that may change at any time"),
    ("unshared-folder", "an emptyDir of the run that several tasks use"),
    ("unused-param", "a declared param that nobody reads"),
    ("unused-workspace", "a workspace for a task that does not declare it"),
    ("uses", "steps that are imported in the deprecated way"),
    ("yaml", "YAML that readers understand differently"),
];

#[cfg(test)]
mod tests {
    use super::RULES;

    #[test]
    fn names_are_in_order() {
        assert!(RULES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
