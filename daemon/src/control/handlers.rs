//! The daemon's side of each command.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::runtime::Handle;
use tollgate_api::caller::{Caller, KnownCaller};
use tollgate_api::idempotency::REPLAYED;
use tollgate_storage::store::Store;
use tower_service::Service;

use super::command::{ControlAnswer, ControlCommand};
use super::framing::ANSWER_OCTETS_MAX;
use crate::api_call::{ApiCall, ApiReply};

/// The header of a request that is to be done once.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Does what is commanded.
#[derive(Debug)]
pub struct ControlHandlers {
    /// The books, to be copied.
    pub store: Arc<Store>,
    /// The routes of the management API, whether or not it is served over HTTP.
    pub api: Router,
    /// The runtime of HTTP requests, whose threads stand back behind sessions.
    pub http: Handle,
}

impl ControlHandlers {
    /// Does what a command of a user of this machine says, and answers.
    pub async fn obey(&self, command: ControlCommand, uid: u32) -> ControlAnswer {
        match command {
            ControlCommand::Checkpoint { folder } => self.checkpoint(folder).await,
            ControlCommand::Call(call) => {
                let answered = self.http.spawn(answer(self.api.clone(), call, uid)).await;
                match answered.map_err(|error| error.to_string()).flatten() {
                    Ok(reply) => ControlAnswer::Reply(reply),
                    Err(error) => ControlAnswer::Error(error),
                }
            }
        }
    }

    async fn checkpoint(&self, folder: PathBuf) -> ControlAnswer {
        tracing::info!(folder = %folder.display(), "making a copy of the database");
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || store.checkpoint(&folder)).await {
            Ok(Ok(())) => ControlAnswer::Done(true),
            Ok(Err(error)) => ControlAnswer::Error(error.to_string()),
            Err(error) => ControlAnswer::Error(error.to_string()),
        }
    }
}

/// Has the API answer a request, which is known to come from a user of this machine.
async fn answer(mut api: Router, call: ApiCall, uid: u32) -> Result<ApiReply, String> {
    let mut request = Request::builder().method(&*call.method).uri(&*call.path);
    if let Some(key) = &call.idempotency_key {
        request = request.header(IDEMPOTENCY_KEY, key);
    }
    if call.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = call.body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let request = request.extension(KnownCaller(Caller::on_the_machine(uid))).body(body);
    let request = request.map_err(|error| format!("not a request: {error}"))?;
    let Ok(response) = api.call(request).await;
    let (status, replayed) = (response.status().as_u16(), response.headers().contains_key(REPLAYED));
    let octets_max = usize::try_from(ANSWER_OCTETS_MAX / 2).unwrap_or(usize::MAX);
    let octets = to_bytes(response.into_body(), octets_max).await.map_err(|error| error.to_string())?;
    let body = serde_json::from_slice(&octets).unwrap_or(Value::Null);
    Ok(ApiReply { status, body, replayed })
}
