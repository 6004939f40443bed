//! Requests to Stripe's REST API, and what their answers mean.

use serde_json::Value;
use tollgate_provisioning::{Secret, StripeSettings};

use super::objects::{refusal, unreadable};
use crate::http::{HttpClient, HttpRequest};
use crate::provider::{ProviderError, Told};

/// The version of the API that is spoken.
const VERSION: &str = "2024-06-20";

/// A client with the account's key.
pub struct StripeClient {
    http: HttpClient,
    secret_key: Secret,
}

/// A request to Stripe.
#[derive(Clone, Copy)]
pub struct Asked<'r> {
    is_post: bool,
    path: &'r str,
    fields: &'r [(&'r str, &'r str)],
    /// Makes a repetition of a POST be done once.
    key: Option<&'r str>,
}

impl<'r> Asked<'r> {
    /// A request that reads.
    pub fn get(path: &'r str, fields: &'r [(&'r str, &'r str)]) -> Self {
        Self { is_post: false, path, fields, key: None }
    }

    /// A request that makes or changes something.
    pub fn post(path: &'r str, fields: &'r [(&'r str, &'r str)], key: Option<&'r str>) -> Self {
        Self { is_post: true, path, fields, key }
    }
}

impl StripeClient {
    /// At the address of the settings.
    pub fn new(settings: &StripeSettings) -> Self {
        let http = HttpClient::new(&settings.api_base, settings.timeout_seconds);
        Self { http, secret_key: settings.secret_key.clone() }
    }

    /// The object that is read; an error of Stripe is a refusal.
    pub fn get(&self, path: &str, fields: &[(&str, &str)]) -> Told<Value> {
        self.ask(Asked::get(path, fields))?.map_err(|error| refusal(&error))
    }

    /// The object that was made; an error of Stripe is a refusal.
    pub fn post(&self, path: &str, fields: &[(&str, &str)], key: Option<&str>) -> Told<Value> {
        self.ask(Asked::post(path, fields, key))?.map_err(|error| refusal(&error))
    }

    /// The object of the answer, or the error that Stripe answers when it has done nothing.
    pub fn ask(&self, asked: Asked<'_>) -> Told<Result<Value, Value>> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(asked.fields);
        let form = form.finish();
        let mut headers = vec![
            ("Authorization", format!("Bearer {}", self.secret_key.expose())),
            ("Stripe-Version", VERSION.to_owned()),
        ];
        headers.extend(asked.key.map(|key| ("Idempotency-Key", key.to_owned())));
        let path = if asked.is_post || form.is_empty() {
            asked.path.to_owned()
        } else {
            format!("{}?{form}", asked.path)
        };
        let (method, body) = if asked.is_post { ("POST", form.into_bytes()) } else { ("GET", Vec::new()) };
        if asked.is_post {
            headers.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
        }
        let answer = self.http.send(HttpRequest { method, path: &path, headers, body });
        let answer = answer.map_err(ProviderError::Unknown)?;
        match answer.status {
            200..=299 if answer.json.is_object() => Ok(Ok(answer.json)),
            // It says no, and has done nothing.
            400 | 402 | 404 if is_definite(&answer.json) => Ok(Err(answer.json["error"].clone())),
            401 | 403 => {
                tracing::error!(
                    status = answer.status,
                    "Stripe does not take the secret key; look at payments.stripe"
                );
                Err(ProviderError::Unknown("Stripe does not take the key".to_owned()))
            }
            200..=299 => Err(unreadable("an answer")),
            // In use by another request, too many requests, a fault of Stripe: it may have been done.
            status => Err(ProviderError::Unknown(format!("Stripe answered with {status}"))),
        }
    }
}

/// True for an error that says that nothing was done. A key that was used with other values says nothing of that.
fn is_definite(body: &Value) -> bool {
    body["error"].is_object()
        && body["error"]["type"] != "idempotency_error"
        && body["error"]["type"] != "api_error"
}
