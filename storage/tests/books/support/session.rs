//! A session as storage sees one: it debits a wallet, fills chunks and hears what became of them.

use std::sync::Arc;

use tokio::sync::mpsc;
use tollgate_engine::money::{Amount, Currency, Discount};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::tables::NetworkSource;
use tollgate_engine::tariff::{Plan, UnitPrice, VolumeTier};
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::{Leg, Posting, Wallet};
use tollgate_storage::cdr::{CdrFields, Source};
use tollgate_storage::chunk::{Chunk, ChunkHeader, Notice, Outcome};
use tollgate_storage::keys::{KeyRegistry, NewKey};

use super::books::FAR;
use super::wait;

/// November 2026.
pub const MONTH: Month = Month(2026 * 12 + 10);

/// What a test wants charged.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub segments: u8,
    pub month: Month,
    pub dispatch: Option<&'a [u8]>,
    /// Reserved by the test beforehand.
    pub key: Option<&'a [u8]>,
}

impl Default for Message<'_> {
    fn default() -> Self {
        Self { segments: 1, month: MONTH, dispatch: None, key: None }
    }
}

pub struct Session {
    pub wallet: Arc<Wallet>,
    pub keys: Arc<KeyRegistry>,
    pub notices: (mpsc::UnboundedSender<Notice>, mpsc::UnboundedReceiver<Notice>),
    plan: Plan,
}

impl Session {
    pub fn new(wallet: Arc<Wallet>, keys: Arc<KeyRegistry>) -> Self {
        Self { wallet, keys, notices: mpsc::unbounded_channel(), plan: plan() }
    }

    /// An empty chunk, for long ids.
    pub fn chunk(&self) -> Box<Chunk> {
        self.chunk_with(UnixMicros(1), false)
    }

    pub fn chunk_with(&self, submitted_at: UnixMicros, short_ids: bool) -> Box<Chunk> {
        let header = ChunkHeader { submitted_at, tariff: 1, plan: Arc::clone(&self.plan.name), short_ids };
        let (wallet, keys) = (Arc::clone(&self.wallet), Arc::clone(&self.keys));
        Box::new(Chunk::new(wallet, keys, header, self.notices.0.clone()))
    }

    /// A chunk of `count` plain messages, each a request of its own.
    pub fn chunk_of(&self, count: u32) -> Box<Chunk> {
        let mut chunk = self.chunk();
        for token in 0..count {
            self.charge(&mut chunk, &Message::default()).unwrap();
            chunk.push_request(u64::from(token), 1);
        }
        chunk
    }

    /// Debits the wallet as the engine does and puts the charge into the chunk.
    pub fn charge(&self, chunk: &mut Chunk, message: &Message<'_>) -> Result<Posting, Refusal> {
        let posting = Wallet::debit(&Leg {
            wallet: &self.wallet,
            credit_limit: Amount::ZERO,
            plan: &self.plan,
            unit: UnitPrice { price: Amount::from_micros(50_000), is_base: true },
            month: message.month,
            segments: u32::from(message.segments),
        })?;
        chunk.push(&posting, &cdr(message, &posting));
        if let Some(key) = message.key {
            let index = chunk.count() - 1;
            chunk.push_key(NewKey { key: key.into(), fingerprint: 7, expires_at: FAR, index });
        }
        Ok(posting)
    }

    /// What storage says next.
    pub fn hear(&mut self) -> Notice {
        wait(self.notices.1.recv()).expect("the session holds a sender")
    }

    /// The chunk that storage gives back next, and what became of it.
    pub fn outcome(&mut self) -> (Box<Chunk>, Outcome) {
        match self.hear() {
            Notice::Chunk(chunk, outcome) => (chunk, outcome),
            other => panic!("not the outcome of a chunk: {other:?}"),
        }
    }

    /// The first id of the chunk that comes back next, which has to be durable.
    pub fn first_id(&mut self) -> u64 {
        match self.outcome().1 {
            Outcome::Durable { first_visible_id } => first_visible_id,
            Outcome::NotDurable => panic!("the chunk is not durable"),
        }
    }
}

/// Segments 1 to 20 of a month at the full price, the others at four fifths of it.
fn plan() -> Plan {
    let tier = |from_segment, to_segment, percent: i64| VolumeTier {
        from_segment,
        to_segment,
        discount: Discount::from_percent(percent.into()).unwrap(),
        price_per_sms: None,
    };
    Plan {
        name: "starter".into(),
        currency: Currency::new("USD").unwrap(),
        time_zone: "UTC".to_owned(),
        base_price: Some(Amount::from_micros(50_000)),
        tiers: vec![tier(1, Some(20), 0), tier(21, None, 20)],
        rates: Vec::new(),
    }
}

fn cdr<'a>(message: &Message<'a>, posting: &Posting) -> CdrFields<'a> {
    CdrFields {
        destination: Number::from_digits(b"254722000001").unwrap(),
        network: NetworkCode::new("639", "02").unwrap(),
        network_source: NetworkSource::Prefix(6),
        segments: message.segments,
        data_coding: 0,
        esm_class: 0,
        registered_delivery: 1,
        amount: posting.amount,
        counted_before: posting.counted_before,
        source: Source { ton: 5, npi: 0, address: b"TOLLGATE" },
        dispatch_id: message.dispatch,
        idempotency_key: message.key,
        user_message_reference: None,
    }
}
