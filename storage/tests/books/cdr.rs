//! Blocks of CDRs: what is written reads back, and what is not a block is not taken for one.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::tables::NetworkSource;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_storage::cdr::{
    BlockHeader, BlockReader, BlockWriter, CdrFields, CdrRoute, Source, USER_SMS_ID_OCTETS_MAX,
};
use tollgate_storage::rows::MessageTextRow;
use tollgate_storage::schema::{Family, account_id_key};

use crate::support::{Books, MONTH};

mod postings;

const ACCOUNT: AccountNumber = AccountNumber(9);
const FIRST_ID: u64 = 177_000_000_000_000_000;

/// A message whose parts own their bytes.
#[derive(Clone, Debug)]
struct Owned {
    fields: CdrFields<'static>,
    source: Vec<u8>,
    dispatch: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
    user_id: Option<Vec<u8>>,
}

impl Owned {
    fn fields(&self) -> CdrFields<'_> {
        CdrFields {
            source: Source { address: &self.source, ..self.fields.source },
            dispatch_id: self.dispatch.as_deref(),
            idempotency_key: self.key.as_deref(),
            user_sms_id: self.user_id.as_deref(),
            ..self.fields
        }
    }
}

fn network_source() -> impl Strategy<Value = NetworkSource> {
    prop_oneof![
        (1..=15_u8).prop_map(NetworkSource::Prefix),
        Just(NetworkSource::Tlv),
        Just(NetworkSource::Ported)
    ]
}

fn route() -> impl Strategy<Value = CdrRoute> {
    (any::<u16>(), any::<u8>(), of(1..u64::MAX)).prop_map(|(first_choice, class, scheduled_at)| CdrRoute {
        first_choice: OperatorNumber(first_choice),
        class,
        scheduled_at: scheduled_at.map(UnixMicros),
    })
}

fn message() -> impl Strategy<Value = Owned> {
    let network = ("[0-9]{3}", "[0-9]{2,3}").prop_map(|(mcc, mnc)| NetworkCode::new(&mcc, &mnc).unwrap());
    let number = "[1-9][0-9]{4,14}".prop_map(|digits| Number::from_digits(digits.as_bytes()).unwrap());
    let octets = (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>());
    // Few sources, so that a message often has that of the message before it.
    let source = prop_oneof![Just(b"TOLLGATE".to_vec()), Just(Vec::new()), vec(any::<u8>(), 0..21)];
    let user_id = of(vec(any::<u8>(), 1..=USER_SMS_ID_OCTETS_MAX));
    let names = (of(vec(any::<u8>(), 0..65)), of(vec(any::<u8>(), 0..65)), of(any::<u16>()), user_id);
    let kind = (0..3_u8, 0..3_u8);
    let sent = (kind, source, of(route()));
    (number, network, network_source(), octets, any::<i64>(), any::<u64>(), sent, names).prop_map(
        |(destination, network, network_source, octets, amount, counted_before, sent, names)| {
            let (kind, source, route) = sent;
            Owned {
                fields: CdrFields {
                    destination,
                    network,
                    network_source,
                    segments: octets.0,
                    data_coding: octets.1,
                    esm_class: octets.2,
                    registered_delivery: octets.3,
                    amount: Amount::from_micros(amount),
                    counted_before,
                    source: Source { ton: kind.0, npi: kind.1, address: &[] },
                    dispatch_id: None,
                    idempotency_key: None,
                    user_message_reference: names.2,
                    user_sms_id: None,
                    route,
                    beside: None,
                },
                source,
                dispatch: names.0,
                key: names.1,
                user_id: names.3,
            }
        },
    )
}

fn block(header: &BlockHeader<'_>, messages: &[Owned]) -> Vec<u8> {
    // What an earlier block left in the writer must not show in this one.
    let mut writer = BlockWriter::default();
    if let Some(last) = messages.last() {
        writer.push(&last.fields());
    }
    writer.clear();
    for message in messages {
        writer.push(&message.fields());
    }
    let mut bytes = Vec::new();
    writer.write_to(header, &mut bytes);
    bytes
}

/// Reads as far as it goes and says whether the block was sound.
fn read_all(bytes: &[u8]) -> (usize, bool) {
    match BlockReader::new(ACCOUNT, FIRST_ID, bytes) {
        None => (0, false),
        Some(mut block) => {
            let count = block.by_ref().count();
            (count, block.is_sound())
        }
    }
}

proptest! {
    #[test]
    fn a_block_reads_back_as_it_was_written(
        messages in vec(message(), 0..20),
        submitted_at: u64,
        tariff: u32,
        month: u32,
        plan in ".{0,20}",
    ) {
        let header =
            BlockHeader { submitted_at: UnixMicros(submitted_at), tariff, month: Month(month), plan: &plan };
        let bytes = block(&header, &messages);
        let mut read = BlockReader::new(ACCOUNT, FIRST_ID, &bytes).unwrap();
        prop_assert_eq!(read.header(), header);
        prop_assert_eq!(read.left() as usize, messages.len());
        for (id, message) in (FIRST_ID..).zip(&messages) {
            let cdr = read.next().unwrap();
            prop_assert_eq!((cdr.message_id, cdr.account, cdr.header), (id, ACCOUNT, header));
            prop_assert_eq!(cdr.fields, message.fields());
        }
        prop_assert!(read.next().is_none() && read.is_sound());
    }

    #[test]
    fn a_cut_or_longer_block_is_not_sound(messages in vec(message(), 1..6), extra: u8) {
        let header = BlockHeader { submitted_at: UnixMicros(5), tariff: 1, month: MONTH, plan: "starter" };
        let mut bytes = block(&header, &messages);
        for length in 0..bytes.len() {
            let (count, sound) = read_all(&bytes[..length]);
            prop_assert!(!sound && count < messages.len(), "cut to {} octets", length);
        }
        bytes.push(extra);
        prop_assert_eq!(read_all(&bytes), (messages.len(), false));
    }

    #[test]
    fn garbled_blocks_end_and_never_panic(messages in vec(message(), 1..6), at: usize, flip in 1..=255_u8) {
        let header = BlockHeader { submitted_at: UnixMicros(5), tariff: 1, month: MONTH, plan: "starter" };
        let mut bytes = block(&header, &messages);
        let at = at % bytes.len();
        bytes[at] ^= flip;
        let (count, _) = read_all(&bytes);
        // No message is shorter than its eleven fixed parts, whatever count the block claims.
        prop_assert!(count <= bytes.len() / 11);
    }

    #[test]
    fn noise_is_not_a_block(noise in vec(any::<u8>(), 0..200)) {
        let (count, sound) = read_all(&noise);
        prop_assert!(!sound || count <= noise.len() / 11);
    }
}

/// Version 1 knew no routes, and wrote everything else as version 2 does.
#[test]
fn blocks_of_version_1_are_read() {
    // One message of 2 segments to +254722000001 (639/02, prefix of 6 digits), from TOLLGATE, for 0.0432.
    let block = [
        &[1, 1, 5, 1][..],                              // version, count, submitted_at, tariff
        &[0x81, 0xBE, 1],                               // month 24321
        &[7, b's', b't', b'a', b'r', b't', b'e', b'r'], // plan
        &[0, 12, 0x25, 0x47, 0x22, 0x00, 0x00, 0x01],   // flags, destination
        &[0x82, 0xF0, 0x9F, 1, 6],                      // network, prefix digits
        &[2, 0, 0, 1],        // segments, data_coding, esm_class, registered_delivery
        &[0x80, 0xA3, 5, 20], // amount, counted before
        &[5, 0, 8, b'T', b'O', b'L', b'L', b'G', b'A', b'T', b'E'], // source
    ]
    .concat();
    let mut reader = BlockReader::new(ACCOUNT, FIRST_ID, &block).unwrap();
    let cdr = reader.next().unwrap();
    assert!(reader.is_sound());
    assert_eq!((cdr.header.month, cdr.header.plan), (Month(24_321), "starter"));
    let expected = CdrFields {
        destination: Number::from_digits(b"254722000001").unwrap(),
        network: NetworkCode::new("639", "02").unwrap(),
        network_source: NetworkSource::Prefix(6),
        segments: 2,
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
    assert_eq!(cdr.fields, expected);
    // A route in such a block is damage, and so is a version that is to come.
    let mut routed = block.clone();
    routed[15] |= 1 << 6;
    assert_eq!(read_all(&[&routed[..], &[1, 3, 0]].concat()), (0, false));
    let mut later = block;
    later[0] = 6;
    assert!(BlockReader::new(ACCOUNT, FIRST_ID, &later).is_none());
}

#[test]
fn a_typical_cdr_takes_less_than_forty_bytes() {
    let mut writer = BlockWriter::default();
    let number = |index: u64| Number::from_u64(254_722_000_000 + index).unwrap();
    for index in 0..100_u64 {
        writer.push(&CdrFields {
            destination: number(index),
            network: NetworkCode::new("639", "02").unwrap(),
            network_source: NetworkSource::Prefix(6),
            segments: 2,
            data_coding: 0,
            esm_class: 0,
            registered_delivery: 1,
            amount: Amount::from_micros(43_200),
            counted_before: 10_000 + 2 * index,
            source: Source { ton: 5, npi: 0, address: b"TOLLGATE" },
            dispatch_id: Some(b"20261121-042"),
            idempotency_key: None,
            user_message_reference: None,
            user_sms_id: None,
            route: Some(CdrRoute { first_choice: OperatorNumber(3), class: 3, scheduled_at: None }),
            beside: None,
        });
    }
    let mut bytes = Vec::new();
    let header = BlockHeader {
        submitted_at: UnixMicros(1_800_000_000_000_000),
        tariff: 3,
        month: MONTH,
        plan: "starter",
    };
    writer.write_to(&header, &mut bytes);
    assert!(bytes.len() / 100 < 40, "{} bytes per CDR", bytes.len() / 100);
}

#[test]
fn a_block_on_disk_is_what_the_writer_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let [account] = books.provision(&["a"], 10)[..] else { panic!("one account") };
    let mut session = books.session(account);
    books.committer.try_charge(session.chunk_of(50)).unwrap();
    let first = session.first_id();
    let row = books.store.get(Family::Cdrs, &account_id_key(account, first)).unwrap().unwrap();
    assert_eq!(read_all(&row), (50, true));
    assert!(row.len() / 50 < 25, "{} bytes per CDR without a dispatch", row.len() / 50);
}

#[test]
fn a_text_is_kept_beside_its_message_until_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let [account, other] = books.provision(&["a", "b"], 10)[..] else { panic!("two accounts") };
    assert!(!books.store.messages().has_texts().unwrap());
    let mut session = books.session(account);
    let mut chunk = session.chunk_of(2);
    let text = MessageTextRow { expires_at: UnixMicros(1_000), text: "Ein Text, \"ü\"".to_owned() };
    assert!(!format!("{text:?}").contains("Text,"), "no log has it");
    chunk.push_text(text.clone());
    books.committer.try_charge(chunk).unwrap();
    let first = session.first_id();
    let messages = books.store.messages();
    assert!(messages.has_texts().unwrap());
    let read = |account, id, due| messages.text(account, id, UnixMicros(due)).unwrap();
    assert_eq!(read(account, first + 1, 999), Some(text.text));
    assert_eq!(read(account, first + 1, 1_000), None, "it is forgotten, whether it is on the disk or not");
    assert_eq!((read(account, first, 0), read(other, first + 1, 0)), (None, None));
    // It is no part of the books, which balance with it.
    books.prove();
}
