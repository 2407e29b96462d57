//! The annotation `kfmt.dev/namespaces`: which namespaces an object is copied to. Only the logic: the caller finds
//! the annotation, knows the namespaces and makes the copies. The rules are kfmt's, but that items are trimmed and
//! one trailing comma is ignored.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound::{Excluded, Unbounded};

pub const ANNOTATION: &str = "kfmt.dev/namespaces";

/// Where an annotated object goes. `*` keeps a reference to the known namespaces and copies nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets<'a> {
    own: &'a str,
    named: Named<'a>,
    excluded: BTreeSet<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Named<'a> {
    Some(BTreeSet<&'a str>),
    All(&'a BTreeSet<String>),
}

/// What is wrong with one item of the annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnnotationError {
    /// The item names a namespace that is not known; empty for an empty value or item.
    UnknownNamespace(String),
    /// The item is a dash and excludes nothing.
    EmptyExclusion,
}

impl<'a> Targets<'a> {
    /// Reads the annotation's value. `own` is the effective namespace of the object, `known` are all
    /// namespaces of the inputs. All bad items are reported, in their order.
    pub fn parse(value: &'a str, own: &'a str, known: &'a BTreeSet<String>) -> Result<Self, Vec<AnnotationError>> {
        let mut all = false;
        let mut named = BTreeSet::new();
        let mut excluded = BTreeSet::new();
        let mut errors = Vec::new();
        let value = value.trim();
        for item in value.strip_suffix(',').unwrap_or(value).split(',').map(str::trim) {
            if item == "*" {
                all = true;
            } else if let Some(name) = item.strip_prefix('-') {
                match name.trim_start() {
                    "" => errors.push(AnnotationError::EmptyExclusion),
                    name => drop(excluded.insert(name)),
                }
            } else if known.contains(item) {
                named.insert(item);
            } else {
                errors.push(AnnotationError::UnknownNamespace(item.to_owned()));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let named = if all { Named::All(known) } else { Named::Some(named) };
        Ok(Targets { own, named, excluded })
    }

    /// Whether the object stays in its own namespace: only an exclusion takes it away.
    pub fn keeps_own(&self) -> bool {
        !self.excluded.contains(self.own)
    }

    /// Whether the object goes to this namespace.
    pub fn contains(&self, namespace: &str) -> bool {
        let named = match &self.named {
            Named::Some(names) => names.contains(namespace),
            Named::All(known) => known.contains(namespace),
        };
        (named || namespace == self.own) && !self.excluded.contains(namespace)
    }

    /// All namespaces that the object goes to, its own included, in order and each once.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let own = self.keeps_own().then_some(self.own);
        self.named_before_own().chain(own).chain(self.named_after_own())
    }

    /// The namespaces that get a copy: all but the object's own, in order and each once.
    pub fn copies(&self) -> impl Iterator<Item = &str> {
        self.named_before_own().chain(self.named_after_own())
    }

    fn named_before_own(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        self.named_between((Unbounded, Excluded(self.own)))
    }

    fn named_after_own(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        self.named_between((Excluded(self.own), Unbounded))
    }

    fn named_between(&self, bounds: Bounds<'a>) -> Box<dyn Iterator<Item = &str> + '_> {
        let is_kept = |name: &&str| !self.excluded.contains(*name);
        match &self.named {
            Named::Some(names) => Box::new(names.range::<str, _>(bounds).copied().filter(is_kept)),
            Named::All(known) => Box::new(known.range::<str, _>(bounds).map(String::as_str).filter(is_kept)),
        }
    }
}

type Bounds<'a> = (std::ops::Bound<&'a str>, std::ops::Bound<&'a str>);

impl fmt::Display for AnnotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnnotationError::UnknownNamespace(name) => {
                let name = name.escape_debug();
                write!(f, "Namespace \"{name}\" not found when processing annotation {ANNOTATION}")
            }
            AnnotationError::EmptyExclusion => write!(f, "item \"-\" of annotation {ANNOTATION} excludes no namespace"),
        }
    }
}

impl std::error::Error for AnnotationError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mk_known(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn finds_the_targets() {
        let known = mk_known(&["a", "b", "c", "own"]);
        let cases: [(&str, &[&str]); 17] = [
            ("a", &["a", "own"]),
            ("c,a", &["a", "c", "own"]),
            (" c , a ", &["a", "c", "own"]),
            ("a,", &["a", "own"]),
            ("a,\n", &["a", "own"]),
            ("a,a,own", &["a", "own"]),
            ("own", &["own"]),
            ("*", &["a", "b", "c", "own"]),
            ("*,a", &["a", "b", "c", "own"]),
            ("*,-b", &["a", "c", "own"]),
            ("-b,*", &["a", "c", "own"]),
            ("- b,*", &["a", "c", "own"]),
            ("a,-a", &["own"]),
            ("-unknown,a", &["a", "own"]),
            ("*,-own", &["a", "b", "c"]),
            ("-own", &[]),
            ("-own,own", &[]),
        ];
        for (value, expected) in cases {
            let targets = Targets::parse(value, "own", &known).unwrap();
            assert!(targets.iter().eq(expected.iter().copied()), "{value}");
            assert!(targets.copies().eq(expected.iter().copied().filter(|name| *name != "own")), "{value}");
            assert_eq!(targets.keeps_own(), expected.contains(&"own"), "{value}");
        }
    }

    #[test]
    fn own_namespace_may_be_unknown() {
        let known = mk_known(&["a", "z"]);
        assert!(Targets::parse("*", "m", &known).unwrap().iter().eq(["a", "m", "z"]));
    }

    #[test]
    fn names_every_bad_item() {
        let known = mk_known(&["a"]);
        let missing =
            |name: &str| format!("Namespace \"{name}\" not found when processing annotation kfmt.dev/namespaces");
        let dash = "item \"-\" of annotation kfmt.dev/namespaces excludes no namespace".to_owned();
        let cases = [
            ("", vec![missing("")]),
            ("  ", vec![missing("")]),
            (",", vec![missing("")]),
            ("a,,", vec![missing("")]),
            ("a,,a", vec![missing("")]),
            ("x,a,y", vec![missing("x"), missing("y")]),
            ("*,x", vec![missing("x")]),
            ("x,-x", vec![missing("x")]),
            ("A", vec![missing("A")]),
            ("a b", vec![missing("a b")]),
            ("a\u{1b}", vec![missing("a\\u{1b}")]),
            ("-", vec![dash]),
        ];
        for (value, expected) in cases {
            let errors = Targets::parse(value, "a", &known).unwrap_err();
            assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn iterates_what_it_contains(value in "[a-d*, -]{0,12}", own in "[a-e]", known in "[a-d]{1,4}") {
            let known: BTreeSet<String> = known.chars().map(String::from).collect();
            if let Ok(targets) = Targets::parse(&value, &own, &known) {
                let candidates: BTreeSet<&str> = known.iter().map(String::as_str).chain([own.as_str()]).collect();
                let expected = candidates.into_iter().filter(|name| targets.contains(name));
                prop_assert!(targets.iter().eq(expected));
                prop_assert_eq!(targets.contains(&own), targets.keeps_own());
            }
        }
    }
}
