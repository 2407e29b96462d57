//! The plural that kfmt guesses for a kind, for file names where nothing better is known. It is not what Kubernetes
//! calls the resource: true plurals come from [`crate::manifest::scopes`].

/// kfmt's plural of a kind, in lower case: `es` after an `s`, `ies` for a final `cy`, else `s`.
pub fn kfmt_plural(kind: &str) -> String {
    let mut plural = kind.to_lowercase();
    if plural.ends_with('s') {
        plural.push_str("es");
    } else if plural.ends_with("cy") {
        plural.pop();
        plural.push_str("ies");
    } else {
        plural.push('s');
    }
    plural
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_kfmt() {
        let cases = [
            ("IngressClass", "ingressclasses"),
            ("PodSecurityPolicy", "podsecuritypolicies"),
            ("Gateway", "gateways"),
            ("Identity", "identitys"),
            ("Mesh", "meshs"),
            ("Proxy", "proxys"),
            ("Endpoints", "endpointses"),
            ("ConfigMap", "configmaps"),
            ("cy", "cies"),
            ("", "s"),
        ];
        for (kind, plural) in cases {
            assert_eq!(kfmt_plural(kind), plural, "{kind}");
        }
    }
}
