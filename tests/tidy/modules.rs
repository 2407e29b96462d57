//! Which file of a crate uses which, read from its `use` lines and paths, as text: code of tests and comments left out.

use std::collections::{BTreeMap, BTreeSet};

/// A file's module path, such as `git::clone`, and its code.
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) path: Vec<String>,
    pub(crate) code: String,
}

impl Module {
    pub(crate) fn new(file: &str, root: &str, code: String) -> Module {
        let plain = file.trim_start_matches(root).trim_end_matches(".rs").trim_end_matches("/mod");
        let path =
            if matches!(plain, "lib" | "main") { Vec::new() } else { plain.split('/').map(String::from).collect() };
        Module { file: file.to_owned(), path, code }
    }
}

/// For each file, the files that it uses. A name that a module hands on (`pub use`) counts for the file that it comes from.
pub(crate) fn uses(modules: &[Module]) -> BTreeMap<String, BTreeSet<String>> {
    let known: BTreeMap<&[String], &Module> = modules.iter().map(|module| (module.path.as_slice(), module)).collect();
    let handed_on: BTreeMap<&[String], BTreeMap<String, Vec<String>>> =
        modules.iter().map(|module| (module.path.as_slice(), handed_on(module))).collect();
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for module in modules {
        let found = uses.entry(module.file.clone()).or_default();
        for path in paths(module) {
            if let Some(file) = home(&path, &known, &handed_on, 0)
                && file != module.file
            {
                found.insert(file);
            }
        }
    }
    uses
}

/// The file that a path leads to.
fn home(
    path: &[String],
    known: &BTreeMap<&[String], &Module>,
    handed_on: &BTreeMap<&[String], BTreeMap<String, Vec<String>>>,
    depth: usize,
) -> Option<String> {
    let length = (0..=path.len()).rev().find(|length| known.contains_key(&path[..*length]))?;
    if let Some(next) = path.get(length)
        && let Some(origin) = handed_on[&path[..length]].get(next)
        && depth < 8
    {
        let further: Vec<String> = origin.iter().chain(&path[length + 1..]).cloned().collect();
        return home(&further, known, handed_on, depth + 1);
    }
    Some(known[&path[..length]].file.clone())
}

/// The names that a module hands on, with the paths that they come from.
fn handed_on(module: &Module) -> BTreeMap<String, Vec<String>> {
    let mut names = BTreeMap::new();
    for (start, _) in module.code.match_indices("use ") {
        let is_public =
            module.code[..start].trim_end().ends_with("pub") || module.code[..start].trim_end().ends_with(')');
        let Some(end) = module.code[start..].find(';').filter(|_| is_public) else { continue };
        for (path, name) in leaves(&module.code[start + 4..start + end]) {
            if let Some(path) = absolute(&path, module) {
                names.insert(name, path);
            }
        }
    }
    names
}

/// All paths in a module that lead into its crate.
fn paths(module: &Module) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let code = without_faces(&module.code);
    let mut rest = code.as_str();
    while let Some(start) = next_path(rest) {
        rest = &rest[start..];
        let mut depth = 0_i32;
        let end = rest.char_indices().find_map(|(at, letter)| {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => return Some(at),
                '}' => depth -= 1,
                _ if depth > 0 => {}
                letter if letter.is_alphanumeric() || "_:".contains(letter) => {}
                _ => return Some(at),
            }
            None
        });
        let end = end.unwrap_or(rest.len());
        let leaves = leaves(&rest[..end]);
        found.extend(leaves.iter().filter_map(|(path, _)| absolute(path, module)));
        rest = &rest[end.max(1)..];
    }
    // Children of a module are used by their bare names.
    for (start, _) in code.match_indices("::") {
        let name: String =
            code[..start].chars().rev().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
        let name: String = name.chars().rev().collect();
        let is_start = !code[..start - name.len()].ends_with("::");
        if is_start && module.code.contains(&format!("mod {name};")) {
            found.push(module.path.iter().cloned().chain([name]).collect());
        }
    }
    found
}

/// Code without the lines that only hand names on: they use nothing themselves.
fn without_faces(code: &str) -> String {
    let mut plain = String::new();
    let mut is_face = false;
    for line in code.lines() {
        is_face |= line.starts_with("pub use ") || line.starts_with("pub(crate) use ");
        if !is_face {
            plain.push_str(line);
            plain.push('\n');
        }
        is_face &= !line.trim_end().ends_with(';');
    }
    plain
}

fn next_path(text: &str) -> Option<usize> {
    let starts = ["crate::", "super::"].iter().filter_map(|start| text.find(start));
    starts.min()
}

/// The paths of a `use` tree, with the names that they get.
fn leaves(tree: &str) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    if let Some((head, group)) = tree.split_once('{') {
        let prefix: Vec<String> =
            head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(String::from).collect();
        let group = group.trim_end().strip_suffix('}').unwrap_or(group);
        let mut found = Vec::new();
        let (mut depth, mut start) = (0_i32, 0);
        let ends = group.char_indices().filter_map(|(at, letter)| {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => return Some(at),
                _ => {}
            }
            None
        });
        for end in ends.chain([group.len()]) {
            for (path, name) in leaves(group.get(start..end).unwrap_or_default()) {
                found.push((prefix.iter().cloned().chain(path).collect(), name));
            }
            start = end + 1;
        }
        return found;
    }
    let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
    let mut parts: Vec<String> =
        path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    if parts.last().is_some_and(|last| last == "self") {
        parts.pop();
    }
    let last = parts.last().cloned().unwrap_or_default();
    if parts.is_empty() {
        return if path.trim() == "self" { vec![(Vec::new(), String::new())] } else { Vec::new() };
    }
    vec![(parts, if name.is_empty() { last } else { name.trim().to_owned() })]
}

/// A path from the top of the crate; nothing for one of another crate.
fn absolute(path: &[String], module: &Module) -> Option<Vec<String>> {
    let first = path.first()?.as_str();
    if first == "crate" {
        return Some(path[1..].to_vec());
    }
    let up = path.iter().take_while(|part| *part == "super").count();
    if up > 0 {
        let base = module.path.get(..module.path.len().checked_sub(up)?)?;
        return Some(base.iter().chain(&path[up..]).cloned().collect());
    }
    let is_child = module.code.contains(&format!("mod {first};"));
    is_child.then(|| module.path.iter().chain(path).cloned().collect())
}

/// The groups of files that use each other in a circle, each sorted.
pub(crate) fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> = uses.keys().map(|file| (file, reached(file, uses))).collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (file, reached) in &reach {
        if reached.contains(*file) {
            let group = reached.iter().filter(|other| reach[**other].contains(*file));
            circles.insert(group.map(|other| (*other).clone()).collect());
        }
    }
    circles.into_iter().collect()
}

fn reached<'a>(file: &'a String, uses: &'a BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&String> = uses[file].iter().collect();
    while let Some(next) = waiting.pop() {
        if reached.insert(next) {
            waiting.extend(uses.get(next).into_iter().flatten());
        }
    }
    reached
}
