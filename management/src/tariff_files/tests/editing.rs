//! Overlays, and edits on their way to disk.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use super::support::{Folder, amount};
use parking_lot::Mutex;

use crate::tariff_files::{EditError, Editor, PlanInput, RateInput, list_plans, put_rates, replace_plan};
use tollgate_provisioning as config;
use tollgate_provisioning::Overlay;

fn rate(price: &str) -> Vec<RateInput> {
    let text = str::to_owned;
    let (plan, mcc, mnc) = (text("*"), text("639"), text("02"));
    vec![RateInput { plan, mcc, mnc, price: text(price), ..RateInput::default() }]
}

/// The plan `enterprise` with another base price.
fn enterprise(base_price: &str) -> PlanInput {
    PlanInput {
        name: "enterprise".to_owned(),
        currency: "USD".to_owned(),
        time_zone: "UTC".to_owned(),
        base_price: Some(base_price.to_owned()),
        ..PlanInput::default()
    }
}

#[test]
fn an_overlay_is_read_in_place_of_the_file() {
    let folder = Folder::small();
    let before = folder.load();
    let text = folder.text("plans.toml").replace("\"0.05\"", "\"0.06\"");
    let overlay = Overlay::from([("plans.toml".to_owned(), text.clone().into_bytes())]);
    let loaded = config::load_with(&folder.config(), &overlay).unwrap();
    assert_eq!(loaded.provisioning.plans[0].base_price, Some(amount("0.06")));
    assert_eq!(loaded.files, before.files, "the file is watched as before");
    assert_eq!(folder.load().provisioning.archive, before.provisioning.archive, "and nothing was written");
    // The version is that of the same text on disk.
    assert_eq!(folder.write("plans.toml", &text).load().provisioning.version, loaded.provisioning.version);
}

#[test]
fn an_overlay_of_a_file_that_is_not_named_is_an_error() {
    let folder = Folder::small();
    let overlay = Overlay::from([("other.csv".to_owned(), b"plan,mcc,mnc,price\n".to_vec())]);
    let problems = config::load_with(&folder.config(), &overlay).unwrap_err().to_string();
    assert!(
        problems.ends_with("other.csv: is not among the files that the configuration names\n"),
        "{problems}"
    );
}

/// The names and hashes of these files make the name of the version.
#[test]
fn nothing_more_is_archived_where_rate_files_are_in_order() {
    let archive = Folder::shipped().load().provisioning.archive;
    let names: Vec<&str> = archive.iter().map(|file| &*file.name).collect();
    assert_eq!(
        names,
        [
            "account plans",
            "account terms",
            "numbering/countries.csv",
            "numbering/networks.csv",
            "numbering/numbering.csv",
            "plans.toml",
            "rates/samples.csv",
        ]
    );
}

#[test]
fn an_edit_is_written_and_nothing_else_is_left() {
    let folder = Folder::small();
    let names = folder.names();
    let change = put_rates(&folder.config(), &folder.load(), None, &rate("0.025")).unwrap();
    let text = folder.text("rates.csv");
    let applied = folder.apply(&change);
    assert_eq!(folder.text("rates.csv"), text.replacen("*,639,02,0.02,", "*,639,02,0.025,", 1));
    assert_eq!(folder.names(), names);
    assert_eq!(applied.provisioning.version, folder.load().provisioning.version);
    assert_eq!(applied.provisioning.version, change.after.provisioning.version);
    assert!(!change.is_empty() && !change.lines(&folder.load()).contains(&"plan".to_owned()));
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let folder = Folder::small();
    let change = put_rates(&folder.config(), &folder.load(), None, &rate("0.02")).unwrap();
    assert!(change.is_empty(), "{:?}", change.overlay.keys());
    let before = fs::metadata(folder.path("rates.csv")).unwrap().modified().unwrap();
    folder.apply(&change);
    assert_eq!(fs::metadata(folder.path("rates.csv")).unwrap().modified().unwrap(), before);
}

#[test]
fn of_two_edits_of_one_file_the_second_is_refused() {
    let folder = Folder::small();
    let (loaded, mut editor) = (folder.load(), Editor::new(folder.config()));
    let first = put_rates(&folder.config(), &loaded, None, &rate("0.025")).unwrap();
    let second = put_rates(&folder.config(), &loaded, None, &rate("0.03")).unwrap();
    let of_plans = replace_plan(&folder.config(), &loaded, &enterprise("0.01")).unwrap();
    editor.apply(&first).unwrap();
    let refused = editor.apply(&second).unwrap_err();
    assert!(matches!(&refused, EditError::Changed { file } if file == "rates.csv"), "{refused}");
    assert!(folder.text("rates.csv").contains("*,639,02,0.025,"), "the first one stands");
    editor.apply(&of_plans).unwrap();
    assert_eq!(list_plans(&folder.load())[1].base_price, Some(amount("0.01")), "other files are free");
}

#[test]
fn of_edits_at_the_same_time_one_is_written() {
    let folder = Folder::small();
    let (loaded, editor) = (folder.load(), Mutex::new(Editor::new(folder.config())));
    let prices = ["0.011", "0.021", "0.031", "0.041", "0.051", "0.061", "0.071", "0.081"];
    let written: Vec<&str> = std::thread::scope(|scope| {
        let apply = |price: &'static str| {
            let change = put_rates(&folder.config(), &loaded, None, &rate(price)).unwrap();
            let editor = &editor;
            scope.spawn(move || editor.lock().apply(&change).is_ok().then_some(price))
        };
        let threads: Vec<_> = prices.into_iter().map(apply).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    let [price] = written[..] else { panic!("not one: {written:?}") };
    assert!(folder.text("rates.csv").contains(&format!("*,639,02,{price},")));
}

#[test]
fn an_edit_that_another_change_has_made_wrong_is_refused() {
    let folder = Folder::small();
    let loaded = folder.load();
    let mut rates = rate("0.02");
    rates[0].plan = "enterprise".to_owned();
    let change = put_rates(&folder.config(), &loaded, None, &rates).unwrap();
    // Meanwhile somebody renames the plan, in the other files only.
    folder.edit("plans.toml", "\"enterprise\"", "\"business\"");
    folder.edit("accounts.toml", "plan = \"enterprise\"", "plan = \"business\"");
    let refused = Editor::new(folder.config()).apply(&change).unwrap_err();
    assert!(refused.to_string().contains("there is no plan `enterprise`"), "{refused}");
    assert!(!folder.text("rates.csv").contains("enterprise,639,02,0.02"));
}

#[test]
fn a_link_stays_a_link() {
    let folder = Folder::small();
    let elsewhere = tempfile::tempdir().unwrap();
    let real = elsewhere.path().join("real.csv");
    fs::rename(folder.path("rates.csv"), &real).unwrap();
    symlink(&real, folder.path("rates.csv")).unwrap();
    folder.apply(&put_rates(&folder.config(), &folder.load(), None, &rate("0.025")).unwrap());
    assert!(fs::symlink_metadata(folder.path("rates.csv")).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("*,639,02,0.025,"));
}

#[test]
fn a_folder_that_cannot_be_written_changes_nothing() {
    let folder = Folder::small();
    let change = put_rates(&folder.config(), &folder.load(), None, &rate("0.025")).unwrap();
    let (text, names) = (folder.text("rates.csv"), folder.names());
    fs::set_permissions(folder.path(""), fs::Permissions::from_mode(0o555)).unwrap();
    let refused = std::thread::scope(|scope| {
        let without_rights = scope.spawn(|| {
            // Root may write everywhere; this thread gives that up.
            let mut sets = capabilities(None).unwrap();
            sets.effective.remove(CapabilitySet::DAC_OVERRIDE);
            set_capabilities(None, sets).unwrap();
            Editor::new(folder.config()).apply(&change).unwrap_err()
        });
        without_rights.join().unwrap()
    });
    fs::set_permissions(folder.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(&refused, EditError::NotWritten { .. }), "{refused}");
    let said = refused.to_string();
    assert!(said.contains("rates.csv") && said.contains("Permission denied"), "{said}");
    assert_eq!((folder.text("rates.csv"), folder.names()), (text, names));
}
