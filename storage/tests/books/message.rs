//! Messages on their way: what is written reads back, and what is not a message is not taken for one.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::SettlementTerms;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_storage::message::{Address3, Content, Message, QueueKey, QueuedRow, Ticket, put_short_id};

const ID: u64 = 177_000_000_000_000_000;

/// A message whose parts own their bytes.
#[derive(Clone, Debug)]
struct Owned {
    ticket: Ticket<'static>,
    content: Content<'static>,
    source: Vec<u8>,
    destination: Vec<u8>,
    dispatch: Option<Vec<u8>>,
    service_type: Vec<u8>,
    payload: Vec<u8>,
    tlvs: Vec<u8>,
}

impl Owned {
    fn message(&self) -> Message<'_> {
        Message {
            ticket: Ticket {
                source: Address3 { digits: &self.source, ..self.ticket.source },
                destination: Address3 { digits: &self.destination, ..self.ticket.destination },
                dispatch_id: self.dispatch.as_deref(),
                ..self.ticket
            },
            content: Content {
                service_type: &self.service_type,
                payload: &self.payload,
                tlvs: &self.tlvs,
                ..self.content
            },
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.message().write_to(ID, &mut bytes);
        bytes
    }
}

fn ticket() -> impl Strategy<Value = Ticket<'static>> {
    let terms = any::<u8>().prop_filter_map("no terms", SettlementTerms::from_bits);
    let network = ("[0-9]{3}", "[0-9]{0}|[0-9]{2,3}")
        .prop_map(|(mcc, mnc)| NetworkCode::new(&mcc, &mnc).expect("digits are a code"));
    let visible_id = prop_oneof![Just(ID), (1..=u32::MAX).prop_map(u64::from)];
    let numbers = (any::<u32>(), visible_id, any::<i64>(), any::<u8>(), any::<u32>(), any::<u64>());
    let kinds = (any::<[u8; 2]>(), any::<[u8; 2]>(), any::<u8>(), any::<bool>());
    (numbers, terms, kinds, network, "[A-Z]{3}").prop_map(|(numbers, terms, kinds, network, currency)| {
        let (account, visible_id, amount, segments, month, submitted_at) = numbers;
        Ticket {
            account: AccountNumber(account),
            visible_id,
            amount: Amount::from_micros(amount),
            segments,
            month: Month(month),
            terms,
            registered_delivery: kinds.2,
            source: Address3 { ton: kinds.0[0], npi: kinds.0[1], digits: &[] },
            destination: Address3 { ton: kinds.1[0], npi: kinds.1[1], digits: &[] },
            network,
            currency: Currency::new(&currency).expect("three capital letters"),
            dispatch_id: None,
            submitted_at: UnixMicros(submitted_at),
            has_postings: kinds.3,
        }
    })
}

fn content() -> impl Strategy<Value = Content<'static>> {
    (any::<[u8; 6]>(), of(any::<u64>()), any::<u64>(), any::<bool>()).prop_map(
        |(octets, expires_at, spread, in_payload)| Content {
            service_type: &[],
            esm_class: octets[0],
            protocol_id: octets[1],
            priority_flag: octets[2],
            replace_if_present: octets[3],
            data_coding: octets[4],
            default_message_id: octets[5],
            expires_at: expires_at.map(UnixMicros),
            submitted_to: None,
            spread,
            in_payload,
            payload: &[],
            tlvs: &[],
        },
    )
}

fn message() -> impl Strategy<Value = Owned> {
    let addresses = (vec(any::<u8>(), 0..21), vec(any::<u8>(), 0..21));
    let texts = (vec(any::<u8>(), 0..6), vec(any::<u8>(), 0..300), vec(any::<u8>(), 0..80));
    (ticket(), content(), addresses, of(vec(any::<u8>(), 0..65)), texts).prop_map(
        |(ticket, content, (source, destination), dispatch, (service_type, payload, tlvs))| Owned {
            ticket,
            content,
            source,
            destination,
            dispatch,
            service_type,
            payload,
            tlvs,
        },
    )
}

proptest! {
    #[test]
    fn a_message_reads_back_as_it_was_written(owned in message()) {
        let bytes = owned.bytes();
        prop_assert_eq!(Message::read(ID, &bytes), Some(owned.message()));
        let ticket = Message::ticket_bytes(&bytes).unwrap();
        prop_assert_eq!(Ticket::read(ID, ticket), Some(owned.message().ticket));
        prop_assert!(bytes.starts_with(ticket) && ticket.len() < bytes.len());
    }

    #[test]
    fn the_committer_puts_the_id_in_front(owned in message()) {
        let (mut body, mut row) = (Vec::new(), Vec::new());
        owned.message().write_body(&mut body);
        put_short_id(&mut row, ID, owned.ticket.visible_id);
        row.extend_from_slice(&body);
        prop_assert_eq!(row, owned.bytes());
    }

    #[test]
    fn a_cut_or_longer_row_is_no_message(owned in message(), extra: u8) {
        let mut bytes = owned.bytes();
        for length in 0..bytes.len() {
            prop_assert_eq!(Message::read(ID, &bytes[..length]), None, "cut to {} octets", length);
        }
        bytes.push(extra);
        prop_assert_eq!(Message::read(ID, &bytes), None);
    }

    #[test]
    fn garbled_rows_are_read_as_something_or_nothing(owned in message(), at: usize, flip in 1..=255_u8) {
        let mut bytes = owned.bytes();
        let at = at % bytes.len();
        bytes[at] ^= flip;
        // What can be read can be written again, and then says the same.
        if let Some(message) = Message::read(ID, &bytes) {
            let mut again = Vec::new();
            message.write_to(ID, &mut again);
            prop_assert_eq!(Message::read(ID, &again), Some(message));
        }
    }

    #[test]
    fn noise_never_panics(noise in vec(any::<u8>(), 0..400)) {
        let message = Message::read(ID, &noise);
        prop_assert_eq!(message.is_some() && noise.len() < 30, false, "no message is so short");
        let _ = (Ticket::read(ID, &noise), Message::ticket_bytes(&noise), QueueKey::from_bytes(&noise));
    }

    #[test]
    fn keys_sort_by_home_class_and_id(
        left in (any::<u16>(), 0..4_u8, any::<u64>()),
        right in (any::<u16>(), 0..4_u8, any::<u64>()),
    ) {
        let key = |(first_choice, class, message_id)| QueueKey { first_choice: OperatorNumber(first_choice), class, message_id };
        let (left, right) = (key(left), key(right));
        prop_assert_eq!(left.cmp(&right), left.to_bytes().cmp(&right.to_bytes()));
        prop_assert_eq!(QueueKey::from_bytes(&left.to_bytes()), Some(left));
        prop_assert_eq!(QueueKey::from_bytes(&left.to_bytes()[..10]), None);
    }
}

/// Every row that is one octet off one that is sound.
#[test]
fn a_corpus_of_near_misses_never_panics() {
    let owned = sample();
    let sound = owned.bytes();
    for at in 0..sound.len() {
        for octet in 0..=u8::MAX {
            let mut bytes = sound.clone();
            bytes[at] = octet;
            let read = Message::read(ID, &bytes);
            assert_eq!(read == Some(owned.message()), octet == sound[at], "octet {at} as {octet}");
        }
    }
}

fn sample() -> Owned {
    Owned {
        ticket: Ticket {
            account: AccountNumber(3),
            visible_id: ID,
            amount: Amount::from_micros(43_200),
            segments: 2,
            month: Month(24_321),
            terms: SettlementTerms::default(),
            registered_delivery: 1,
            source: Address3 { ton: 5, npi: 0, digits: &[] },
            destination: Address3 { ton: 1, npi: 1, digits: &[] },
            network: NetworkCode::new("639", "02").unwrap(),
            currency: Currency::new("USD").unwrap(),
            dispatch_id: None,
            submitted_at: UnixMicros(1_800_000_000_000_000),
            has_postings: false,
        },
        content: Content {
            service_type: &[],
            esm_class: 0x40,
            protocol_id: 0,
            priority_flag: 1,
            replace_if_present: 0,
            data_coding: 8,
            default_message_id: 0,
            expires_at: Some(UnixMicros(1_800_000_003_600_000)),
            submitted_to: Some(Address3 { ton: 2, npi: 1, digits: b"0722000001" }),
            spread: 0x0123_4567_89AB_CDEF,
            in_payload: true,
            payload: &[],
            tlvs: &[],
        },
        source: b"TOLLGATE".to_vec(),
        destination: b"254722000001".to_vec(),
        dispatch: Some(b"spring".to_vec()),
        service_type: b"CMT".to_vec(),
        payload: b"your code is 271828".to_vec(),
        tlvs: b"\x14\x00\x00\x06secret".to_vec(),
    }
}

#[test]
fn what_a_message_says_is_not_shown() {
    let owned = sample();
    let key = QueueKey { first_choice: OperatorNumber(1), class: 2, message_id: ID };
    let row = QueuedRow { key, bytes: owned.bytes().into() };
    let shown = format!("{:?} {row:?}", owned.message());
    let secrets = [&owned.payload[..], &owned.tlvs[..]];
    for secret in secrets {
        let (text, octets) = (String::from_utf8_lossy(secret).into_owned(), format!("{secret:?}"));
        assert!(!shown.contains(&text) && !shown.contains(octets.trim_matches(['[', ']'])), "{shown}");
    }
    assert!(shown.contains("payload_octets: 19") && shown.contains("tlv_octets: 10"), "{shown}");
}

#[test]
fn a_message_takes_few_octets_beside_what_the_client_sent() {
    let owned = sample();
    let sent = [&owned.source, &owned.destination, &owned.service_type, &owned.payload, &owned.tlvs];
    let written_otherwise = owned.content.submitted_to.map_or(0, |to| to.digits.len());
    let sent = sent.into_iter().chain(&owned.dispatch).map(Vec::len).sum::<usize>() + written_otherwise;
    let bytes = owned.bytes().len();
    assert!(bytes - sent < 68, "{} octets beside {sent}", bytes - sent);
}
