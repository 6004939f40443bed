//! The postings of a message beside its account's wallet: what bundles gave, the caps that it counts in, and the accounts
//! above that pay for it or earn on it.
//!
//! ```text
//! more     = (tag u8 · octets · content)*, each tag once; where it is no octet the postings of the last CDR before it that has
//!            some, and where it is a country those, to another country
//! postings = country (2 octets, 0 for none) · pockets · levels above · level*                     (tag 1)
//! level    = account · network bits · segments u8 · flags u8 · sold · amount · month · counted_before · pockets
//! pockets  = covered · counted segments · take* · cap* · commission
//! take     = bundle · units
//! cap      = number · start of the span · its length · gives back u8
//! ```
//! Numbers without a width are varints, amounts are signed, and lists have their length in front. The amount, the month and
//! the count of the account that sends are the CDR's.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::{Beside, LevelCharge};
use tollgate_engine::bundle::{BundleNumber, BundleTake};
use tollgate_engine::calendar::Span;
use tollgate_engine::cap::{CapCount, CapNumber};
use tollgate_engine::chain::LEVELS_MAX;
use tollgate_engine::country::CountryCode;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::posting::{LevelPostings, Posting};
use tollgate_engine::time::{Month, UnixMicros};

use crate::codec::{Reader, put_amount, put_bytes, put_varint, varint_octets};

const POSTINGS: u8 = 1;

const IS_AGENT: u8 = 1;

/// The postings of a message beside its account's wallet, as the octets of its CDR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedPostings<'a> {
    /// The octets of the country.
    country: [u8; 2],
    /// The octets behind it.
    moved: &'a [u8],
}

/// Encodes the postings of one message after another, most of which move the same.
#[derive(Debug, Default)]
pub struct PostingsEncoder {
    /// The octets behind the country.
    moved: Vec<u8>,
    /// The postings that they are of; `None` where accounts above are among them.
    own: Option<LevelPostings>,
}

impl PostingsEncoder {
    /// The octets of a message's postings.
    pub fn encode(&mut self, beside: &Beside) -> EncodedPostings<'_> {
        let is_known = |own: &LevelPostings| beside.above.is_empty() && has_same_octets(own, &beside.own);
        if !self.own.as_ref().is_some_and(is_known) {
            self.moved.clear();
            put_moved(&mut self.moved, beside);
            self.own = beside.above.is_empty().then(|| beside.own.clone());
        }
        let country = beside.country.map_or([0; 2], CountryCode::to_bytes);
        EncodedPostings { country, moved: &self.moved }
    }
}

/// True if both are the same octets, which do not have what the CDR says of the posting on the wallet.
fn has_same_octets(one: &LevelPostings, other: &LevelPostings) -> bool {
    let said = |moved: &LevelPostings| (moved.covered, moved.posting.segments, moved.commission);
    said(one) == said(other) && one.takes == other.takes && one.caps == other.caps
}

/// The postings that a block has written out last, which its next CDRs refer to.
#[derive(Debug, Default)]
pub(super) struct LastPostings {
    country: [u8; 2],
    /// Empty where the block has none yet, as no postings are without octets.
    moved: Vec<u8>,
}

impl LastPostings {
    /// Forgets them, as a new block begins.
    pub fn clear(&mut self) {
        self.moved.clear();
    }

    /// Writes the end of a CDR.
    pub fn put_more(&mut self, out: &mut Vec<u8>, EncodedPostings { country, moved }: EncodedPostings<'_>) {
        if self.moved != moved {
            self.moved.clear();
            self.moved.extend_from_slice(moved);
            let octets = country.len() + moved.len();
            // The tag, the length and the octets.
            put_varint(out, (1 + varint_octets(octets as u64) + octets) as u64);
            out.push(POSTINGS);
            put_varint(out, octets as u64);
            out.extend_from_slice(&country);
            out.extend_from_slice(moved);
        } else if self.country == country {
            put_bytes(out, &[]);
        } else {
            put_bytes(out, &country);
        }
        self.country = country;
    }
}

impl<'a> EncodedPostings<'a> {
    /// Reads what [`LastPostings::put_more`] wrote, behind CDRs of which the last that has postings has `last`; `None` where
    /// there is anything that this build does not know.
    pub(super) fn take_more(reader: &mut Reader<'a>, last: Option<Self>) -> Option<Self> {
        let more = reader.bytes()?;
        match (more, last) {
            ([], Some(last)) => return Some(last),
            (&[first, second], Some(last)) => return Self { country: [first, second], ..last }.if_sound(),
            _ => {}
        }
        let mut more = Reader(more);
        if more.u8()? != POSTINGS {
            return None;
        }
        let mut octets = Reader(more.bytes()?);
        let country = octets.take(2)?.try_into().ok()?;
        let encoded = Self { country, moved: octets.0 };
        if more.is_empty() { encoded.if_sound() } else { None }
    }

    fn if_sound(self) -> Option<Self> {
        self.decode(Posting::default()).map(|_| self)
    }

    /// The postings, with that of the account's wallet, whose segments are of no account; `None` where the octets are none.
    pub(super) fn decode(self, own: Posting) -> Option<Beside> {
        let mut reader = Reader(self.moved);
        let country = match self.country {
            [0, 0] => None,
            code => Some(CountryCode::from_bytes(code)?),
        };
        let own = take_pockets(&mut reader, own)?;
        let above = take_list(&mut reader, take_level)?;
        let is_sound = reader.is_empty() && above.len() < LEVELS_MAX;
        is_sound.then(|| Beside { own, above, country, exceeded: Vec::new() })
    }
}

fn put_moved(out: &mut Vec<u8>, beside: &Beside) {
    put_pockets(out, &beside.own);
    put_varint(out, beside.above.len() as u64);
    for level in &beside.above {
        let Posting { account, amount, month, counted_before, .. } = level.postings.posting;
        put_varint(out, u64::from(account.0));
        put_varint(out, u64::from(level.network.to_bits()));
        out.extend_from_slice(&[level.segments, if level.is_agent { IS_AGENT } else { 0 }]);
        put_amount(out, level.sold);
        put_amount(out, amount);
        put_varint(out, u64::from(month.0));
        put_varint(out, counted_before);
        put_pockets(out, &level.postings);
    }
}

fn put_pockets(out: &mut Vec<u8>, moved: &LevelPostings) {
    put_varint(out, u64::from(moved.covered));
    put_varint(out, u64::from(moved.posting.segments));
    put_varint(out, moved.takes.len() as u64);
    for take in &moved.takes {
        put_varint(out, take.bundle.0);
        put_varint(out, take.units);
    }
    put_varint(out, moved.caps.len() as u64);
    for CapCount { cap, span, gives_back } in moved.caps.iter() {
        put_varint(out, u64::from(cap.0));
        put_varint(out, span.start.0);
        put_varint(out, span.end.0.saturating_sub(span.start.0));
        out.push(u8::from(*gives_back));
    }
    put_amount(out, moved.commission);
}

fn take_pockets(reader: &mut Reader<'_>, posting: Posting) -> Option<LevelPostings> {
    let (covered, segments) = (reader.varint_u32()?, reader.varint_u32()?);
    let takes = take_list(reader, |reader| {
        Some(BundleTake { bundle: BundleNumber(reader.varint()?), units: reader.varint()? })
    })?;
    let caps: Vec<CapCount> = take_list(reader, |reader| {
        let (cap, start) = (CapNumber(reader.varint_u32()?), reader.micros()?);
        let span = Span { start, end: UnixMicros(start.0.checked_add(reader.varint()?)?) };
        Some(CapCount { cap, span, gives_back: reader.bool()? })
    })?;
    let posting = Posting { segments, ..posting };
    let caps = caps.into_iter().collect();
    Some(LevelPostings { posting, covered, takes, caps, commission: reader.amount()? })
}

fn take_level(reader: &mut Reader<'_>) -> Option<LevelCharge> {
    let account = AccountNumber(reader.varint_u32()?);
    let network = NetworkCode::from_bits(reader.varint_u32()?)?;
    let (segments, flags) = (reader.u8()?, reader.u8()?);
    if flags & !IS_AGENT != 0 {
        return None;
    }
    let (sold, amount) = (reader.amount()?, reader.amount()?);
    let (month, counted_before) = (Month(reader.varint_u32()?), reader.varint()?);
    let postings = take_pockets(reader, Posting { account, amount, month, counted_before, segments: 0 })?;
    Some(LevelCharge { network, segments, postings, sold, is_agent: flags & IS_AGENT != 0 })
}

fn take_list<'a, T>(
    reader: &mut Reader<'a>,
    mut take: impl FnMut(&mut Reader<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    (0..reader.varint()?).map(|_| take(reader)).collect()
}
