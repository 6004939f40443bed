//! The messages to send, drawn from the texts and the numbering plan; equal seeds draw equal messages.

use std::ops::Range;
use std::sync::Arc;

use bytes::BytesMut;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use rusmpp::pdus::SubmitSm;
use rusmpp::tlvs::{MessageSubmissionRequestTlvValue, TlvTag};
use rusmpp::types::{AnyOctetString, COctetString};
use rusmpp::values::RegisteredDelivery;

use super::destinations::{Destinations, Digits, unassigned};
use super::messages::{LongText, submissions, texts, too_long};
use super::template::{Key, Template};

/// registered_delivery of a message that asks for a receipt (SMPP 3.4 §5.2.17).
const RECEIPT: u8 = 1;

/// The kind of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Mix {
    /// Texts as businesses send them: many languages, long ones in several parts.
    #[default]
    Real,
    /// Codes of one GSM-7 segment each.
    Short,
    /// Real ones, and among a hundred about two that must be refused: to nowhere, too long, or malformed.
    Flawed,
}

/// The settings by which messages are made.
#[derive(Clone, Debug, Default)]
pub struct MessageOptions {
    /// The kind of messages.
    pub mix: Mix,
    /// The sender, at most 20 ASCII characters.
    pub source: String,
    /// Tag of the TLV in which every message carries an idempotency key; `None` for no keys.
    pub key_tag: Option<u16>,
    /// Tag and value of the TLV that names a dispatch; `None` for none.
    pub dispatch: Option<(u16, String)>,
    /// True if every message asks for a receipt.
    pub receipts: bool,
}

/// The reason for which there is nothing to send.
#[derive(Debug, thiserror::Error)]
pub enum TrafficError {
    /// The texts in the binary are broken.
    #[error("the sample texts: {0}")]
    Texts(#[from] csv::Error),
    /// The sender does not fit into a source address.
    #[error("{0:?} is no sender: at most 20 ASCII characters")]
    Source(String),
}

/// Every message that may be sent. Shared by all binds.
pub struct Traffic {
    templates: Vec<Template>,
    units: Vec<Unit>,
    /// Indices into `units`, each as often as its weight says.
    lots: Vec<u16>,
    destinations: Destinations,
}

/// Messages that go out one after the other to one destination.
struct Unit {
    templates: Range<u32>,
    to: To,
}

#[derive(Clone, Copy)]
enum To {
    NumberingPlan,
    Nowhere,
}

/// A message on its way out; enough to send the same one again.
#[derive(Clone, Copy, Default)]
pub struct Message {
    /// Index of the template.
    pub template: u32,
    /// The number that it goes to.
    pub destination: Digits,
    /// Its place in its stream, from zero.
    pub number: u64,
}

impl Traffic {
    /// Encodes every message that may come up.
    pub fn new(options: &MessageOptions, destinations: Destinations) -> Result<Self, TrafficError> {
        let source = COctetString::from_string(options.source.clone())
            .map_err(|_| TrafficError::Source(options.source.clone()))?;
        let mut traffic = Self { templates: Vec::new(), units: Vec::new(), lots: Vec::new(), destinations };
        for (index, text) in (0_u8..=u8::MAX).cycle().zip(texts()?) {
            let long = if index % 2 == 0 { LongText::Parts } else { LongText::Payload };
            let submissions = submissions(&text.text, &source, long, index);
            let (typical, short) = (text.kind != "article", is_short_code(&text.kind, &submissions));
            if options.mix != Mix::Short || short {
                let templates = submissions.into_iter().map(|submit| options.template(submit)).collect();
                traffic.add(templates, To::NumberingPlan, if typical { 8 } else { 1 });
            }
        }
        if options.mix == Mix::Flawed {
            traffic.add_flaws(options, &source);
        }
        Ok(traffic)
    }

    fn add_flaws(&mut self, options: &MessageOptions, source: &COctetString<1, 21>) {
        let plain = || submissions("Are you there?", source, LongText::Parts, 0).into_iter();
        let to_nowhere = plain().map(|submit| options.template(submit)).collect();
        let broken_off = plain().map(|submit| options.template(submit).without_last(4)).collect();
        self.add(to_nowhere, To::Nowhere, 4);
        self.add(broken_off, To::NumberingPlan, 2);
        self.add(vec![options.template(too_long(source))], To::NumberingPlan, 1);
    }

    fn add(&mut self, templates: Vec<Template>, to: To, weight: usize) {
        let count = |items: usize| u32::try_from(items).unwrap_or(u32::MAX);
        let first = count(self.templates.len());
        self.templates.extend(templates);
        let unit = u16::try_from(self.units.len()).unwrap_or(u16::MAX);
        self.units.push(Unit { templates: first..count(self.templates.len()), to });
        self.lots.extend(std::iter::repeat_n(unit, weight));
    }

    /// The first `count` messages of a stream, as they go over the wire; for measuring without a connection.
    pub fn wire(self: &Arc<Self>, seed: u64, count: u32) -> Vec<u8> {
        let mut stream = MessageStream::new(Arc::clone(self), seed, 0);
        let mut out = BytesMut::new();
        for sequence in 1..=count {
            let message = stream.draw();
            self.template(&message).write(&mut out, sequence, message.destination.as_bytes(), Key::default);
        }
        out.into()
    }

    /// The template that `message` is sent as.
    pub fn template(&self, message: &Message) -> &Template {
        &self.templates[message.template as usize]
    }
}

impl MessageOptions {
    fn template(&self, mut submit: SubmitSm) -> Template {
        if let Some((tag, id)) = &self.dispatch {
            submit.push_tlv(MessageSubmissionRequestTlvValue::Other {
                tag: TlvTag::Other(*tag),
                value: AnyOctetString::from_slice(id.as_bytes()),
            });
        }
        if self.receipts {
            submit.registered_delivery = RegisteredDelivery::from(RECEIPT);
        }
        Template::new(submit, self.key_tag)
    }
}

fn is_short_code(kind: &str, submissions: &[SubmitSm]) -> bool {
    let gsm7 = |submit: &SubmitSm| u8::from(submit.data_coding) == 0;
    kind == "code" && matches!(submissions, [only] if gsm7(only))
}

/// An endless stream of messages; one for each bind.
pub struct MessageStream {
    traffic: Arc<Traffic>,
    random: Pcg64Mcg,
    /// The templates left of the unit that was begun.
    templates: Range<u32>,
    destination: Digits,
    number: u64,
}

impl MessageStream {
    /// The stream of one bind. Equal seeds and equal binds give equal streams.
    pub fn new(traffic: Arc<Traffic>, seed: u64, bind: u64) -> Self {
        let random = Pcg64Mcg::new((u128::from(seed) << 64) | u128::from(bind));
        Self { traffic, random, templates: 0..0, destination: Digits::default(), number: 0 }
    }

    /// The next message.
    pub fn draw(&mut self) -> Message {
        let template = self.templates.next().unwrap_or_else(|| self.begin_unit());
        let number = self.number;
        self.number += 1;
        Message { template, destination: self.destination, number }
    }

    fn begin_unit(&mut self) -> u32 {
        let lot = self.random.random_range(0..self.traffic.lots.len());
        let unit = &self.traffic.units[usize::from(self.traffic.lots[lot])];
        self.destination = match unit.to {
            To::NumberingPlan => self.traffic.destinations.pick(&mut self.random),
            To::Nowhere => unassigned(&mut self.random),
        };
        self.templates = unit.templates.clone();
        self.templates.next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
