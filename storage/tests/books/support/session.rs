//! A session as storage sees one: it debits a wallet, fills chunks and hears what became of them.

use std::sync::Arc;

use tokio::sync::mpsc;
use tollgate_engine::account::DeliveryMode;
use tollgate_engine::money::{Amount, Currency, Discount};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::pumping::PumpingOverrides;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::settlement::SettlementTerms;
use tollgate_engine::tables::NetworkSource;
use tollgate_engine::tariff::{Plan, UnitPrice, VolumeTier};
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::{Leg, Posting, Wallet};
use tollgate_storage::cdr::{CdrFields, CdrRoute, Source};
use tollgate_storage::chunk::{Chunk, ChunkHeader, ChunkOutcome, CommitOutcome, Intent};
use tollgate_storage::keys::{KeyRegistry, NewKey};
use tollgate_storage::message::{Address3, Content, Ticket};

use super::books::FAR;
use super::wait;

/// The month of the tests: November 2026.
pub const MONTH: Month = Month(2026 * 12 + 10);

/// A message that a test charges.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub segments: u8,
    /// Of a segment, in micros.
    pub price: i64,
    pub month: Month,
    pub network: NetworkCode,
    /// In international form.
    pub destination: &'a str,
    pub dispatch: Option<&'a [u8]>,
    /// Reserved by the test beforehand.
    pub key: Option<&'a [u8]>,
    /// The route that it is to take; `None` for a message that is charged only.
    pub route: Option<Route<'a>>,
}

/// The route that a message is to take.
#[derive(Clone, Copy, Debug)]
pub struct Route<'a> {
    pub first_choice: OperatorNumber,
    pub class: u8,
    pub scheduled_at: Option<UnixMicros>,
    pub expires_at: Option<UnixMicros>,
    pub terms: SettlementTerms,
    pub registered_delivery: u8,
    pub text: &'a [u8],
    /// True if the message moves more than its account's wallet.
    pub has_postings: bool,
}

impl Route<'_> {
    /// At once, for a receipt of any kind, on the usual terms.
    pub fn to(first_choice: OperatorNumber) -> Self {
        Self {
            first_choice,
            class: 3,
            scheduled_at: None,
            expires_at: None,
            terms: SettlementTerms::default(),
            registered_delivery: 0x11,
            text: b"hello",
            has_postings: false,
        }
    }
}

impl Default for Message<'_> {
    fn default() -> Self {
        Self {
            segments: 1,
            price: 50_000,
            month: MONTH,
            network: NetworkCode::new("639", "02").unwrap(),
            destination: "254722000001",
            dispatch: None,
            key: None,
            route: None,
        }
    }
}

pub struct Session {
    pub wallet: Arc<Wallet>,
    pub keys: Arc<KeyRegistry>,
    pub commit_outcomes: (mpsc::UnboundedSender<CommitOutcome>, mpsc::UnboundedReceiver<CommitOutcome>),
    pub plan: Plan,
}

impl Session {
    pub fn new(wallet: Arc<Wallet>, keys: Arc<KeyRegistry>) -> Self {
        Self { wallet, keys, commit_outcomes: mpsc::unbounded_channel(), plan: plan() }
    }

    /// An empty chunk, for long ids.
    pub fn chunk(&self) -> Box<Chunk> {
        self.chunk_with(UnixMicros(1), false)
    }

    pub fn chunk_with(&self, submitted_at: UnixMicros, short_ids: bool) -> Box<Chunk> {
        let (plan, countries) = (Arc::clone(&self.plan.name), Arc::default());
        let header = ChunkHeader { submitted_at, tariff: 1, plan, short_ids, countries };
        let (wallet, keys) = (Arc::clone(&self.wallet), Arc::clone(&self.keys));
        Box::new(Chunk::new(wallet, keys, header, self.commit_outcomes.0.clone()))
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
            unit: UnitPrice { price: Amount::from_micros(message.price), is_base: message.price > 0 },
            has_rate: true,
            month: message.month,
            segments: u32::from(message.segments),
        })?;
        chunk.push(&posting, &cdr(message, &posting));
        Self::follow(chunk, message, &posting);
        Ok(posting)
    }

    /// Adds to a charge that was pushed its intent and its key.
    pub fn follow(chunk: &mut Chunk, message: &Message<'_>, posting: &Posting) {
        if let Some(route) = message.route {
            let Route { first_choice, class, scheduled_at, expires_at, .. } = route;
            let body = body(message, &route, posting, chunk.header().submitted_at);
            chunk.push_intent(Intent { first_choice, class, scheduled_at, expires_at }, &body);
        }
        if let Some(key) = message.key {
            let index = chunk.count() - 1;
            chunk.push_key(NewKey {
                key: key.into(),
                fingerprint: 7,
                expires_at: FAR,
                index,
                refused: Vec::new(),
            });
        }
    }

    /// The next answer of storage.
    pub fn hear(&mut self) -> CommitOutcome {
        wait(self.commit_outcomes.1.recv()).expect("the session holds a sender")
    }

    /// The chunk that storage gives back next, and what became of it in the end.
    pub fn outcome(&mut self) -> (Box<Chunk>, ChunkOutcome) {
        loop {
            match self.hear() {
                CommitOutcome::Chunk(chunk, outcome) => return (chunk, outcome),
                CommitOutcome::InDoubt => {}
                other => panic!("not the outcome of a chunk: {other:?}"),
            }
        }
    }

    /// The first id of the chunk that comes back next, which has to be durable.
    pub fn first_id(&mut self) -> u64 {
        match self.outcome().1 {
            ChunkOutcome::Durable { first_visible_id } => first_visible_id,
            ChunkOutcome::NotDurable => panic!("the chunk is not durable"),
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
        common_rates: Vec::new(),
        settlement: SettlementTerms::default(),
        bundle_segments_count: false,
        delivery: DeliveryMode::Routed,
        pumping: PumpingOverrides::default(),
    }
}

pub fn cdr<'a>(message: &Message<'a>, posting: &Posting) -> CdrFields<'a> {
    CdrFields {
        destination: Number::from_digits(message.destination.as_bytes()).unwrap(),
        network: message.network,
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
        user_sms_id: None,
        route: message.route.map(|route| CdrRoute {
            first_choice: route.first_choice,
            class: route.class,
            scheduled_at: route.scheduled_at,
        }),
        beside: None,
    }
}

/// The message as it goes to its queue, without the id in front.
pub fn body(
    message: &Message<'_>,
    route: &Route<'_>,
    posting: &Posting,
    submitted_at: UnixMicros,
) -> Vec<u8> {
    let ticket = Ticket {
        account: posting.account,
        visible_id: 0,
        amount: posting.amount,
        segments: message.segments,
        month: posting.month,
        terms: route.terms,
        registered_delivery: route.registered_delivery,
        source: Address3 { ton: 5, npi: 0, digits: b"TOLLGATE" },
        destination: Address3 { ton: 1, npi: 1, digits: message.destination.as_bytes() },
        network: message.network,
        currency: Currency::new("USD").unwrap(),
        dispatch_id: message.dispatch,
        submitted_at,
        has_postings: route.has_postings,
    };
    let content = Content {
        service_type: b"",
        esm_class: 0,
        protocol_id: 0,
        priority_flag: 3 - route.class,
        replace_if_present: 0,
        data_coding: 0,
        default_message_id: 0,
        expires_at: route.expires_at,
        submitted_to: None,
        spread: 0,
        in_payload: false,
        payload: route.text,
        tlvs: b"",
    };
    let mut body = Vec::new();
    tollgate_storage::message::Message { ticket, content }.write_body(&mut body);
    body
}
