//! The postings of a message beside its account's wallet: what bundles gave, the caps that it counts in, and the accounts
//! above that pay for it or earn on it.
//!
//! ```text
//! more     = (tag u8 · octets · content)*, each tag once
//! postings = country (2 octets, 0 for none) · pockets · levels above · level*                     (tag 1)
//! level    = account · network bits · segments u8 · flags u8 · sold · amount · month · counted_before · pockets
//! pockets  = covered · counted segments · take* · cap* · commission
//! take     = bundle · units
//! cap      = number · start of the span · its length · gives back u8
//! ```
//! Numbers without a width are varints, amounts are signed, and lists have their length in front. The amount, the month and
//! the count of the account that sends are the CDR's.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::bundle::{BundleNumber, BundleTake};
use tollgate_engine::calendar::Span;
use tollgate_engine::cap::{CapCount, CapNumber};
use tollgate_engine::chain::LEVELS_MAX;
use tollgate_engine::charging::{Beside, LevelCharge};
use tollgate_engine::country::CountryCode;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::posting::{LevelPostings, Posting};
use tollgate_engine::time::{Month, UnixMicros};

use crate::codec::{Reader, put_amount, put_bytes, put_varint, varint_octets};

const POSTINGS: u8 = 1;

const IS_AGENT: u8 = 1;

/// The postings of a message beside its account's wallet, as the octets of its CDR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedPostings<'a>(&'a [u8]);

impl<'a> EncodedPostings<'a> {
    /// Writes postings into an empty buffer.
    pub fn write(beside: &Beside, out: &'a mut Vec<u8>) -> Self {
        out.clear();
        out.extend_from_slice(&beside.country.map_or([0; 2], CountryCode::to_bytes));
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
        Self(out)
    }

    /// The octets that stand at the end of the CDR.
    pub(super) fn put_more(self, out: &mut Vec<u8>) {
        // The tag, the length and the octets.
        put_varint(out, (1 + varint_octets(self.0.len() as u64) + self.0.len()) as u64);
        out.push(POSTINGS);
        put_bytes(out, self.0);
    }

    /// Reads what [`Self::put_more`] wrote; `None` where there is anything that this build does not know.
    pub(super) fn take_more(reader: &mut Reader<'a>) -> Option<Self> {
        let mut more = Reader(reader.bytes()?);
        if more.u8()? != POSTINGS {
            return None;
        }
        let encoded = Self(more.bytes()?);
        (more.is_empty() && encoded.decode(Posting::default()).is_some()).then_some(encoded)
    }

    /// The postings, with that of the account's wallet, whose segments are of no account; `None` where the octets are none.
    pub(super) fn decode(self, own: Posting) -> Option<Beside> {
        let mut reader = Reader(self.0);
        let country = match reader.take(2)? {
            [0, 0] => None,
            code => Some(CountryCode::from_bytes(code.try_into().ok()?)?),
        };
        let own = take_pockets(&mut reader, own)?;
        let above = take_list(&mut reader, take_level)?;
        let is_sound = reader.is_empty() && above.len() < LEVELS_MAX;
        is_sound.then(|| Beside { own, above, country, exceeded: Vec::new() })
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
    for CapCount { cap, span, gives_back } in &moved.caps {
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
    let caps = take_list(reader, |reader| {
        let (cap, start) = (CapNumber(reader.varint_u32()?), reader.micros()?);
        let span = Span { start, end: UnixMicros(start.0.checked_add(reader.varint()?)?) };
        Some(CapCount { cap, span, gives_back: reader.bool()? })
    })?;
    let posting = Posting { segments, ..posting };
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
