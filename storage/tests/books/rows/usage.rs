//! Usage counters and their keys: what is written reads back, what is added can be taken away, and keys sort
//! as what they stand for.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::Total;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_storage::rows::{Row, UsageRow};
use tollgate_storage::schema::{parse_usage_key, usage_key};
use tollgate_storage::usage::{Quarter, UsageKey, UsageOf};

use super::{check, currency};

fn row() -> impl Strategy<Value = UsageRow> {
    let micros = || (0..1_i128 << 98).prop_map(Total::from_micros);
    let cost = (1..1_i128 << 98).prop_map(Total::from_micros);
    let counts = vec(0..u64::MAX / 4, 7);
    (counts, (micros(), micros(), micros()), btree_map(currency(), cost, 0..4)).prop_map(
        |(counts, money, costs)| UsageRow {
            messages: counts[0],
            segments: counts[1],
            submitted: counts[2],
            delivered: counts[3],
            failed: counts[4],
            cancelled: counts[5],
            unconfirmed: counts[6],
            charged: money.0,
            refunded: money.1,
            cost_operators: money.2,
            costs,
        },
    )
}

fn key() -> impl Strategy<Value = UsageKey> {
    let network = (0..1_000_u16).prop_map(|mcc| UsageOf::Network(NetworkCode { mcc, mnc: None }, None));
    let code = (0..1_000_u16, 0..100_u16)
        .prop_map(|(mcc, mnc)| NetworkCode::new(&format!("{mcc:03}"), &format!("{mnc:02}")).unwrap());
    let operator = any::<u16>().prop_map(|number| UsageOf::Operator(OperatorNumber(number)));
    let country =
        proptest::option::of("[A-Z]{2}").prop_map(|code| code.and_then(|code| CountryCode::new(&code)));
    let of = prop_oneof![
        network,
        (code.clone(), country.clone()).prop_map(|(code, country)| UsageOf::Network(code, country)),
        (code, country).prop_map(|(code, country)| UsageOf::Below(code, country)),
        operator
    ];
    (0..3_u32, 0..3_u32, of).prop_map(|(account, quarter, of)| UsageKey {
        account: AccountNumber(account),
        quarter: Quarter(quarter),
        of,
    })
}

proptest! {
    #[test]
    fn rows_read_back_and_add_up(first in row(), second in row(), noise in vec(any::<u8>(), 0..80)) {
        check(&first);
        let mut sum = first.clone();
        sum.add(&second);
        prop_assert_eq!(sum.messages, first.messages + second.messages);
        prop_assert_eq!(sum.charged.micros(), first.charged.micros() + second.charged.micros());
        let mut other_way = second.clone();
        other_way.add(&first);
        prop_assert_eq!(&sum, &other_way);
        sum.remove(&second);
        prop_assert_eq!(&sum, &first);
        sum.remove(&first);
        prop_assert!(sum.is_empty());
        let _ = (UsageRow::read(&noise), parse_usage_key(&noise));
    }

    #[test]
    fn keys_read_back_and_sort_as_what_they_stand_for(first in key(), second in key()) {
        let (bytes, other) = (usage_key(&first), usage_key(&second));
        prop_assert_eq!(parse_usage_key(&bytes), Some(first));
        prop_assert_eq!(bytes.cmp(&other), first.cmp(&second));
        for length in 0..bytes.len() {
            prop_assert_eq!(parse_usage_key(&bytes[..length]), None);
        }
        prop_assert_eq!(parse_usage_key(&[&bytes[..], &[0]].concat()), None);
    }
}
