//! Random messages: what is quoted is what is then charged, or refused.

use proptest::prelude::*;
use proptest::sample::select;
use tollgate_engine::time::UnixMicros;

use crate::setup::Setup;
use crate::worksheet::{Submitted, settle};

const SETUP: &str = "
    country KE Kenya 254 639
    network 639/02 KE Safaricom
    network 639/03 KE Airtel
    network 234/15 GB Vodafone
    prefix 25470 639/02
    prefix 25473 639/03
    prefix 44 234/15
    ported 254700000009 639/03
    plan open USD Africa/Nairobi base 0.05
    tier open 1-3 discount 0
    tier open 4-20 discount 12.3456
    tier open 21+ price 0.031
    rate open 639/02 0.024 from 2026-11-30
    plan listed EUR America/New_York base none
    rate listed 639 0.017 to 2026-12-01
    account prepaid open balance 2.00
    account postpaid open credit 3.00 code 254 sender BANK
    account poor listed balance 0.10 trusted
    own poor 234/15 0.033333
    account suspended open balance 1.00 suspended
";

const ACCOUNTS: [&str; 4] = ["prepaid", "postpaid", "poor", "suspended"];

const DESTINATIONS: [&str; 7] =
    ["254700000001", "254700000009", "254730000001", "0730000001", "447000000001", "33600000001", "nobody"];

const BODIES: [&str; 9] =
    ["1", "1", "2", "5", "255", "256", "broken", "1 from BANK", "3 from BANK via 234/15"];

/// Minutes around the ends of November in Nairobi and in New York, which the month's messages cross.
const FIRST_MINUTE: &str = "2026-11-30T20:30:00Z";
const MINUTES: u64 = 10 * 60;

proptest! {
    #[test]
    fn a_quote_is_what_is_charged(
        messages in prop::collection::vec(
            (select(&ACCOUNTS[..]), select(&DESTINATIONS[..]), select(&BODIES[..]), 0..MINUTES),
            1..60,
        )
    ) {
        let setup = Setup::of(SETUP);
        let tables = setup.tables().unwrap();
        let first = UnixMicros::parse(FIRST_MINUTE).unwrap().0;
        for (account, to, body, minute) in messages {
            let submitted = Submitted::read(to, body).unwrap();
            let terms = tables.terms(account).unwrap();
            let now = UnixMicros(first + minute * 60_000_000);
            // `settle` compares the quote with the charge, and the wallet before a refusal with that after
            // it.
            settle(&setup, &tables, terms, &submitted.message(), now).map_err(TestCaseError::fail)?;
        }
    }
}
