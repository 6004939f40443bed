//! Measures what a relayed message costs the state machine: durable, leased, sent, answered, its receipt, the receipt to
//! the gateway and its acknowledgement, with the commits between them. `cargo run --release --example life`.
#![expect(clippy::print_stdout, reason = "the result of a measurement is its output")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tollgate_delivery::{
    Addresses, Answer, BindNumber, CommitResult, Configuration, Delivery, Effect, Event, EventOutcome,
    GatewayReceipt, Input, LinkNumber, Message, MessageKey, Now, OperatorSettings, Receipt, Restored,
    Settings, UnknownPolicy,
};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::breaker::BreakerConfig;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::{NetworkCode, NetworksBuilder};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::routing::Routes;
use tollgate_engine::settlement::{Outcome, ReceiptState};
use tollgate_engine::time::UnixMicros;

const MESSAGES: u64 = 1_000_000;
const CHUNK: u64 = 200;
const OPERATOR: OperatorNumber = OperatorNumber(1);
const LINK: LinkNumber = LinkNumber(1);
const BIND: BindNumber = BindNumber(1);
const ACCOUNT: AccountNumber = AccountNumber(1);

/// The shell's part, which is not measured but for the making of inputs.
struct Shell {
    delivery: Delivery,
    at: u64,
    spent: Duration,
    sent: Vec<(u64, u32, Arc<Message>)>,
    batches: Vec<Arc<tollgate_delivery::Batch>>,
    receipts: Vec<u64>,
    acknowledged: u64,
    last_receipt: u64,
}

impl Shell {
    fn now(&self) -> Now {
        let at = UnixMicros(1_700_000_000_000_000 + self.at);
        Now { steady: at, date: at, due: at }
    }

    fn turn(&mut self, inputs: Vec<Input>) -> Result<(), Box<dyn Error>> {
        self.at += 20;
        let now = self.now();
        let begun = Instant::now();
        for input in inputs {
            self.delivery.handle(input, now);
        }
        self.delivery.advance(now);
        let mut effects = Vec::with_capacity(64);
        effects.extend(std::iter::from_fn(|| self.delivery.poll_effect()));
        self.spent += begun.elapsed();
        for effect in effects {
            match effect {
                Effect::Commit(batch) => self.batches.push(batch),
                Effect::Send { message, attempt, .. } => self.sent.push((message.key.id, attempt, message)),
                Effect::Acknowledge { .. } => self.acknowledged += 1,
                Effect::SendReceipt { receipt, .. } => self.receipts.push(receipt.id),
                Effect::Read(read) => {
                    return Err(format!("nothing is on disk, and yet it is read: {read:?}").into());
                }
                Effect::Report(_) => {}
            }
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Box<dyn Error>> {
        for batch in std::mem::take(&mut self.batches) {
            let mut gateway_receipts = Vec::new();
            let outcomes = batch.events.iter().map(|event| match event {
                Event::Leased { .. } => EventOutcome::Leased { dropped: Vec::new(), replaced: Vec::new() },
                Event::Receipt(receipt) => {
                    self.last_receipt += 1;
                    gateway_receipts.push(GatewayReceipt {
                        id: self.last_receipt,
                        account: ACCOUNT,
                        message_id: receipt.message_id,
                        content: [].into(),
                    });
                    EventOutcome::Settled { outcome: Outcome::Delivered, accepted_at: None }
                }
                _ => EventOutcome::Done,
            });
            let result = CommitResult::Durable(outcomes.collect());
            self.turn(vec![
                Input::Committed { batch: batch.number, result },
                Input::GatewayReceipts(gateway_receipts),
            ])?;
        }
        Ok(())
    }
}

fn message(id: u64, network: NetworkCode, currency: Currency) -> Arc<Message> {
    Arc::new(Message {
        key: MessageKey { first_choice: OPERATOR, class: 3, id },
        account: ACCOUNT,
        account_id: Arc::from("account"),
        network,
        addresses: Addresses::new(format!("2547{id:08}").as_bytes(), b"Shop"),
        data_coding: 0,
        segments: 1,
        price: Amount::from_micros(20_000),
        currency,
        spread: id,
        long_message: None,
        submitted_at: UnixMicros(1_700_000_000_000_000),
        scheduled_at: None,
        expires_at: None,
        wants_receipt: true,
        row: vec![7; 120].into(),
    })
}

fn receipt_of(id: u64) -> Arc<Receipt> {
    Arc::new(Receipt {
        id: format!("{:x}", 3_000_000_000 + id).into_bytes(),
        other_id: None,
        state: ReceiptState::Delivered,
        is_intermediate: false,
        source: format!("2547{id:08}").into_bytes().into(),
        destination: b"Shop".to_vec().into(),
        detail: [].into(),
    })
}

fn configuration(network: NetworkCode, currency: Currency) -> Result<Configuration, Box<dyn Error>> {
    let operator = OperatorSettings {
        throughput_per_second: None,
        receipts: true,
        retries: 1,
        unknown_outcome: None,
        receipt_ids: ReceiptIdFormat::Any,
        currency,
    };
    let mut networks = NetworksBuilder::new();
    networks.intern(network)?;
    let hour = 3_600_000_000;
    Ok(Configuration {
        settings: Settings {
            queue_messages_in_memory: 100_000,
            scheduled_in_memory: 10_000,
            accepted_in_memory: 100_000,
            unmatched_max: 100_000,
            max_validity_micros: 48 * hour,
            retry_min_micros: 1_000_000,
            retry_max_micros: 60_000_000,
            attempts: 6,
            unknown_outcome: UnknownPolicy::Resend,
            unknown_outcome_micros: 60_000_000,
            receipt_timeout_micros: 72 * hour,
            unmatched_micros: 2_000_000,
            breaker: BreakerConfig {
                failures: 10,
                failure_percent: 50,
                minimum_responses: 10,
                open_for_micros: 1_000_000,
                open_for_max_micros: 64_000_000,
                probes: 1,
            },
            health_look_micros: 1_000_000,
            overdue_look_micros: 600_000_000,
            health_sample_micros: 60_000_000,
            receipt_retry_micros: 1_000_000,
            overflow_after_micros: None,
        },
        routes: Arc::new(Routes::default()),
        networks: Arc::new(networks.build()),
        operators: BTreeMap::from([(OPERATOR, operator)]),
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let network = NetworkCode::new("639", "02").ok_or("the network has no such code")?;
    let currency = Currency::new("EUR").ok_or("the currency has no such code")?;
    let now = Now {
        steady: UnixMicros(1_700_000_000_000_000),
        date: UnixMicros(1_700_000_000_000_000),
        due: UnixMicros(1_700_000_000_000_000),
    };
    let delivery = Delivery::new(Arc::new(configuration(network, currency)?), Restored::default(), now);
    let mut shell = Shell {
        delivery,
        at: 0,
        spent: Duration::ZERO,
        sent: Vec::new(),
        batches: Vec::new(),
        receipts: Vec::new(),
        acknowledged: 0,
        last_receipt: 0,
    };
    let window = u32::try_from(CHUNK * 2)?;
    shell.turn(vec![
        Input::LinkUp { link: LINK, operator: OPERATOR, window },
        Input::Bound { bind: BIND, account: ACCOUNT, window },
    ])?;
    let mut next = 1;
    while next <= MESSAGES {
        let chunk: Vec<_> = (next..next + CHUNK).map(|id| message(id, network, currency)).collect();
        next += CHUNK;
        shell.turn(vec![Input::Durable(chunk)])?;
        shell.commit()?;
        let sent = std::mem::take(&mut shell.sent);
        let answers = sent.iter().map(|(id, attempt, _)| {
            let upstream_id = format!("{:x}", 3_000_000_000 + id).into_bytes();
            let answer = Answer::Response { status: 0, upstream_id };
            Input::Answered { link: LINK, message_id: *id, attempt: *attempt, answer }
        });
        let answers = answers.collect();
        shell.turn(answers)?;
        shell.commit()?;
        let receipts = sent.iter().zip(1..).map(|((id, ..), sequence)| Input::Receipt {
            link: LINK,
            sequence,
            receipt: receipt_of(*id),
        });
        let receipts = receipts.collect();
        shell.turn(receipts)?;
        shell.commit()?;
        let answered = std::mem::take(&mut shell.receipts).into_iter();
        let answered =
            answered.map(|receipt| Input::ReceiptAnswered { bind: BIND, receipt, status: Some(0) });
        let answered = answered.collect();
        shell.turn(answered)?;
        shell.commit()?;
    }
    if shell.acknowledged != MESSAGES {
        return Err(format!("of {MESSAGES} receipts {} were acknowledged", shell.acknowledged).into());
    }
    let nanos = shell.spent.as_nanos() / u128::from(MESSAGES);
    println!("{MESSAGES} lives of messages, {nanos} ns each");
    Ok(())
}
