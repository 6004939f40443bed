//! The webhooks of the document: every type of event with its data, and what accounts' alert URLs get.

use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::events::data::{
    AccountEventData, AutoRechargeEventData, BundleEventData, CreditNoteEventData, EndpointEventData,
    InvoiceEventData, PaymentDisputeEventData, PaymentEventData, PaymentRefundEventData, StatementEventData,
    SubscriptionEventData, WalletEventData,
};
use crate::events::types::EventType;

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    PaymentEventData,
    PaymentRefundEventData,
    PaymentDisputeEventData,
    AutoRechargeEventData,
    SubscriptionEventData,
    InvoiceEventData,
    CreditNoteEventData,
    StatementEventData,
    WalletEventData,
    BundleEventData,
    AccountEventData,
    EndpointEventData,
)))]
struct Schemas;

/// The schemas of what events tell, which no route refers to.
pub(crate) fn schemas() -> OpenApi {
    Schemas::openapi()
}

/// The webhooks by name.
pub(crate) fn webhooks() -> Value {
    let mut webhooks: Map<String, Value> =
        EventType::ALL.iter().map(|kind| (kind.name().to_owned(), of_endpoints(*kind))).collect();
    webhooks.extend(of_alert_urls());
    Value::Object(webhooks)
}

/// The post of an event to an endpoint, as Standard Webhooks has it.
fn of_endpoints(kind: EventType) -> Value {
    let header = |name: &str, description: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": description,
            "schema": { "type": "string" },
        })
    };
    let account = Some("biz_test_001").filter(|_| kind != EventType::WebhookTest);
    let example = json!({
        "id": "evt_00063f1c2b4d5e00k3mqz", "type": kind.name(), "timestamp": "2026-11-21T08:00:00Z",
        "account": account, "data": kind.example(),
    });
    let schema = json!({
        "type": "object",
        "required": ["id", "type", "timestamp", "account", "data"],
        "properties": {
            "id": { "type": "string", "description": "The id of the event" },
            "type": { "type": "string", "const": kind.name(), "description": "The type of the event" },
            "timestamp": { "$ref": "#/components/schemas/Time" },
            "account": { "type": ["string", "null"], "description": "The account that it is about; null for the house" },
            "data": { "$ref": format!("#/components/schemas/{}", kind.family().schema()) },
        },
    });
    json!({ "post": {
        "tags": ["webhook endpoints"],
        "summary": kind.description(),
        "operationId": format!("event_{}", kind.name().replace('.', "_")),
        "security": [],
        "parameters": [
            header("webhook-id", "The id of the event: a post may come twice"),
            header("webhook-timestamp", "The seconds since 1970 at which it is posted"),
            header(
                "webhook-signature",
                "`v1,` and the HMAC-SHA256 of id, a full stop, timestamp, a full stop and body, in Base64; after a rotation \
                 two of them with a space between",
            ),
        ],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": schema, "example": example } },
        },
        "responses": {
            "200": { "description": "Any answer from 200 to 299 says that the event has come" },
            "default": { "description": "It is posted again, after longer and longer pauses" },
        },
    } })
}

/// The posts to the `alert_webhook_url` of accounts.
fn of_alert_urls() -> [(String, Value); 2] {
    let signature = json!({
        "name": "X-Tollgate-Signature", "in": "header", "required": true,
        "description": "`t=<seconds since 1970>,v1=<HMAC-SHA256 of the seconds, a full stop and the body>`",
        "schema": { "type": "string" },
    });
    let event_id = json!({
        "name": "X-Tollgate-Event", "in": "header", "required": true,
        "description": "The id of the event: a post may come twice", "schema": { "type": "string" },
    });
    let event = |data: Value| {
        json!({
            "type": "object",
            "required": ["id", "event", "created_at", "data"],
            "properties": {
                "id": { "type": "string", "description": "The id of the event" },
                "event": { "type": "string", "description": "The kind of event" },
                "created_at": { "$ref": "#/components/schemas/Time" },
                "data": data,
            },
        })
    };
    let post = |id: &str, summary: &str, data: Value| {
        json!({ "post": {
            "tags": ["alerts"], "summary": summary, "operationId": id, "security": [],
            "parameters": [signature.clone(), event_id.clone()],
            "requestBody": { "required": true, "content": { "application/json": { "schema": event(data) } } },
            "responses": {
                "200": { "description": "Any answer from 200 to 299 says that the event has come" },
                "default": { "description": "It is posted again, after longer and longer pauses" },
            },
        } })
    };
    let test = json!({
        "type": "object", "required": ["account"], "properties": { "account": { "type": "string" } },
    });
    let alert = json!({ "$ref": "#/components/schemas/Alert" });
    [
        (
            "alert_webhook_url:alert.raised".to_owned(),
            post("alert_raised", "An alert was raised, as the account's `alert_webhook_url` gets it", alert),
        ),
        (
            "alert_webhook_url:webhook.test".to_owned(),
            post("webhook_test", "A test of the account's `alert_webhook_url`", test),
        ),
    ]
}
