//! CDRs, in blocks: the messages that one session charged from one read of its socket.
//!
//! A block is one row. What its messages share stands once in front; after that a CDR takes some thirty
//! bytes. Message ids are not in it: the first is in the key and the others count on from there. The session
//! writes the block while it charges, so that the committer has only to copy it.
//!
//! ```text
//! block  = version u8 · count · submitted_at · tariff · month · plan (string) · CDR*
//! CDR    = flags u8 · destination (digit count u8, BCD) · network bits · prefix digits u8 · segments u8
//!          · data_coding u8 · esm_class u8 · registered_delivery u8 · amount · counted_before (signed, from expected)
//!          · [source: ton u8, npi u8, string] · [dispatch id] · [idempotency key] · [user_message_reference]
//!          · [route: first-choice operator, class u8, due (0: at once)] · [more, with its length in front]
//! ```
//! Numbers without a width are varints. Version 1 is version 2 without routes, version 2 is version 3 without `more`, which is
//! in `postings.rs`, and in version 3 no `more` refers to the one before it. A block is of version 5 where a message of it has
//! an id of the client's own, which is in `more` too (`user_id.rs`), and of version 4 otherwise.

mod postings;
mod route;
mod user_id;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::Beside;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::posting::Posting;
use tollgate_engine::tables::NetworkSource;
use tollgate_engine::time::{Month, UnixMicros};

use crate::codec::{Reader, put_bytes, put_signed, put_varint};

use postings::LastPostings;
pub use postings::{EncodedPostings, PostingsEncoder};
pub use route::CdrRoute;
pub use user_id::USER_SMS_ID_OCTETS_MAX;

const BLOCK_VERSION_WITH_USER_IDS: u8 = 5;
const BLOCK_VERSION: u8 = 4;
const BLOCK_VERSION_WITH_ALL_POSTINGS: u8 = 3;
const BLOCK_VERSION_WITHOUT_POSTINGS: u8 = 2;
const BLOCK_VERSION_WITHOUT_ROUTES: u8 = 1;

const SAME_SOURCE: u8 = 1;
const HAS_DISPATCH: u8 = 1 << 1;
const HAS_KEY: u8 = 1 << 2;
const HAS_REFERENCE: u8 = 1 << 3;
const NETWORK_BY_TLV: u8 = 1 << 4;
const NETWORK_PORTED: u8 = 1 << 5;
const HAS_ROUTE: u8 = 1 << 6;
const HAS_MORE: u8 = 1 << 7;

/// The fields that all CDRs of a block share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader<'a> {
    /// The time at which the messages were read off the socket.
    pub submitted_at: UnixMicros,
    /// The tariff version that priced them, as numbered in `tariffs`.
    pub tariff: u32,
    /// The calendar month that their segments count in.
    pub month: Month,
    /// The account's plan at that time.
    pub plan: &'a str,
}

/// A source address (SMPP 3.4 §5.2.5 to §5.2.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source<'a> {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan indicator.
    pub npi: u8,
    /// The address as submitted.
    pub address: &'a [u8],
}

/// One message in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CdrFields<'a> {
    /// The destination in international form.
    pub destination: Number,
    /// The destination's network.
    pub network: NetworkCode,
    /// The source from which the network is known.
    pub network_source: NetworkSource,
    /// The number of segments charged.
    pub segments: u8,
    /// The data_coding as submitted.
    pub data_coding: u8,
    /// The esm_class as submitted.
    pub esm_class: u8,
    /// The registered_delivery as submitted.
    pub registered_delivery: u8,
    /// The price of all segments, debited.
    pub amount: Amount,
    /// Segments of the month that the account had before this message.
    pub counted_before: u64,
    /// The source address.
    pub source: Source<'a>,
    /// The dispatch that the message belongs to.
    pub dispatch_id: Option<&'a [u8]>,
    /// The client's key against charging twice.
    pub idempotency_key: Option<&'a [u8]>,
    /// SMPP 3.4 §5.3.2.17.
    pub user_message_reference: Option<u16>,
    /// The client's own id for the message, of 1 to [`USER_SMS_ID_OCTETS_MAX`] octets.
    pub user_sms_id: Option<&'a [u8]>,
    /// `None` for a message that is charged and not handed to anyone.
    pub route: Option<CdrRoute>,
    /// The postings beside the account's wallet; `None` where there are none. [`Cdr::beside`] has them read.
    pub beside: Option<EncodedPostings<'a>>,
}

/// One message, with what its block says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cdr<'a> {
    /// The message's id.
    pub message_id: u64,
    /// The account that paid.
    pub account: AccountNumber,
    /// Of the block.
    pub header: BlockHeader<'a>,
    /// Of the message.
    pub fields: CdrFields<'a>,
}

impl Cdr<'_> {
    /// Everything that the message moved, where that is more than its account's wallet. Soft caps that it exceeded are not
    /// among it.
    pub fn beside(&self) -> Option<Beside> {
        // It was read once when the CDR was.
        self.fields.beside?.decode(self.posting())
    }

    /// The posting on the account's wallet. Where bundles cover segments, [`Self::beside`] says how many of them count.
    pub fn posting(&self) -> Posting {
        let (CdrFields { amount, counted_before, segments, .. }, month) = (self.fields, self.header.month);
        Posting { account: self.account, amount, month, counted_before, segments: u32::from(segments) }
    }
}

/// Writes one block, CDR by CDR.
#[derive(Debug, Default)]
pub struct BlockWriter {
    body: Vec<u8>,
    count: u32,
    expected_count: u64,
    source: Vec<u8>,
    source_kind: (u8, u8),
    postings: LastPostings,
    /// True if a message has an id of the client's own.
    has_user_ids: bool,
}

impl BlockWriter {
    /// Adds a message at the end.
    pub fn push(&mut self, cdr: &CdrFields<'_>) {
        let same_source = self.count > 0
            && self.source_kind == (cdr.source.ton, cdr.source.npi)
            && self.source == cdr.source.address;
        let out = &mut self.body;
        out.push(flags(cdr, same_source));
        put_number(out, &cdr.destination);
        put_varint(out, u64::from(cdr.network.to_bits()));
        out.push(match cdr.network_source {
            NetworkSource::Prefix(digits) => digits,
            NetworkSource::Tlv | NetworkSource::Ported => 0,
        });
        out.extend_from_slice(&[cdr.segments, cdr.data_coding, cdr.esm_class, cdr.registered_delivery]);
        put_signed(out, cdr.amount.micros());
        put_signed(out, cdr.counted_before.wrapping_sub(self.expected_count).cast_signed());
        if !same_source {
            out.extend_from_slice(&[cdr.source.ton, cdr.source.npi]);
            put_bytes(out, cdr.source.address);
            self.source.clear();
            self.source.extend_from_slice(cdr.source.address);
            self.source_kind = (cdr.source.ton, cdr.source.npi);
        }
        for name in [cdr.dispatch_id, cdr.idempotency_key].into_iter().flatten() {
            put_bytes(out, name);
        }
        if let Some(reference) = cdr.user_message_reference {
            out.extend_from_slice(&reference.to_be_bytes());
        }
        if let Some(route) = &cdr.route {
            route.write_to(out);
        }
        match (cdr.user_sms_id, cdr.beside) {
            (None, None) => {}
            (None, Some(beside)) => self.postings.put_more(out, beside),
            (Some(id), beside) => {
                self.has_user_ids = true;
                user_id::put_more(out, id, beside, &mut self.postings);
            }
        }
        self.count += 1;
        self.expected_count = cdr.counted_before.wrapping_add(u64::from(cdr.segments));
    }

    /// Messages so far.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Bytes so far, the header aside.
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// True if nothing was pushed yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Starts a new block, keeping the memory.
    pub fn clear(&mut self) {
        self.body.clear();
        self.source.clear();
        self.postings.clear();
        self.has_user_ids = false;
        self.count = 0;
        self.expected_count = 0;
    }

    /// Appends the whole block to `out`.
    pub fn write_to(&self, header: &BlockHeader<'_>, out: &mut Vec<u8>) {
        out.reserve(self.body.len() + 64);
        out.push(if self.has_user_ids { BLOCK_VERSION_WITH_USER_IDS } else { BLOCK_VERSION });
        put_varint(out, u64::from(self.count));
        put_varint(out, header.submitted_at.0);
        put_varint(out, u64::from(header.tariff));
        put_varint(out, u64::from(header.month.0));
        put_bytes(out, header.plan.as_bytes());
        out.extend_from_slice(&self.body);
    }
}

fn flags(cdr: &CdrFields<'_>, same_source: bool) -> u8 {
    let network = match cdr.network_source {
        NetworkSource::Tlv => NETWORK_BY_TLV,
        NetworkSource::Ported => NETWORK_PORTED,
        NetworkSource::Prefix(_) => 0,
    };
    let set = |present: bool, flag: u8| if present { flag } else { 0 };
    network
        | set(same_source, SAME_SOURCE)
        | set(cdr.dispatch_id.is_some(), HAS_DISPATCH)
        | set(cdr.idempotency_key.is_some(), HAS_KEY)
        | set(cdr.user_message_reference.is_some(), HAS_REFERENCE)
        | set(cdr.route.is_some(), HAS_ROUTE)
        | set(cdr.beside.is_some() || cdr.user_sms_id.is_some(), HAS_MORE)
}

/// Digits two to a byte, the first in the high half.
fn put_number(out: &mut Vec<u8>, number: &Number) {
    let digits = number.as_bytes();
    out.push(u8::try_from(digits.len()).unwrap_or(u8::MAX));
    for pair in digits.chunks(2) {
        let low = pair.get(1).map_or(0, |digit| digit & 0x0F);
        out.push((pair[0] & 0x0F) << 4 | low);
    }
}

fn take_number(reader: &mut Reader<'_>) -> Option<Number> {
    let count = usize::from(reader.u8()?);
    let packed = reader.take(count.div_ceil(2))?;
    let mut digits = [0; 16];
    for (pair, byte) in digits.chunks_mut(2).zip(packed) {
        pair[0] = b'0' + (byte >> 4);
        pair[1] = b'0' + (byte & 0x0F);
    }
    Number::from_digits(digits.get(..count)?)
}

/// Reads one block, CDR by CDR. It ends early on bytes that are not a block's; [`Self::is_sound`] is then
/// `false`.
#[derive(Clone, Debug)]
pub struct BlockReader<'a> {
    account: AccountNumber,
    next_id: u64,
    left: u32,
    /// Flags that no message of the block's version has.
    unused: u8,
    header: BlockHeader<'a>,
    rest: Reader<'a>,
    expected_count: u64,
    source: Source<'a>,
    /// The postings of the last message that has some.
    postings: Option<EncodedPostings<'a>>,
    /// True if every message that has postings has all of their octets.
    has_all_postings: bool,
    /// True if messages may have ids of the client's own.
    has_user_ids: bool,
}

impl<'a> BlockReader<'a> {
    /// Of the row with this key and value.
    pub fn new(account: AccountNumber, first_id: u64, value: &'a [u8]) -> Option<Self> {
        let mut rest = Reader(value);
        let version = rest.u8()?;
        let unused = match version {
            BLOCK_VERSION_WITH_USER_IDS | BLOCK_VERSION | BLOCK_VERSION_WITH_ALL_POSTINGS => 0,
            BLOCK_VERSION_WITHOUT_POSTINGS => HAS_MORE,
            BLOCK_VERSION_WITHOUT_ROUTES => HAS_MORE | HAS_ROUTE,
            _ => return None,
        };
        let left = rest.varint_u32()?;
        let header = BlockHeader {
            submitted_at: UnixMicros(rest.varint()?),
            tariff: rest.varint_u32()?,
            month: Month(rest.varint_u32()?),
            plan: rest.text()?,
        };
        Some(Self {
            account,
            next_id: first_id,
            left,
            unused,
            header,
            rest,
            expected_count: 0,
            source: Source::default(),
            postings: None,
            has_all_postings: version < BLOCK_VERSION,
            has_user_ids: version == BLOCK_VERSION_WITH_USER_IDS,
        })
    }

    /// The fields that the messages share.
    pub fn header(&self) -> BlockHeader<'a> {
        self.header
    }

    /// The id of the message that is read next.
    pub fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Messages not yet read.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// True if every message was read and nothing is left over.
    pub fn is_sound(&self) -> bool {
        self.left == 0 && self.rest.is_empty()
    }

    fn fields(&mut self) -> Option<CdrFields<'a>> {
        let rest = &mut self.rest;
        let flags = rest.u8()?;
        if flags & self.unused != 0 {
            return None;
        }
        let destination = take_number(rest)?;
        let network = NetworkCode::from_bits(rest.varint_u32()?)?;
        let prefix = rest.u8()?;
        let (segments, data_coding, esm_class) = (rest.u8()?, rest.u8()?, rest.u8()?);
        let registered_delivery = rest.u8()?;
        let amount = Amount::from_micros(rest.signed()?);
        let counted_before = self.expected_count.wrapping_add(rest.signed()?.cast_unsigned());
        if flags & SAME_SOURCE == 0 {
            self.source = Source { ton: rest.u8()?, npi: rest.u8()?, address: rest.bytes()? };
        }
        let dispatch_id = if flags & HAS_DISPATCH == 0 { None } else { Some(rest.bytes()?) };
        let idempotency_key = if flags & HAS_KEY == 0 { None } else { Some(rest.bytes()?) };
        let user_message_reference = if flags & HAS_REFERENCE == 0 {
            None
        } else {
            Some(u16::from_be_bytes(rest.take(2)?.try_into().ok()?))
        };
        let route = if flags & HAS_ROUTE == 0 { None } else { Some(CdrRoute::take(rest)?) };
        let (user_sms_id, beside) = if flags & HAS_MORE == 0 {
            (None, None)
        } else {
            let last = self.postings.filter(|_| !self.has_all_postings);
            let (id, beside) = user_id::take_more(rest, last, self.has_user_ids)?;
            self.postings = beside.or(self.postings);
            (id, beside)
        };
        self.expected_count = counted_before.wrapping_add(u64::from(segments));
        Some(CdrFields {
            destination,
            network,
            network_source: network_source(flags, prefix),
            segments,
            data_coding,
            esm_class,
            registered_delivery,
            amount,
            counted_before,
            source: self.source,
            dispatch_id,
            idempotency_key,
            user_message_reference,
            user_sms_id,
            route,
            beside,
        })
    }
}

fn network_source(flags: u8, prefix: u8) -> NetworkSource {
    match flags & (NETWORK_BY_TLV | NETWORK_PORTED) {
        0 => NetworkSource::Prefix(prefix),
        NETWORK_BY_TLV => NetworkSource::Tlv,
        _ => NetworkSource::Ported,
    }
}

impl<'a> Iterator for BlockReader<'a> {
    type Item = Cdr<'a>;

    fn next(&mut self) -> Option<Cdr<'a>> {
        if self.left == 0 {
            return None;
        }
        let fields = self.fields()?;
        self.left -= 1;
        let message_id = self.next_id;
        self.next_id += 1;
        Some(Cdr { message_id, account: self.account, header: self.header, fields })
    }
}
