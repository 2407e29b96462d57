//! Which kinds a cluster serves, asked of its discovery API (`/api/<version>` and `/apis/<group>/<version>`).

use super::Client;
use super::request::Call;
use super::retry::Repeat;
use crate::kube::failure::{Failure, Reason, Refusal};
use crate::kube::kind::{ServedKind, api_version, can_be_served};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

impl Client {
    /// How the cluster serves a kind, `None` if it does not. Asked once per group version, and again while it is missing.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn kind(&self, api_version: &str, kind: &str) -> Result<Option<ServedKind>, Failure> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if !can_be_served(group, version) {
            return Ok(None);
        }
        let key = (group.to_owned(), version.to_owned());
        let find = |kinds: &[ServedKind]| kinds.iter().find(|served| served.kind == kind).cloned();
        let known = self.kinds().get(&key).and_then(|kinds| find(kinds));
        if known.is_some() {
            return Ok(known);
        }
        let served = self.served(group, version, Repeat::Safe).await?;
        let found = find(&served);
        self.kinds().insert(key, served);
        Ok(found)
    }

    /// The kinds of one group version, none if the cluster does not serve it.
    pub(in crate::kube) async fn served(
        &self,
        group: &str,
        version: &str,
        repeat: Repeat,
    ) -> Result<Vec<ServedKind>, Failure> {
        let group_version = api_version(group, version);
        let root = if group.is_empty() { "api" } else { "apis" };
        let call = Call::get(format!("/{root}/{group_version}"), &group_version).repeat(repeat);
        let list = match self.answer(&call).await {
            Ok(list) => list,
            Err(Refusal::Status(status, _)) if status.code == 404 => return Ok(Vec::new()),
            Err(refusal) => return Err(self.undiscovered(&group_version, &call, refusal)),
        };
        let Some(resources) = list["resources"].as_array() else { return Err(self.names().foreign()) };
        let kind = |resource: &Value| {
            let plural = resource["name"].as_str()?;
            // Subresources have the name of their resource before a slash.
            (!plural.contains('/')).then_some(())?;
            Some(ServedKind {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: resource["kind"].as_str()?.to_owned(),
                plural: plural.to_owned(),
                namespaced: resource["namespaced"].as_bool()?,
            })
        };
        Ok(resources.iter().filter_map(kind).collect())
    }

    fn undiscovered(&self, group_version: &str, call: &Call, refusal: Refusal) -> Failure {
        let server = &self.names().server;
        match refusal {
            Refusal::Status(status, _) if status.code == 403 => {
                let message = format!("{server} does not allow to ask for {group_version} (403)");
                Failure::new(Reason::Forbidden, message)
                    .with_hint("log in, or use a user with the role system:discovery")
            }
            Refusal::Status(status, _) if status.code != 401 => {
                let (code, text) = (status.code, status.message.trim());
                let message = format!("{server} cannot list the kinds of {group_version} ({code}): {text}");
                Failure::new(Reason::Unavailable, message).with_hint("the API server after this group may be down")
            }
            refusal => self.failure(call, refusal),
        }
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<(String, String), Vec<ServedKind>>> {
        self.0.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
