//! Charges: a chunk of them, and what of it is to be sent.

use super::Draft;
use super::counters::{negative, sum};
use crate::chunk::{Chunk, Intent};
use crate::database::Unavailable;
use crate::message::{QueueKey, put_short_id};
use crate::rows::{ExpiryRow, KeyRow, Row, ScheduledRow};
use crate::schema::{
    Family, LAST_SHORT_ID_KEY, account_id_key, account_name_key, instant_id_key, short_id_key,
};

impl Draft<'_> {
    /// Adds a chunk of charges. The answer is the id of its first message as the client will see it.
    pub(super) fn charge(&mut self, chunk: &Chunk) -> Result<u64, Unavailable> {
        if chunk.is_empty() {
            return Ok(self.changes.next_id);
        }
        let (account, total) = (chunk.account(), chunk.total());
        self.load(account, total.month, chunk.dispatches.iter().map(|(dispatch, _)| &**dispatch))?;
        for (dispatch, added) in &chunk.dispatches {
            let counters = self.dispatch_mut(account, dispatch);
            counters.messages += added.messages;
            counters.segments += added.segments;
            counters.cost = sum(counters.cost, added.cost);
        }
        *self.volume_mut(account, total.month) += u64::from(total.segments);
        let wallet = self.wallet_mut(account);
        wallet.balance = sum(wallet.balance, negative(total.amount));
        wallet.count(total.month, u64::from(total.segments));

        let first_id = self.take_ids(u64::from(chunk.count()));
        self.row.blocks.push((account, chunk.count()));
        let mut block = Vec::new();
        chunk.block.write_to(&chunk.block_header(), &mut block);
        self.batch.insert(Family::Cdrs, account_id_key(account, first_id), block);
        let first_visible_id =
            if chunk.header.short_ids { self.short_ids(chunk, first_id) } else { first_id };
        for key in &chunk.keys {
            let message_id = first_visible_id + u64::from(key.index);
            let row = KeyRow { message_id, fingerprint: key.fingerprint, expires_at: key.expires_at };
            self.batch.insert(Family::Keys, account_name_key(account, &key.key), row.to_bytes());
        }
        for (index, intent, body) in chunk.intents.iter() {
            let ids = (first_id + u64::from(index), first_visible_id + u64::from(index));
            self.intend(ids, &intent, body);
        }
        Ok(first_visible_id)
    }

    /// Puts a message into its queue, or among the scheduled ones.
    fn intend(&mut self, (message_id, visible_id): (u64, u64), intent: &Intent, body: &[u8]) {
        let Intent { home, class, scheduled_at, expires_at } = *intent;
        // One octet more for the id that is not given again; it is then exact, and handed over without a copy.
        let mut bytes = Vec::with_capacity(body.len() + 1);
        put_short_id(&mut bytes, message_id, visible_id);
        bytes.extend_from_slice(body);
        if let Some(at) = scheduled_at {
            let row = ScheduledRow { home, class, bytes: bytes.into_boxed_slice() };
            self.batch.insert(Family::Scheduled, instant_id_key(at, message_id), row.to_bytes());
        } else {
            self.batch.insert(Family::Queue, QueueKey { home, class, message_id }.to_bytes(), bytes);
            self.changes.news.queued = true;
        }
        if let Some(at) = expires_at {
            let row = ExpiryRow { home, class, scheduled_at };
            self.batch.insert(Family::Expiries, instant_id_key(at, message_id), row.to_bytes());
        }
    }

    /// Gives 32-bit ids to a chunk's messages. They begin again at one rather than wrap inside a chunk.
    fn short_ids(&mut self, chunk: &Chunk, first_id: u64) -> u64 {
        let before = self.changes.last_short_id;
        let first = if before.checked_add(chunk.count()).is_some() { before + 1 } else { 1 };
        for offset in 0..chunk.count() {
            let key = short_id_key(chunk.account(), first + offset);
            let id = first_id + u64::from(offset);
            self.batch.insert(Family::ShortIds, key, id.to_be_bytes().to_vec());
        }
        let last = first + chunk.count() - 1;
        self.changes.last_short_id = last;
        let (value, old) = (last.to_be_bytes().to_vec(), before.to_be_bytes().to_vec());
        self.batch.replace(Family::Meta, LAST_SHORT_ID_KEY, value, Some(old));
        u64::from(first)
    }
}
