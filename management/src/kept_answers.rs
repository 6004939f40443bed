//! The answers to requests with an Idempotency-Key, kept as long as the key is.
//!
//! Two documents belong to an answer: itself by the request's key, and that key by the instant until which it is kept, by
//! which old ones are found.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::idempotency::{IdempotencyService, KeptAnswer};
use tollgate_api::keyed_request::KeyedRequest;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::Expected;
use tollgate_storage::clock::due;

use crate::change_set::keyed_use;
use crate::collections::ANSWERS;
use crate::context::Context;
use crate::documents::stored_document;
use crate::problems::{already_done, key_reused, problem_of, unavailable};

/// Prefix of the keys of answers.
const BY_KEY: &str = "k/";
/// Prefix of the keys by which old ones are found.
const BY_EXPIRY: &str = "e/";
/// Answers that one round removes; the next takes the rest.
const REMOVED_MAX: usize = 500;

/// The answers of all requests.
#[derive(Debug)]
pub struct KeptAnswers {
    context: Arc<Context>,
}

/// An answer with the request that it belongs to.
#[derive(Serialize, Deserialize)]
struct AnswerRecord {
    fingerprint: u64,
    expires_at: u64,
    answer: KeptAnswer,
}

impl IdempotencyService for KeptAnswers {
    fn answer_of(&self, caller: &Caller, request: &KeyedRequest) -> Answer<Option<KeptAnswer>> {
        let (used, store) = (keyed_use(&self.context, caller, request), self.context.store());
        let place = place_of(&used.key);
        let kept = stored_document::<AnswerRecord>(store, ANSWERS, &place)?.map(|(_, kept)| kept);
        if let Some(kept) = kept.filter(|kept| kept.expires_at > due().0) {
            if kept.fingerprint == used.fingerprint {
                return Ok(Some(kept.answer));
            }
            return Err(key_reused());
        }
        match store.requests().replay(&used, due()).map_err(|error| problem_of(&error))? {
            Some(_) => Err(already_done()),
            None => Ok(None),
        }
    }

    fn keep_answer(&self, caller: &Caller, request: &KeyedRequest, answer: KeptAnswer) -> Answer<()> {
        let used = keyed_use(&self.context, caller, request);
        let (place, expires_at) = (place_of(&used.key), used.expires_at.0);
        let record = AnswerRecord { fingerprint: used.fingerprint, expires_at, answer };
        let mut changes = self.context.change(caller);
        changes.document(ANSWERS, place.as_bytes(), Expected::Any, Some(&record));
        changes.document(ANSWERS, expiry_place(expires_at, &place).as_bytes(), Expected::Any, Some(&place));
        changes.commit().map(drop)
    }
}

impl KeptAnswers {
    /// The answers in the books of `context`.
    pub fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Removes answers whose time is over, some at a time. Nobody's change, so that the audit log does not name it.
    pub fn remove_expired(&self) -> Answer<()> {
        let (end, mut over) = (expiry_place(due().0, ""), Vec::new());
        let store = self.context.store();
        let read = store.documents().list(ANSWERS, BY_EXPIRY.as_bytes(), None, |key, row| {
            if key >= end.as_bytes() || over.len() == REMOVED_MAX {
                return false;
            }
            over.push((key.to_vec(), serde_json::from_slice::<String>(&row.body).unwrap_or_default()));
            true
        });
        read.map_err(|error| unavailable(&error))?;
        if over.is_empty() {
            return Ok(());
        }
        let system = Caller::system();
        let mut changes = self.context.change(&system);
        for (key, place) in &over {
            let is_over = stored_document::<AnswerRecord>(store, ANSWERS, place)?;
            // The key may have been used anew since.
            if is_over.is_some_and(|(_, record)| UnixMicros(record.expires_at) <= due()) {
                changes.document::<AnswerRecord>(ANSWERS, place.as_bytes(), Expected::Any, None);
            }
            changes.document::<String>(ANSWERS, key, Expected::Any, None);
        }
        changes.commit().map(drop)
    }
}

fn place_of(key: &[u8]) -> String {
    format!("{BY_KEY}{}", hex::encode(key))
}

fn expiry_place(at: u64, place: &str) -> String {
    format!("{BY_EXPIRY}{at:020}/{place}")
}
