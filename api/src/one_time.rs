//! Secrets that an answer shows once. An answer that is kept for a repeated request goes without them, and says how to get
//! another.

use serde_json::Value;

/// A secret in the answer of a route.
#[derive(Debug)]
struct OneTime {
    /// The route, as it is registered.
    path: &'static str,
    /// The object of the answer that the secret is in.
    place: &'static str,
    /// The field of the secret.
    field: &'static str,
    /// The field of the answer whose value stands for `{id}`, where the request's own path does not have it.
    id: &'static str,
    /// The way to get another secret.
    instead: &'static str,
}

const ONE_TIME: &[OneTime] = &[
    OneTime {
        path: "/v1/accounts",
        place: "/credentials",
        field: "password",
        id: "/account/id",
        instead: "the password was shown once and is not kept; POST /v1/accounts/{id}/credentials/rotate makes a new one",
    },
    OneTime {
        path: "/v1/accounts/{id}/credentials/rotate",
        place: "",
        field: "password",
        id: "",
        instead: "the password was shown once and is not kept; ask for another with a new Idempotency-Key",
    },
    OneTime {
        path: "/v1/api-keys",
        place: "",
        field: "key",
        id: "/api_key/id",
        instead: "the key was shown once and is not kept; revoke it by DELETE /v1/api-keys/{id} and make another",
    },
    OneTime {
        path: "/v1/accounts/{id}/webhook-secret/rotate",
        place: "",
        field: "secret",
        id: "",
        instead: "the secret is not kept here; GET the webhook-secret of the account",
    },
    OneTime {
        path: "/v1/webhook-endpoints",
        place: "",
        field: "secret",
        id: "/endpoint/id",
        instead: "the secret was shown once; POST /v1/webhook-endpoints/{id}/secret/rotate makes a new one",
    },
    OneTime {
        path: "/v1/webhook-endpoints/{id}/secret/rotate",
        place: "",
        field: "secret",
        id: "",
        instead: "the secret was shown once; ask for another with a new Idempotency-Key",
    },
];

/// Takes the secret out of an answer of this route, and puts a note in its place. What is no JSON has none.
pub(crate) fn without_secret(path: &str, body: &str) -> String {
    let Some(one_time) = ONE_TIME.iter().find(|one_time| one_time.path == path) else {
        return body.to_owned();
    };
    let Ok(mut answer) = serde_json::from_str::<Value>(body) else { return String::new() };
    let id = answer.pointer(one_time.id).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(object) = answer.pointer_mut(one_time.place).and_then(Value::as_object_mut) {
        object.insert(one_time.field.to_owned(), Value::Null);
        object.insert("note".to_owned(), one_time.instead.replace("{id}", &id).into());
    }
    answer.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::rules;

    #[test]
    fn a_kept_answer_has_a_note_in_place_of_the_secret() {
        let body = json!({ "account": { "id": "acme" }, "credentials": { "system_id": "acme", "password": "s3cret" } });
        let kept: Value = serde_json::from_str(&without_secret("/v1/accounts", &body.to_string())).unwrap();
        assert_eq!(
            (&kept["credentials"]["system_id"], &kept["credentials"]["password"]),
            (&json!("acme"), &Value::Null)
        );
        let note = kept["credentials"]["note"].as_str().unwrap();
        assert!(note.contains("/v1/accounts/acme/credentials/rotate"), "{note}");
        assert_eq!(without_secret("/v1/users", "{\"id\":\"x\"}"), "{\"id\":\"x\"}");
        assert_eq!(without_secret("/v1/api-keys", "no JSON"), "");
    }

    #[test]
    fn every_secret_belongs_to_a_route() {
        for one_time in ONE_TIME {
            let found = rules().any(|rule| rule.method == "POST" && rule.path == one_time.path);
            assert!(found, "{}", one_time.path);
        }
    }
}
