//! Random charges under random tariffs: whatever the engine charges, the archive explains.

use std::fmt::Write;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tollgate_engine::time::UnixMicros;

use super::support::{Books, Folder, amount, at};
use crate::rerate::rerate;
use crate::tariff_files::Explainer;
use tollgate_provisioning::ArchivedTariff;

const DAY_MICROS: u64 = 86_400_000_000;

/// Rates of both plans and of an account, in two files that are not in the order of their names. Rows that are equals
/// stand in both, so that their order decides.
fn write_random_rates(folder: &Folder, random: &mut Pcg64Mcg) {
    let networks = ["639,01", "639,02", "639,03", "639,", "310,", "311,"];
    let times = ["", "2026-02-01", "2026-03-01T00:00:00+03:00"];
    let mut files = ["plan,mcc,mnc,price,effective_from,effective_to\n".to_owned(), String::new()];
    files[1] = files[0].clone();
    let mut own = String::new();
    for plan in ["*", "starter", "enterprise", "own"] {
        for network in networks {
            for from in times {
                let (micros, to) =
                    (random.random_range(0..40_000), ["", "2026-04-01"][random.random_range(0..2)]);
                let price = format!("0.{micros:06}");
                let file = random.random_range(0..6);
                if plan == "own" && file < 2 {
                    let (mcc, mnc) = network.split_once(',').unwrap();
                    let _ = write!(own, "{{ mcc = \"{mcc}\", mnc = \"{mnc}\", price = \"{price}\"");
                    let from = if from.is_empty() {
                        String::new()
                    } else {
                        format!(", effective_from = \"{from}\"")
                    };
                    let to = if to.is_empty() { String::new() } else { format!(", effective_to = \"{to}\"") };
                    let _ = write!(own, "{from}{to} }}, ");
                } else if plan != "own" && file < 2 {
                    let _ = writeln!(files[file], "{plan},{network},{price},{from},{to}");
                }
            }
        }
    }
    folder.write("rates.csv", &files[0]).write("more.csv", &files[1]);
    let accounts = folder.text("accounts.toml");
    let rates = accounts.lines().find(|line| line.starts_with("rates = ")).unwrap();
    folder.write("accounts.toml", &accounts.replace(rates, &format!("rates = [{own}]")));
}

#[test]
fn every_charge_is_explained_by_its_version() {
    let (folder, mut books) = (Folder::small(), Books::open());
    folder.edit("tollgate.toml", "rates = [\"rates.csv\"]", "rates = [\"rates.csv\", \"more.csv\"]");
    folder.edit("plans.toml", "base_price = \"refuse\"", "base_price = \"0.033333\"");
    folder.edit("plans.toml", "to = 1000 }", "to = 300 }").edit("plans.toml", "from = 1001,", "from = 301,");
    let (mut random, explainer, mut messages) = (Pcg64Mcg::seed_from_u64(17), Explainer::new(), Vec::new());
    for _ in 0..12 {
        write_random_rates(&folder, &mut random);
        let loaded = folder.load();
        books.apply(&loaded);
        for _ in 0..25 {
            let account = ["first", "second"][random.random_range(0..2)];
            let to =
                ["254722000001", "254733000005", "12125550100", "254733000001"][random.random_range(0..4)];
            let days = random.random_range(0..130);
            let now = UnixMicros(at("2026-01-01").0 + days * DAY_MICROS);
            let tlv: Option<&[u8]> = [None, Some(&b"63901"[..]), Some(b"311")][random.random_range(0..3)];
            let id = books.charge_with(account, to, random.random_range(1..40), now, tlv);
            messages.push((account, id, std::sync::Arc::clone(&loaded.provisioning.version)));
        }
    }
    let rerated = rerate(&books.store, 2).unwrap();
    assert_eq!((rerated.differing, rerated.first, rerated.rated_again), (0, None, messages.len() as u64));
    for (account, id, version) in messages {
        let explanation = explainer.explain(&books.store, books.number(account), id).unwrap().unwrap();
        assert!(explanation.agrees, "{explanation}");
        assert_eq!(*explanation.tariff_version, *version);
        let segments: u32 = explanation.lines.iter().map(|line| line.line.segments).sum();
        assert_eq!(segments, u32::from(explanation.segments));
    }
}

#[test]
fn what_is_archived_reads_back_as_it_was() {
    let folder = Folder::small();
    folder.edit("tollgate.toml", "rates = [\"rates.csv\"]", "rates = [\"rates.csv\", \"more.csv\"]");
    let mut random = Pcg64Mcg::seed_from_u64(3);
    for _ in 0..20 {
        write_random_rates(&folder, &mut random);
        let provisioning = folder.load().provisioning;
        let document = provisioning.archive.iter().map(|file| (file.name.to_string(), file.bytes.to_vec()));
        let read =
            ArchivedTariff::read(&document.collect::<Vec<_>>()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(read.plans, provisioning.plans);
        for account in &provisioning.accounts {
            let own = read.own_rates(&account.account.id);
            let said = |row: &tollgate_engine::tariff::RateRow| {
                (row.network, row.price, row.effective_from, row.effective_to)
            };
            let (own, then): (Vec<_>, Vec<_>) =
                (own.iter().map(said).collect(), account.account.rates.iter().map(said).collect());
            assert_eq!(own, then, "{}", account.account.id);
        }
        for (id, network) in provisioning.networks.iter() {
            let found = read.networks.id(network.code).unwrap();
            let codes = |networks: &tollgate_engine::network::Networks, id| {
                let aliases = networks.aliases(id).iter();
                aliases.map(|alias| networks.get(*alias).code).collect::<Vec<_>>()
            };
            assert_eq!(codes(&read.networks, found), codes(&provisioning.networks, id), "{}", network.code);
        }
    }
}

#[test]
fn the_order_of_rate_files_is_part_of_the_version() {
    let folder = Folder::small();
    folder.edit("tollgate.toml", "rates = [\"rates.csv\"]", "rates = [\"a.csv\", \"b.csv\"]");
    // Both are rows for another code of the operator, so that the first one wins.
    folder.write(
        "numbering.csv",
        &folder.text("numbering.csv").replace("639-01|639-02", "639-01|639-02|639-03"),
    );
    folder.write("a.csv", "plan,mcc,mnc,price\n*,639,01,0.01\n");
    folder.write("b.csv", "plan,mcc,mnc,price\n*,639,03,0.03\n");
    let mut books = Books::open();
    for (order, price) in [("\"a.csv\", \"b.csv\"", "0.01"), ("\"b.csv\", \"a.csv\"", "0.03")] {
        let text = folder.text("tollgate.toml");
        let rates = text.lines().find(|line| line.starts_with("rates = ")).unwrap();
        folder.write("tollgate.toml", &text.replace(rates, &format!("rates = [{order}]")));
        books.apply(&folder.load());
        let id = books.charge("first", "254722000001", 1, "2026-07-01");
        let explained = Explainer::new().explain(&books.store, books.number("first"), id).unwrap().unwrap();
        assert_eq!((explained.charged, explained.agrees), (amount(price), true), "{explained}");
    }
}
