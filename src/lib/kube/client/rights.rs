//! What the user may do, as the server says it.

use super::Client;
use super::request::Call;
use super::retry::Repeat;
use crate::kube::failure::Failure;
use http::Method;
use serde_json::json;
use std::fmt;

/// One thing to do; shown as `create deployments.apps/scale x in namespace y`. Empty texts stand for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// Such as `get` or `patch`.
    pub verb: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The plural of the kind.
    pub resource: String,
    /// Such as `status`; empty for the object itself.
    pub subresource: String,
    pub namespace: String,
    /// The object.
    pub name: String,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Right { verb, group, resource, subresource, namespace, name } = self;
        write!(f, "{verb} {resource}")?;
        for (before, text) in [(".", group), ("/", subresource), (" ", name), (" in namespace ", namespace)] {
            if !text.is_empty() {
                write!(f, "{before}{text}")?;
            }
        }
        Ok(())
    }
}

impl Client {
    /// Those of the rights that the user has not, in their order.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn missing_rights(&self, rights: &[Right]) -> Result<Vec<Right>, Failure> {
        let mut missing = Vec::new();
        for right in rights {
            let Right { verb, group, resource, subresource, namespace, name } = right;
            let review = json!({
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {"verb": verb, "group": group, "resource": resource,
                    "subresource": subresource, "namespace": namespace, "name": name}},
            });
            let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned();
            // Nothing is stored, so it can be asked twice.
            let call = Call::new(Method::POST, "check", path, format!("the right to {right}"))
                .body("application/json", &review)
                .repeat(Repeat::Safe);
            let answer = self.answer(&call).await.map_err(|refusal| self.failure(&call, refusal))?;
            if answer["status"]["allowed"] != true {
                missing.push(right.clone());
            }
        }
        Ok(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::Right;

    #[test]
    fn rights_are_shown_as_people_say_them() {
        let right = |parts: [&str; 6]| {
            let [verb, group, resource, subresource, namespace, name] = parts.map(str::to_owned);
            Right { verb, group, resource, subresource, namespace, name }.to_string()
        };
        assert_eq!(right(["list", "", "nodes", "", "", ""]), "list nodes");
        assert_eq!(
            right(["patch", "apps", "deployments", "scale", "y", "x"]),
            "patch deployments.apps/scale x in namespace y"
        );
    }
}
