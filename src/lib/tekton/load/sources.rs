//! [`Sources`]: gets the objects that others refer to, by file, by address, or by the name that they have in the cluster.

use std::cell::{Cell, RefCell};

use super::convert;
use super::fetch::{Address, Fetched, Inputs, Origin};
use super::object::{Kind, Object};
use super::read;
use crate::digest::is_sha256;
use crate::error::ErrorKind;
use crate::suggest::nearest;
use crate::tekton::node::{At, Node};
use crate::tekton::report::Report;
use crate::tekton::types::ParamValue;
use crate::text::plain;

/// So many files one run may be made of: a file that refers to others twice makes many.
const MAX_LOADS: usize = 500;

/// The inputs of one run, and what has been read of them.
pub(super) struct Sources<'a> {
    inputs: Inputs<'a>,
    pub(super) report: &'a Report,
    cluster_objects: Vec<Object>,
    loads: Cell<usize>,
    fetched: RefCell<Vec<Origin>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(inputs: Inputs<'a>, report: &'a Report) -> Sources<'a> {
        let mut objects = Vec::new();
        for (name, bytes) in inputs.cluster_objects {
            let documents = read::documents(name, bytes, report).into_iter();
            objects.extend(documents.filter_map(|document| convert::to_object(document, report)));
        }
        Sources { inputs, report, cluster_objects: objects, loads: Cell::new(0), fetched: RefCell::default() }
    }

    /// What was fetched, each once.
    pub(super) fn fetched(self) -> Vec<Origin> {
        let mut fetched = self.fetched.into_inner();
        fetched.sort();
        fetched.dedup();
        fetched
    }

    /// The object in a file of the repository; `asked` is where it is named, and `None` without a problem is never given.
    pub(super) fn file(&self, path: &str, asked: &At) -> Option<Object> {
        let shown = self.inputs.files.shown(path);
        let bytes = match self.inputs.files.read(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return self.report.fail(asked, format!("there is no file {shown} in the repository")),
            Err(error) => {
                self.report.error_hinted(asked, error.message, error.hint);
                return None;
            }
        };
        self.only_object(&shown, &bytes, asked)
    }

    /// The object at an address.
    pub(super) fn address(&self, address: &Address, asked: &At) -> Option<Object> {
        let Some(remote) = self.inputs.remote else {
            let hint = "allow the network, or keep a copy in the repository and name its path";
            return self.report.fail_with(asked, format!("{address} is needed, and nothing may be fetched"), hint);
        };
        let Fetched { bytes, origin } = match remote.fetch(address) {
            Ok(fetched) => fetched,
            Err(error) => {
                let message = plain(&error.to_string());
                match (error.kind, error.hint) {
                    (ErrorKind::Environment | ErrorKind::Timeout, hint) => self.report.missing(asked, message, hint),
                    (_, hint) => self.report.error_hinted(asked, message, hint),
                }
                return None;
            }
        };
        if address.digest().is_some_and(|digest| digest != origin.sha256) {
            let message = format!("{address} is not the file whose digest is given");
            return self.report.fail_with(asked, message, format!("its digest is sha256:{}", origin.sha256));
        }
        if !origin.pinned {
            let message = format!("{address} may change at any time");
            self.report.warn("unpinned", asked, message, "name a commit by its full hash, or give a sha256 digest");
        }
        self.fetched.borrow_mut().push(origin);
        self.only_object(&address.to_string(), &bytes, asked)
    }

    fn only_object(&self, name: &str, bytes: &[u8], asked: &At) -> Option<Object> {
        self.loads.set(self.loads.get() + 1);
        if self.loads.get() > MAX_LOADS {
            return self.report.fail(asked, format!("this run is made of more than {MAX_LOADS} files"));
        }
        let mut documents = read::documents(name, bytes, self.report).into_iter();
        let Some(first) = documents.next() else {
            if self.report.is_clean() {
                self.report.error(&At::file(name), "this file is empty");
            }
            return None;
        };
        if let Some(second) = documents.next() {
            let message = "only the first document of this file is used";
            self.report.warn("more-documents", &second.at, message, "put the others into files of their own");
        }
        convert::to_object(first, self.report)
    }

    /// The object that `reference` (`pipelineRef`, `taskRef` or the `ref` of a step) means, and its name.
    pub(super) fn referenced(&self, reference: &Node, kind: Kind) -> Option<Object> {
        let name = reference.text_of("name").unwrap_or_default();
        let version = reference.text_of("apiVersion").unwrap_or_default();
        let other = reference.text_of("kind").filter(|other| !["", kind.name()].contains(other));
        if (!version.is_empty() && !version.starts_with("tekton.dev/")) || other.is_some() {
            if other != Some("ClusterTask") {
                let what = format!("{version} {} {name}", other.unwrap_or(kind.name()));
                let message = format!("custom task `{}`: kfleet runs no custom tasks", what.trim());
                self.report.error_with(&reference.at, message, "run it on a cluster, or write its work as steps");
            }
            return None;
        }
        for entry in reference.entries() {
            if !["name", "kind", "apiVersion", "resolver", "params"].contains(&entry.key.as_str()) {
                let message = format!("a reference to a {} has no field `{}`", kind.name(), entry.key);
                return self.report.fail_with(&entry.at, message, "write name, or resolver and params");
            }
        }
        let found = match reference.get("resolver") {
            Some(resolver) => self.resolved(reference, resolver, kind)?,
            None if name.is_empty() => {
                return self.report.fail(&reference.at, format!("this reference to a {} has no `name`", kind.name()));
            }
            None => self.of_cluster(name, kind, &reference.at)?,
        };
        if found.kind != kind {
            let message = format!("this is to be a {}, and is a {}", kind.name(), found.kind.name());
            return self.report.fail(&reference.at, message);
        }
        Some(found)
    }

    fn of_cluster(&self, name: &str, kind: Kind, at: &At) -> Option<Object> {
        let of_kind = || self.cluster_objects.iter().filter(|object| object.kind == kind);
        let found = of_kind().find(|object| object.name == name).cloned();
        if found.is_none() {
            let near = nearest(name, of_kind().map(|object| object.name.as_str()));
            let hint = match near.first() {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("give the file of {} {name} with --with FILE", kind.name()),
            };
            self.report.error_with(at, format!("{} `{name}` is in the cluster, and not here", kind.name()), hint);
        }
        found
    }

    fn resolved(&self, reference: &Node, resolver: &Node, kind: Kind) -> Option<Object> {
        let param = |name: &str| match reference.named("params", name)?.get("value")?.to_param_value() {
            ParamValue::String(text) => Some(text).filter(|text| !text.is_empty()),
            _ => None,
        };
        let at = &resolver.at;
        let is_late = |param: &&Node| param.text_of("value").is_some_and(|value| value.contains("$("));
        if let Some(param) = reference.items_of("params").iter().find(is_late) {
            let hint = "write the value, or give the file with --with FILE";
            return self.report.fail_with(
                &param.at,
                "kfleet resolves before it substitutes: this is not known yet",
                hint,
            );
        }
        let address = match resolver.as_text().unwrap_or_default() {
            "http" => {
                let url = self.needed("url", reference, &param)?;
                match param("digest") {
                    None => Address::Url(url),
                    Some(digest) => match digest.strip_prefix("sha256:").filter(|hash| is_sha256(hash)) {
                        Some(hash) => Address::Digest { url, sha256: hash.to_owned() },
                        None => {
                            let message = format!("`digest` of this resolver is `{digest}`");
                            return self.report.fail_with(&reference.at, message, "write sha256: and 64 digits in hex");
                        }
                    },
                }
            }
            "git" => self.git_address(reference, &param)?,
            other => {
                let hint = format!("give the file of the {} with --with FILE and name it by `name`", kind.name());
                return self.report.fail_with(at, format!("kfleet does not have the resolver `{other}`"), hint);
            }
        };
        for token in ["token", "http-username", "http-password-secret", "gitToken"] {
            if let Some(param) = reference.named("params", token) {
                self.report.inert(&param.at, token);
            }
        }
        self.address(&address, at)
    }

    fn needed(&self, name: &str, reference: &Node, param: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        param(name).or_else(|| self.report.fail(&reference.at, format!("this resolver needs the param `{name}`")))
    }

    /// What the git resolver is asked for, with the defaults that Tekton ships.
    fn git_address(&self, reference: &Node, param: &dyn Fn(&str) -> Option<String>) -> Option<Address> {
        let path = self.needed("pathInRepo", reference, param)?.trim_start_matches('/').to_owned();
        let revision = param("revision").unwrap_or_else(|| "main".to_owned());
        let clone = |url: String, path| Some(Address::Clone { url, revision: revision.clone(), path });
        match (param("url"), param("org"), param("repo")) {
            (Some(_), _, Some(_)) => {
                self.report.fail_with(&reference.at, "the git resolver has both `url` and `repo`", "keep one")
            }
            (Some(url), _, None) => clone(url, path),
            (None, None, None) => clone("https://github.com/tektoncd/catalog.git".to_owned(), path),
            (None, Some(owner), Some(repository)) => match param("serverURL") {
                Some(server) => clone(format!("{}/{owner}/{repository}", server.trim_end_matches('/')), path),
                None => Some(Address::Git { server: None, owner, repository, path, reference: revision }),
            },
            _ => self.report.fail(&reference.at, "the git resolver needs `url`, or `org` and `repo`"),
        }
    }
}
