//! The worked example of docs/resellers.md, charged message by message.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::charging::{Charge, Level, Message, Payer, Rated, charge};
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::segments::Body;
use tollgate_engine::tables::{Tables, Terms};
use tollgate_engine::throttle::Throttle;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::{Wallet, WalletState};
use tollgate_provisioning as config;

const PAGE: &str = include_str!("../../../docs/resellers.md");
const HASH: &str =
    "$argon2id$v=19$m=7168,t=4,p=1$bm9ib2R5IGtub3dzIGl0IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The files of the page, loaded beside the numbering that is shipped.
fn load() -> config::Loaded {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/numbering").canonicalize().unwrap();
    symlink(shipped, folder.path().join("numbering")).unwrap();
    for block in PAGE.split("```toml file=").skip(1) {
        let (name, text) = block.split_once('\n').unwrap();
        let text = text.split("```").next().unwrap().replace('…', HASH);
        fs::write(folder.path().join(name), text).unwrap();
    }
    let tariff = "[tariff]\nplans = \"plans.toml\"\naccounts = \"accounts.toml\"\nprice_lists = \"price_lists.toml\"\n\
                  numbering = \"numbering/numbering.csv\"\nnetworks = \"numbering/networks.csv\"\n\
                  countries = \"numbering/countries.csv\"\n";
    fs::write(folder.path().join("tollgate.toml"), tariff).unwrap();
    config::load(&folder.path().join("tollgate.toml")).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The rows of the table, without its head.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let (_, table) = PAGE.split_once("| segments |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
}

fn money(text: &str) -> Amount {
    text.parse().unwrap()
}

fn charged(
    tables: &Tables,
    chain: &[(&Arc<Terms>, &Wallet)],
    segments: usize,
) -> Result<Charge, tollgate_engine::chain::LevelRefusal> {
    let octets = vec![b'a'; if segments == 1 { 1 } else { 153 * segments }];
    let in_payload = octets.len() > Body::SHORT_MESSAGE_OCTETS_MAX;
    let message = Message {
        source: b"ACME",
        destination: b"254722000001",
        destination_ton: 1,
        destination_npi: 1,
        network_tlv: None,
        body: Body { data_coding: 0, udhi: false, sar: None, octets: &octets, in_payload },
    };
    let (throttle, now) = (Throttle::default(), UnixMicros::parse("2026-11-21T12:00:00Z").unwrap());
    let above: Vec<Level<'_>> = chain[1..].iter().map(|(terms, wallet)| Level { terms, wallet }).collect();
    let (terms, wallet) = chain[0];
    let payer = Payer { terms, throttle: &throttle, wallet, above: &above };
    let nowhere = |_: &Rated, _: &dyn Fn() -> Amount| Ok(());
    charge(tables, &payer, &message, now.into(), None, nowhere).map(|(charge, ())| charge)
}

#[test]
fn every_message_of_the_example_costs_what_the_page_says() {
    let loaded = load();
    assert_eq!(loaded.warnings, [""; 0]);
    let tables = Tables::build(loaded.provisioning.definition(&loaded.settings.refusals)).unwrap();
    let of_account = |(id, number): (&str, u32)| {
        let mut accounts = loaded.provisioning.accounts.iter();
        let opening = accounts.find(|account| &*account.account.id == id).unwrap().opening_balance;
        let state = WalletState { balance: Total::from(opening), ..WalletState::default() };
        (tables.terms(id).unwrap(), Wallet::new(AccountNumber(number), state))
    };
    let accounts = [("client", 1), ("shop", 2), ("importer", 3)].map(of_account);
    let chain: Vec<(&Arc<Terms>, &Wallet)> =
        accounts.iter().map(|(terms, wallet)| (*terms, wallet)).collect();
    let mut number = 0;
    for row in rows() {
        number += 1;
        let left = |level: usize| chain[level].1.state().balance;
        match charged(&tables, &chain, row[0].parse().unwrap()) {
            Ok(charge) => {
                let above = charge.beside.unwrap().above;
                let pays = [
                    charge.posting.amount,
                    above[0].postings.posting.amount,
                    above[1].postings.posting.amount,
                ];
                assert_eq!(pays, [1, 2, 3].map(|cell| money(row[cell])), "row {number}");
                assert_eq!(pays[0].checked_sub(pays[1]), Some(money(row[4])), "row {number}: shop keeps");
                assert_eq!(pays[1].checked_sub(pays[2]), Some(money(row[5])), "row {number}: importer keeps");
            }
            Err(refusal) => {
                assert_eq!(row[1], format!("refused: `{}`", refusal.for_sender()), "row {number}");
            }
        }
        assert_eq!(left(2), Total::from(money(row[6])), "row {number}: importer has left");
    }
    assert_eq!(number, 4);
}
