//! Postings beside the wallet in a CDR.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::{Beside, LevelCharge};
use tollgate_engine::bundle::{BundleNumber, BundleTake};
use tollgate_engine::calendar::Span;
use tollgate_engine::cap::{CapCount, CapNumber};
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::posting::{LevelPostings, Posting};
use tollgate_engine::tables::NetworkSource;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_storage::cdr::{BlockHeader, BlockReader, BlockWriter, CdrFields, PostingsEncoder, Source};

use super::{ACCOUNT, FIRST_ID, Owned, message, read_all};

const HEADER: BlockHeader<'static> =
    BlockHeader { submitted_at: UnixMicros(5), tariff: 1, month: Month(24_321), plan: "starter" };

fn amount() -> impl Strategy<Value = Amount> {
    any::<i64>().prop_map(Amount::from_micros)
}

fn moved() -> impl Strategy<Value = LevelPostings> {
    let posting = (any::<u32>(), amount(), any::<u32>(), any::<u64>(), any::<u32>()).prop_map(
        |(account, amount, month, counted_before, segments)| {
            let (account, month) = (AccountNumber(account), Month(month));
            Posting { account, amount, month, counted_before, segments }
        },
    );
    let take =
        any::<[u64; 2]>().prop_map(|[bundle, units]| BundleTake { bundle: BundleNumber(bundle), units });
    let cap = (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>()).prop_map(
        |(cap, start, length, gives_back)| {
            let start = u64::from(start);
            let span = Span { start: UnixMicros(start), end: UnixMicros(start + u64::from(length)) };
            CapCount { cap: CapNumber(cap), span, gives_back }
        },
    );
    let caps = vec(cap, 0..3).prop_map(|caps| caps.into_iter().collect());
    (posting, any::<u32>(), vec(take, 0..3), caps, amount()).prop_map(
        |(posting, covered, takes, caps, commission)| LevelPostings {
            posting,
            covered,
            takes,
            caps,
            commission,
        },
    )
}

fn level() -> impl Strategy<Value = LevelCharge> {
    let network = "[0-9]{3}".prop_map(|mcc| NetworkCode::new(&mcc, "02").unwrap());
    (network, any::<u8>(), moved(), amount(), any::<bool>()).prop_map(
        |(network, segments, postings, sold, is_agent)| LevelCharge {
            network,
            segments,
            postings,
            sold,
            is_agent,
        },
    )
}

fn beside() -> impl Strategy<Value = Beside> {
    let country = of("[A-Z]{2}".prop_map(|code| CountryCode::new(&code).unwrap()));
    (moved(), vec(level(), 0..8), country).prop_map(|(own, above, country)| Beside {
        own,
        above,
        country,
        exceeded: Vec::new(),
    })
}

/// A block of messages with what they move. Whatever the block and the CDR say of the own posting is put into it.
fn block(messages: &mut [(Owned, Option<Beside>)]) -> Vec<u8> {
    let (mut writer, mut encoder) = (BlockWriter::default(), PostingsEncoder::default());
    let mut bytes = Vec::new();
    for (message, beside) in messages {
        let fields = message.fields();
        let encoded = beside.as_mut().map(|beside| {
            let segments = beside.own.posting.segments;
            let CdrFields { amount, counted_before, .. } = fields;
            let (account, month) = (ACCOUNT, HEADER.month);
            beside.own.posting = Posting { account, amount, month, counted_before, segments };
            encoder.encode(beside)
        });
        writer.push(&CdrFields { beside: encoded, ..fields });
    }
    writer.write_to(&HEADER, &mut bytes);
    bytes
}

/// Messages with what they move, some of which move the same as the one before, to the same country or to another.
fn messages() -> impl Strategy<Value = Vec<(Owned, Option<Beside>)>> {
    vec((message(), of(beside()), 0..4), 0..8).prop_map(|messages| {
        let mut before: Option<Beside> = None;
        let next = |(message, beside, kind): (Owned, Option<Beside>, i32)| {
            let beside = match (beside, &before) {
                (Some(_), Some(before)) if kind == 0 => Some(before.clone()),
                (Some(beside), Some(before)) if kind == 1 => {
                    Some(Beside { country: beside.country, ..before.clone() })
                }
                (beside, _) => beside,
            };
            if beside.is_some() {
                before.clone_from(&beside);
            }
            (message, beside)
        };
        messages.into_iter().map(next).collect()
    })
}

proptest! {
    #[test]
    fn what_a_message_moves_reads_back_as_it_was_written(
        mut messages in messages(),
    ) {
        let bytes = block(&mut messages);
        let mut reader = BlockReader::new(ACCOUNT, FIRST_ID, &bytes).unwrap();
        for (message, beside) in &messages {
            let cdr = reader.next().unwrap();
            prop_assert_eq!(&cdr.beside(), beside);
            prop_assert_eq!(CdrFields { beside: None, ..cdr.fields }, message.fields());
        }
        prop_assert!(reader.is_sound());
    }

    #[test]
    fn a_block_of_them_cut_short_or_altered_is_never_read_past_its_end(
        mut messages in vec((message(), of(beside())), 1..3),
        at: prop::sample::Index,
        octet: u8,
    ) {
        let mut bytes = block(&mut messages);
        let at = at.index(bytes.len());
        prop_assert!(!read_all(&bytes[..at]).1);
        bytes[at] = octet;
        let Some(mut reader) = BlockReader::new(ACCOUNT, FIRST_ID, &bytes) else { return Ok(()) };
        for cdr in reader.by_ref() {
            prop_assert_eq!(cdr.beside().is_some(), cdr.fields.beside.is_some());
        }
    }
}

#[test]
fn what_the_message_before_moved_too_takes_an_octet() {
    let country = |code| CountryCode::new(code);
    let caps = [1, 2, 3].map(|cap| {
        let span = Span { start: UnixMicros(1_700_000_000_000_000), end: UnixMicros(1_700_003_600_000_000) };
        CapCount { cap: CapNumber(cap << 28), span, gives_back: true }
    });
    let own = LevelPostings { caps: caps.into_iter().collect(), ..LevelPostings::default() };
    let beside =
        |code| Beside { own: own.clone(), above: Vec::new(), country: country(code), exceeded: Vec::new() };
    let (mut writer, mut encoder) = (BlockWriter::default(), PostingsEncoder::default());
    let mut lengths = Vec::new();
    let fields = CdrFields {
        destination: Number::from_digits(b"254722000001").unwrap(),
        network: NetworkCode::new("639", "02").unwrap(),
        network_source: NetworkSource::Prefix(6),
        segments: 1,
        data_coding: 0,
        esm_class: 0,
        registered_delivery: 1,
        amount: Amount::from_micros(43_200),
        counted_before: 10,
        source: Source { ton: 5, npi: 0, address: b"TOLLGATE" },
        dispatch_id: None,
        idempotency_key: None,
        user_message_reference: None,
        user_sms_id: None,
        route: None,
        beside: None,
    };
    for code in ["KE", "KE", "TZ", "TZ", "KE"] {
        let before = writer.len();
        writer.push(&CdrFields { beside: Some(encoder.encode(&beside(code))), ..fields });
        lengths.push(writer.len() - before);
    }
    let mut without = BlockWriter::default();
    without.push(&fields);
    let first = without.len();
    without.push(&fields);
    let plain = without.len() - first;
    assert_eq!([1, 2, 3, 4].map(|at: usize| lengths[at] - plain), [1, 3, 1, 3], "{lengths:?}");
    let mut bytes = Vec::new();
    writer.write_to(&HEADER, &mut bytes);
    let countries = BlockReader::new(ACCOUNT, FIRST_ID, &bytes).unwrap().map(|cdr| {
        let beside = cdr.beside().unwrap();
        assert_eq!(beside.own.caps, own.caps);
        beside.country
    });
    assert!(countries.eq(["KE", "KE", "TZ", "TZ", "KE"].map(country)));
    // Before version 4 every CDR has its own.
    bytes[0] = 3;
    assert_eq!(read_all(&bytes), (1, false));
}

/// One message of version 3 to +254722000001: a bundle covers one of two segments, and a reseller pays 0.03.
#[test]
fn a_block_of_version_3_is_read_octet_by_octet() {
    let postings = [
        &b"KE"[..],
        &[1, 1],                            // covered, counted
        &[1, 7, 1],                         // one take: bundle 7, 1 unit
        &[1, 5, 10, 60, 1],                 // one cap: number, start, length, gives back
        &[0],                               // commission
        &[1, 4, 0x82, 0xF0, 0x9F, 1, 2, 0], // one level: account, network, segments, flags
        &[0x80, 0xA3, 5, 0xE0, 0xD4, 3],    // sold for 0.0432, paid 0.03
        &[0x81, 0xBE, 1, 3, 0, 2, 0, 0, 0], // month, counted before; nothing covered, two counted
    ]
    .concat();
    let more = [&[1, postings.len() as u8][..], &postings].concat();
    let block = |more: &[u8]| {
        [
            &[3, 1, 5, 1, 0x81, 0xBE, 1, 7][..],
            b"starter",
            &[0x80, 12, 0x25, 0x47, 0x22, 0x00, 0x00, 0x01, 0x82, 0xF0, 0x9F, 1, 6, 2, 0, 0, 1],
            &[0x80, 0xA3, 5, 20, 5, 0, 8],
            b"TOLLGATE",
            &[more.len() as u8],
            more,
        ]
        .concat()
    };
    let bytes = block(&more);
    let beside = BlockReader::new(ACCOUNT, FIRST_ID, &bytes).unwrap().next().unwrap().beside().unwrap();
    assert_eq!(
        (beside.country, beside.own.covered, beside.own.posting.segments),
        (CountryCode::new("KE"), 1, 1)
    );
    assert_eq!(beside.own.takes, [BundleTake { bundle: BundleNumber(7), units: 1 }]);
    assert_eq!(beside.own.caps[0].span, Span { start: UnixMicros(10), end: UnixMicros(70) });
    let level = &beside.above[0];
    assert_eq!(
        (level.sold.micros(), level.postings.posting.amount.micros(), level.is_agent),
        (43_200, 30_000, false)
    );
    assert_eq!((level.postings.posting.segments, level.postings.posting.counted_before), (2, 3));
    // A tag of a later version, and octets behind the section, make the CDR unreadable.
    let mut later = more.clone();
    later[0] = 2;
    for unknown in [later, [&more[..], &[2, 0]].concat(), Vec::new()] {
        assert_eq!(read_all(&block(&unknown)), (0, false));
    }
}

#[test]
fn only_a_block_with_an_id_of_a_client_is_of_another_version() {
    let message = |id| CdrFields {
        destination: Number::from_digits(b"254722000001").unwrap(),
        network: NetworkCode::new("639", "02").unwrap(),
        network_source: NetworkSource::Prefix(6),
        segments: 1,
        data_coding: 0,
        esm_class: 0,
        registered_delivery: 0,
        amount: Amount::from_micros(20_000),
        counted_before: 0,
        source: Source { ton: 5, npi: 0, address: b"BANK" },
        dispatch_id: None,
        idempotency_key: None,
        user_message_reference: None,
        user_sms_id: id,
        route: None,
        beside: None,
    };
    let block = |ids: &[Option<&'static [u8]>]| {
        let (mut writer, mut bytes) = (BlockWriter::default(), Vec::new());
        for id in ids {
            writer.push(&message(*id));
        }
        writer.write_to(&HEADER, &mut bytes);
        bytes
    };
    let (plain, named) = (block(&[None, None]), block(&[None, Some(b"order 5")]));
    assert_eq!((plain[0], named[0]), (4, 5), "a block without ids is what an earlier build reads");
    // The length, the tag, the length of the id, and the id.
    assert_eq!(named.len() - plain.len(), 3 + b"order 5".len());
    let read: Vec<_> =
        BlockReader::new(ACCOUNT, FIRST_ID, &named).unwrap().map(|cdr| cdr.fields.user_sms_id).collect();
    assert_eq!(read, [None, Some(&b"order 5"[..])]);
    // In an earlier version such a tail means nothing.
    let mut earlier = named;
    earlier[0] = 4;
    assert_eq!(read_all(&earlier), (1, false));
}
