//! Requests to PayPal's REST API, and what their answers mean.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use serde_json::Value;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::{PayPalSettings, Secret};
use tollgate_storage::clock::steady;

use super::objects::failure;
use crate::http::{HttpAnswer, HttpClient, HttpRequest, text};
use crate::provider::{ProviderError, Told};

/// Seconds before its end in which an access token is not used any more.
const TOKEN_MARGIN_SECONDS: u64 = 60;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// A client with the application's secret.
pub struct PayPalClient {
    http: HttpClient,
    client_id: String,
    client_secret: Secret,
    token: Mutex<Option<Token>>,
}

/// An access token, until it ends.
struct Token {
    secret: Secret,
    ends_at: UnixMicros,
}

/// A request to PayPal.
pub struct Asked<'r> {
    method: &'r str,
    path: &'r str,
    body: Vec<u8>,
    /// Makes a repetition be done once.
    key: Option<&'r str>,
}

impl<'r> Asked<'r> {
    /// A request that makes something.
    pub fn post(path: &'r str, body: &Value, key: &'r str) -> Self {
        Self { method: "POST", path, body: body.to_string().into_bytes(), key: Some(key) }
    }

    /// A question whose body is written already.
    pub fn raw(path: &'r str, body: Vec<u8>) -> Self {
        Self { method: "POST", path, body, key: None }
    }

    fn get(path: &'r str) -> Self {
        Self { method: "GET", path, body: Vec::new(), key: None }
    }
}

impl PayPalClient {
    /// At the address of the settings.
    pub fn new(settings: &PayPalSettings) -> Self {
        Self {
            http: HttpClient::new(&settings.api_base, settings.timeout_seconds),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            token: Mutex::new(None),
        }
    }

    /// The object that is read; an error of PayPal is a refusal.
    pub fn get(&self, path: &str) -> Told<Value> {
        self.ask(&Asked::get(path))?.map_err(|error| ProviderError::Refused(failure(&error)))
    }

    /// The object that was made; an error of PayPal is a refusal.
    pub fn post(&self, path: &str, body: &Value, key: &str) -> Told<Value> {
        self.ask(&Asked::post(path, body, key))?.map_err(|error| ProviderError::Refused(failure(&error)))
    }

    /// The object of the answer, or the error that PayPal answers when it has done nothing.
    pub fn ask(&self, asked: &Asked<'_>) -> Told<Result<Value, Value>> {
        let mut answer = self.send(asked)?;
        if answer.status == 401 {
            // The token was taken back early.
            *self.token.lock() = None;
            answer = self.send(asked)?;
        }
        match answer.status {
            200..=299 if answer.json.is_object() => Ok(Ok(answer.json)),
            200..=299 => Err(ProviderError::Unknown(if answer.is_empty {
                "PayPal's answer is empty".to_owned()
            } else {
                "PayPal's answer cannot be read".to_owned()
            })),
            400 | 403 | 404 | 422 if answer.json["name"].is_string() => Ok(Err(answer.json)),
            401 => {
                tracing::error!("PayPal does not take the client's secret; look at payments.paypal");
                Err(ProviderError::Unknown("PayPal does not take the secret".to_owned()))
            }
            status => Err(ProviderError::Unknown(format!("PayPal answered with {status}"))),
        }
    }

    fn send(&self, asked: &Asked<'_>) -> Told<HttpAnswer> {
        let token = self.access_token()?;
        let mut headers = vec![
            ("Authorization", format!("Bearer {}", token.expose())),
            ("Content-Type", "application/json".to_owned()),
            ("Prefer", "return=representation".to_owned()),
        ];
        headers.extend(asked.key.map(|key| ("PayPal-Request-Id", key.to_owned())));
        let request =
            HttpRequest { method: asked.method, path: asked.path, headers, body: asked.body.clone() };
        self.http.send(request).map_err(ProviderError::Unknown)
    }

    fn access_token(&self) -> Told<Secret> {
        let mut held = self.token.lock();
        let now = steady();
        if let Some(token) = held.as_ref().filter(|token| now < token.ends_at) {
            return Ok(token.secret.clone());
        }
        let pair = STANDARD.encode(format!("{}:{}", self.client_id, self.client_secret.expose()));
        let answer = self.http.send(HttpRequest {
            method: "POST",
            path: "/v1/oauth2/token",
            headers: vec![
                ("Authorization", format!("Basic {pair}")),
                ("Content-Type", "application/x-www-form-urlencoded".to_owned()),
            ],
            body: b"grant_type=client_credentials".to_vec(),
        });
        let answer = answer.map_err(ProviderError::Unknown)?;
        let (token, seconds) = (text(&answer.json["access_token"]), answer.json["expires_in"].as_u64());
        let Some(token) = token.filter(|_| answer.status == 200) else {
            tracing::error!(status = answer.status, "PayPal gives no access token; look at payments.paypal");
            return Err(ProviderError::Unknown("PayPal gives no access token".to_owned()));
        };
        let lasts = seconds.unwrap_or_default().saturating_sub(TOKEN_MARGIN_SECONDS);
        let secret = Secret::new(&token);
        let ends_at = UnixMicros(now.0.saturating_add(lasts.saturating_mul(MICROS_PER_SECOND)));
        *held = Some(Token { secret: secret.clone(), ends_at });
        Ok(secret)
    }
}
