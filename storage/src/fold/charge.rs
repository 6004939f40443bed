//! Charges: a chunk of them, and its messages that are to be sent.

use super::ids::Ids;
use super::messages::Messages;
use super::output::Output;
use crate::chunk::{Body, Chunk, Intent};
use crate::database::Unavailable;
use crate::keys::NewKey;
use crate::message::{QueueKey, put_short_id};
use crate::rows::{ExpiryRow, KeyRow, Row, ScheduledRow};
use crate::schema::{Family, account_id_key, account_name_key, instant_id_key, short_id_key};
use crate::store::Store;

/// Rows that a chunk's rows replace: keys whose time has passed are used anew, and short ids begin again after four
/// thousand million.
struct Replaced {
    keys: Vec<Option<Vec<u8>>>,
    short_ids: Vec<Option<Vec<u8>>>,
}

impl Messages<'_> {
    /// Adds a chunk of charges; returns the id of its first message as the client will see it.
    pub fn charge(&mut self, chunk: &Chunk) -> Result<u64, Unavailable> {
        if chunk.is_empty() {
            return Ok(self.out.ids.next());
        }
        let (account, total) = (chunk.account(), chunk.total());
        self.books.counters.load(
            account,
            total.month,
            chunk.dispatches.iter().map(|(dispatch, _)| &**dispatch),
        )?;
        if let Some(beside) = &chunk.beside {
            self.books.load_chunk(beside)?;
        }
        let replaced = replaced(self.store, &self.out.ids, chunk)?;
        for (dispatch, added) in &chunk.dispatches {
            let counters = self.books.counters.dispatch_mut(account, dispatch);
            counters.messages += added.messages;
            counters.segments += added.segments;
            counters.cost += added.cost;
        }
        *self.books.counters.volume_mut(account, total.month) += u64::from(total.segments);
        let wallet = self.books.counters.wallet_mut(account);
        wallet.balance -= total.amount;
        wallet.count(total.month, u64::from(total.segments));
        if let Some(beside) = &chunk.beside {
            self.books.apply_chunk(beside);
        }

        let first_id = self.out.ids.take_block(account, chunk.count(), chunk.header.submitted_at);
        let mut block = Vec::new();
        chunk.block.write_to(&chunk.block_header(), &mut block);
        self.out.batch.insert(Family::Cdrs, account_id_key(account, first_id), block);
        self.books.series.charged(&mut self.out.batch, (account, first_id), &chunk.header.plan);
        let first_visible_id = if chunk.header.short_ids {
            short_ids(&mut self.out, chunk, first_id, replaced.short_ids)
        } else {
            first_id
        };
        for (key, before) in chunk.keys.iter().zip(replaced.keys) {
            let message_id = first_visible_id + u64::from(key.index);
            let row = KeyRow {
                message_id,
                fingerprint: key.fingerprint,
                expires_at: key.expires_at,
                short_id: None,
                refused: key.refused.clone(),
            };
            let key = account_name_key(account, &key.key);
            // A key whose time has passed is used anew, and its old row may still be there.
            self.out.batch.replace(Family::Keys, key, row.to_bytes(), before);
        }
        for (index, text) in &chunk.texts {
            let key = account_id_key(account, first_id + u64::from(*index));
            self.out.batch.insert(Family::MessageTexts, key, text.to_bytes());
        }
        for (index, intent, body) in chunk.intents.iter() {
            let ids = (first_id + u64::from(index), first_visible_id + u64::from(index));
            self.intend(ids, &intent, body);
        }
        Ok(first_visible_id)
    }

    /// Puts a message into its queue, or among the scheduled ones.
    fn intend(&mut self, (message_id, visible_id): (u64, u64), intent: &Intent, body: Body<'_>) {
        let Intent { first_choice, class, scheduled_at, expires_at } = *intent;
        // One octet more for the short id that is usually absent; the size is then exact, and no copy is
        // made.
        let [front, end] = body;
        let mut bytes = Vec::with_capacity(front.len() + end.len() + 1);
        put_short_id(&mut bytes, message_id, visible_id);
        bytes.extend_from_slice(front);
        bytes.extend_from_slice(end);
        if let Some(at) = scheduled_at {
            let row = ScheduledRow { first_choice, class, bytes: bytes.into_boxed_slice() };
            self.out.batch.insert(Family::Scheduled, instant_id_key(at, message_id), row.to_bytes());
        } else {
            self.out.batch.insert(
                Family::Queue,
                QueueKey { first_choice, class, message_id }.to_bytes(),
                bytes,
            );
            self.out.news.queued = true;
        }
        if let Some(at) = expires_at {
            let row = ExpiryRow { first_choice, class, scheduled_at };
            self.out.batch.insert(Family::Expiries, instant_id_key(at, message_id), row.to_bytes());
        }
    }
}

/// The rows that a chunk's rows replace, read before anything is changed.
fn replaced(store: &Store, ids: &Ids, chunk: &Chunk) -> Result<Replaced, Unavailable> {
    let account = chunk.account();
    let key = |key: &NewKey| store.get(Family::Keys, &account_name_key(account, &key.key));
    let keys = chunk.keys.iter().map(key).collect::<Result<_, _>>()?;
    if !chunk.header.short_ids {
        return Ok(Replaced { keys, short_ids: Vec::new() });
    }
    let first = ids.next_short(chunk.count());
    let short_id = |offset| store.get(Family::ShortIds, &short_id_key(account, first.saturating_add(offset)));
    let short_ids = (0..chunk.count()).map(short_id).collect::<Result<_, _>>()?;
    Ok(Replaced { keys, short_ids })
}

/// Gives 32-bit ids to a chunk's messages; returns the first.
fn short_ids(out: &mut Output, chunk: &Chunk, first_id: u64, replaced: Vec<Option<Vec<u8>>>) -> u64 {
    let first = out.take_short_ids(chunk.count());
    for (offset, before) in (0..chunk.count()).zip(replaced) {
        let key = short_id_key(chunk.account(), first + offset);
        let id = first_id + u64::from(offset);
        out.batch.replace(Family::ShortIds, key, id.to_be_bytes().to_vec(), before);
    }
    u64::from(first)
}
