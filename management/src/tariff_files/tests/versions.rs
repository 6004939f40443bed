//! Archived versions and the way back to them.

use super::support::{Books, Folder};
use crate::tariff_files::{EditError, list_versions, plan_rollback, version_files};
use tollgate_provisioning::ArchivedKind;

#[test]
fn versions_are_listed_with_what_they_were_read_from() {
    let folder = Folder::small();
    let mut books = Books::open();
    let first = folder.load();
    assert_eq!(books.apply(&first), 1);
    folder.edit("rates.csv", "0.02,", "0.025,");
    let second = folder.load();
    assert_eq!((books.apply(&second), books.apply(&first)), (2, 1));
    let versions = list_versions(&books.store).unwrap();
    let names: Vec<(u32, &str)> =
        versions.iter().map(|version| (version.number, &*version.version)).collect();
    assert_eq!(names, [(1, &*first.provisioning.version), (2, &*second.provisioning.version)]);
    assert!(versions[0].applied_at < versions[1].applied_at);
    let kinds: Vec<(&str, ArchivedKind)> =
        versions[0].files.iter().map(|file| (&*file.name, file.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("account plans", ArchivedKind::AccountPlans),
            ("account terms", ArchivedKind::AccountTerms),
            ("costs.csv", ArchivedKind::Costs),
            ("countries.csv", ArchivedKind::Countries),
            ("exchange_rates.csv", ArchivedKind::ExchangeRates),
            ("networks.csv", ArchivedKind::Networks),
            ("numbering.csv", ArchivedKind::Numbering),
            ("operator terms", ArchivedKind::OperatorTerms),
            ("plans.toml", ArchivedKind::Plans),
            ("ported.csv", ArchivedKind::Ported),
            ("rates.csv", ArchivedKind::Rates),
        ]
    );
    for (file, archived) in versions[0].files.iter().zip(&first.provisioning.archive) {
        assert_eq!(file.digest, archived.digest, "{}", file.name);
    }
    let (_, files) = version_files(&books.store, &first.provisioning.version).unwrap().unwrap();
    let (_, content) = files.iter().find(|(name, _)| name == "rates.csv").unwrap();
    assert_eq!(content.len() as u64, versions[0].files[10].bytes);
    assert!(version_files(&books.store, "0123456789abcdef").unwrap().is_none());
}

#[test]
fn plans_and_rates_go_back_and_the_rest_stays() {
    let folder = Folder::small();
    let mut books = Books::open();
    let first = folder.load();
    books.apply(&first);
    let (plans, rates) = (folder.text("plans.toml"), folder.text("rates.csv"));
    folder.edit("plans.toml", "\"0.05\"", "\"0.06\"").edit("rates.csv", "0.02,", "0.025,");
    books.apply(&folder.load());
    let back =
        plan_rollback(&books.store, &folder.config(), &folder.load(), &first.provisioning.version).unwrap();
    assert_eq!(back.restored, ["plans.toml", "rates.csv"]);
    assert_eq!((back.emptied.len(), back.not_rolled_back.len()), (0, 0));
    assert_eq!(back.change.after.provisioning.version, first.provisioning.version);
    let applied = folder.apply(&back.change);
    assert_eq!((folder.text("plans.toml"), folder.text("rates.csv")), (plans, rates));
    assert_eq!(books.apply(&applied), 1, "it is the old version again");
    let again = plan_rollback(&books.store, &folder.config(), &applied, &first.provisioning.version).unwrap();
    assert!(again.change.is_empty() && again.restored.is_empty());
}

#[test]
fn what_is_not_rolled_back_is_named() {
    let folder = Folder::small();
    let mut books = Books::open();
    let first = folder.load();
    books.apply(&first);
    folder.edit("rates.csv", "0.02,", "0.025,");
    folder.edit("accounts.toml", "price = \"0.015\"", "price = \"0.016\"");
    folder.edit("networks.csv", "AeroMobile AS", "AeroMobile");
    folder.edit("ported.csv", "254733000001", "254733000002");
    folder.edit("tollgate.toml", "rates = [\"rates.csv\"]", "rates = [\"more.csv\", \"rates.csv\"]");
    folder.write("more.csv", "# Later\nplan,mcc,mnc,price\n*,310,,0.01\n");
    let back =
        plan_rollback(&books.store, &folder.config(), &folder.load(), &first.provisioning.version).unwrap();
    assert_eq!(
        (&back.restored[..], &back.emptied[..]),
        (&["rates.csv".to_owned()][..], &["more.csv".to_owned()][..])
    );
    assert_eq!(back.not_rolled_back, ["account terms", "networks.csv", "ported.csv"]);
    let applied = folder.apply(&back.change);
    assert_eq!(folder.text("more.csv"), "# Later\nplan,mcc,mnc,price\n");
    assert_eq!(applied.provisioning.plans, first.provisioning.plans, "prices are those of the version");
    assert_ne!(applied.provisioning.version, first.provisioning.version);
}

#[test]
fn a_version_that_does_not_fit_any_more_is_refused() {
    let folder = Folder::small();
    let mut books = Books::open();
    folder.edit("tollgate.toml", "rates = [\"rates.csv\"]", "rates = [\"more.csv\", \"rates.csv\"]");
    folder.write("more.csv", "plan,mcc,mnc,price\n*,310,,0.01\n");
    let first = folder.load();
    books.apply(&first);
    folder.edit("tollgate.toml", "\"more.csv\", ", "");
    let version = &first.provisioning.version;
    let refused = plan_rollback(&books.store, &folder.config(), &folder.load(), version).unwrap_err();
    assert!(matches!(&refused, EditError::NotEditable { file } if file == "more.csv"), "{refused}");
    // An account has moved to a plan that the version does not have.
    folder.edit("tollgate.toml", "[\"rates.csv\"]", "[\"more.csv\", \"rates.csv\"]");
    let text = folder.text("plans.toml")
        + "\n[[plan]]\nname = \"new\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\nbase_price = \"1\"\n";
    folder.write("plans.toml", &text).edit("accounts.toml", "plan = \"starter\"", "plan = \"new\"");
    let refused = plan_rollback(&books.store, &folder.config(), &folder.load(), version).unwrap_err();
    assert!(
        refused.to_string().contains("accounts.toml:4: account.plan: there is no plan `new`"),
        "{refused}"
    );
    let missing = plan_rollback(&books.store, &folder.config(), &folder.load(), "gone").unwrap_err();
    assert_eq!(missing.to_string(), "there is no tariff version gone");
}
