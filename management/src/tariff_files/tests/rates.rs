//! Rate cards row by row.

use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::UnixMicros;

use super::support::{Folder, at, problems_of};
use crate::tariff_files::{EditError, RateFilter, RateInput, RatePlace, list_rates, put_rates, remove_rates};

fn input(plan: &str, mcc: &str, mnc: &str, price: &str) -> RateInput {
    let text = str::to_owned;
    RateInput { plan: text(plan), mcc: text(mcc), mnc: text(mnc), price: text(price), ..RateInput::default() }
}

fn listed(folder: &Folder, filter: &RateFilter) -> Vec<String> {
    let lines = list_rates(&folder.load(), filter).unwrap();
    lines
        .iter()
        .map(|line| {
            let rate = &line.rate;
            let (plan, network, price) = (&rate.plan, rate.network, rate.price);
            format!("{plan} {network} {price} {}:{} {}", rate.origin.file, rate.origin.line, line.operator)
        })
        .collect()
}

#[test]
fn rates_are_listed_as_they_stand() {
    let folder = Folder::small();
    let lines = list_rates(&folder.load(), &RateFilter::default()).unwrap();
    assert_eq!(lines.len(), 5);
    let own = &lines[3];
    assert_eq!((&*own.country, &*own.country_name, &*own.operator), ("KE", "Kenya", "Safaricom"));
    assert_eq!((&*own.rate.note, own.rate.effective_to), ("own", Some(at("2027-06-01"))));
    assert_eq!((own.rate.effective_from, own.currency.unwrap().as_str()), (UnixMicros::default(), "USD"));
    let of_mcc = &lines[2];
    assert_eq!((&*of_mcc.country, &*of_mcc.operator), ("KE", ""));
}

#[test]
fn filters_leave_out_what_does_not_match() {
    let folder = Folder::small();
    // A plan's own rows for a network come before those of every plan, which hold again once its own has ended.
    let enterprise = RateFilter { plan: Some("enterprise".to_owned()), ..RateFilter::default() };
    assert_eq!(
        listed(&folder, &enterprise),
        [
            "* 639/02 0.02 rates.csv:2 Safaricom",
            "* 639/02 0.021 rates.csv:3 Safaricom",
            "* 639 0.03 rates.csv:4 ",
            "enterprise 639/02 0.01 rates.csv:5 Safaricom"
        ]
    );
    let without_end = Folder::small();
    without_end.write("rates.csv", &without_end.text("rates.csv").replace("2027-06-01", ""));
    assert_eq!(
        listed(&without_end, &enterprise),
        ["* 639 0.03 rates.csv:4 ", "enterprise 639/02 0.01 rates.csv:5 Safaricom"]
    );
    let every = RateFilter { plan: Some("*".to_owned()), ..RateFilter::default() };
    assert_eq!(listed(&folder, &every).len(), 3);
    let network =
        RateFilter { mcc: Some("639".to_owned()), mnc: Some("03".to_owned()), ..RateFilter::default() };
    assert_eq!(listed(&folder, &network), ["starter 639/03 0.018 rates.csv:6 Bharti Airtel"]);
    let of_mcc =
        RateFilter { mcc: Some("639".to_owned()), mnc: Some(String::new()), ..RateFilter::default() };
    assert_eq!(listed(&folder, &of_mcc), ["* 639 0.03 rates.csv:4 "]);
    let shipped = Folder::shipped();
    let kenya = RateFilter { country: Some("KE".to_owned()), ..RateFilter::default() };
    assert_eq!(listed(&shipped, &kenya).len(), 3);
    let nowhere = RateFilter { country: Some("XX".to_owned()), ..RateFilter::default() };
    assert_eq!(listed(&shipped, &nowhere), [""; 0]);
}

#[test]
fn a_rate_is_of_every_country_whose_numbers_lead_to_its_network() {
    let folder = Folder::small();
    let add = |file: &str, rows: &str| {
        folder.write(file, &format!("{}\n{rows}\n", folder.text(file).trim_end()));
    };
    add("countries.csv", "GP,Guadeloupe,590,340,\nMQ,Martinique,596,340,");
    add("networks.csv", "340,01,GP,Orange,");
    add("numbering.csv", "590,340,,GP,,country,\n596,340,,MQ,,country,\n596696,340,01,MQ,,exact,");
    add("rates.csv", "*,340,01,0.05,,,\n*,340,,0.06,,,");
    for country in ["GP", "MQ"] {
        let filter = RateFilter { country: Some(country.to_owned()), ..RateFilter::default() };
        let lines = listed(&folder, &filter);
        assert_eq!(lines.len(), 2, "{country}: {lines:?}");
        assert!(lines.iter().all(|line| line.contains("* 340")), "{lines:?}");
    }
}

#[test]
fn what_is_listed_for_a_plan_is_what_it_charges_by() {
    for folder in [Folder::small(), Folder::shipped()] {
        let loaded = folder.load();
        for plan in &loaded.provisioning.plans {
            let filter = RateFilter { plan: Some(plan.name.to_string()), ..RateFilter::default() };
            let mut listed: Vec<_> = list_rates(&loaded, &filter)
                .unwrap()
                .into_iter()
                .map(|line| (line.rate.origin, line.rate.network, line.rate.price, line.rate.effective_to))
                .collect();
            let mut charged: Vec<_> = plan
                .rates
                .iter()
                .chain(&plan.common_rates)
                .map(|row| (row.origin.clone(), row.network, row.price, row.effective_to))
                .collect();
            listed.sort();
            charged.sort();
            assert_eq!(listed, charged, "{}", plan.name);
        }
    }
}

#[test]
fn a_rate_is_replaced_in_its_line_or_added_at_the_end() {
    let folder = Folder::shipped();
    let text = folder.text("rates/samples.csv");
    let rates = [
        RateInput { effective_to: Some("2030-01-01".to_owned()), ..input("*", "641", "10", "0.019") },
        RateInput {
            note: Some("Kenya, all, and \"more\"".to_owned()),
            ..input("starter", "639", "", "0.04")
        },
    ];
    folder.apply(&put_rates(&folder.config(), &folder.load(), None, &rates).unwrap());
    let expected = text.replace("*,641,10,0.018,,,Uganda: MTN", "*,641,10,0.019,,2030-01-01,Uganda: MTN")
        + "starter,639,,0.04,,,\"Kenya, all, and \"\"more\"\"\"\n";
    assert_eq!(folder.text("rates/samples.csv"), expected);
    let same_time =
        RateInput { effective_from: Some("2027-01-01".to_owned()), ..input("*", "641", "10", "0.02") };
    let same_time_again =
        RateInput { effective_from: Some("2027-01-01T03:00:00+03:00".to_owned()), ..same_time.clone() };
    folder.apply(&put_rates(&folder.config(), &folder.load(), None, &[same_time]).unwrap());
    let change = put_rates(&folder.config(), &folder.load(), None, &[same_time_again]).unwrap();
    assert!(change.is_empty(), "the same instant is the same row");
}

#[test]
fn a_wrong_rate_is_named_by_its_line() {
    let folder = Folder::shipped();
    let rates = [input("*", "641", "10", "0.0181234"), input("gold", "999", "1", "-1")];
    let problems = problems_of(&folder, put_rates(&folder.config(), &folder.load(), None, &rates));
    for expected in [
        "rates/samples.csv:7: price: `0.0181234` is finer than a millionth",
        "rates/samples.csv:21: plan: there is no plan `gold`",
        "rates/samples.csv:21: mnc: `1` is not an MNC",
        "rates/samples.csv:21: price: `-1` is below zero",
    ] {
        assert!(problems.contains(expected), "{expected}\nis not among\n{problems}");
    }
}

#[test]
fn cells_cannot_break_out_of_their_row() {
    let folder = Folder::shipped();
    for (plan, note) in
        [("#starter", "n"), ("*\n*", "n"), ("starter,639", "n"), ("starter", "a\nb"), ("\"", "n")]
    {
        let rate = RateInput { note: Some(note.to_owned()), ..input(plan, "640", "", "0.04") };
        let result = put_rates(&folder.config(), &folder.load(), None, &[rate]);
        assert!(matches!(&result, Err(EditError::Invalid(_))), "{plan:?} {note:?}: {result:?}");
    }
}

#[test]
fn rates_are_taken_out_line_by_line() {
    let folder = Folder::small();
    let place = |plan: &str, network: &str, from: &str| RatePlace {
        plan: plan.into(),
        network: NetworkCode::parse_joined(network).unwrap(),
        effective_from: at(from),
    };
    let text = folder.text("rates.csv");
    let places = [place("*", "639/02", "2027-01-01"), place("starter", "639/03", "2025-12-31T21:00:00Z")];
    folder.apply(&remove_rates(&folder.config(), &folder.load(), &places).unwrap());
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let document = [lines[0], lines[1], lines[3], lines[4]].concat();
    assert_eq!(folder.text("rates.csv"), document);
    let missing = remove_rates(&folder.config(), &folder.load(), &places).unwrap_err();
    assert_eq!(missing.to_string(), "there is no rate of plan * for 639/02 from 2027-01-01T00:00:00Z");
}

#[test]
fn with_several_files_a_new_rate_needs_one_named() {
    let folder = Folder::small();
    folder.edit("tollgate.toml", "rates = [\"rates.csv\"]", "rates = [\"rates.csv\", \"more.csv\"]");
    folder.write("more.csv", "mcc,plan,price,mnc\n310,starter,0.01,\n");
    let rate = input("starter", "311", "", "0.02");
    let which = put_rates(&folder.config(), &folder.load(), None, std::slice::from_ref(&rate)).unwrap_err();
    assert_eq!(which.to_string(), "there are several rate files; name one of rates.csv, more.csv");
    let rates = [rate, input("starter", "310", "", "0.03")];
    folder.apply(&put_rates(&folder.config(), &folder.load(), Some("more.csv"), &rates).unwrap());
    assert_eq!(folder.text("more.csv"), "mcc,plan,price,mnc\n310,starter,0.03,\n311,starter,0.02,\n");
    // A row that is there is found without the file's name.
    let change = put_rates(&folder.config(), &folder.load(), None, &[input("*", "639", "", "0.05")]).unwrap();
    assert_eq!(change.overlay.keys().collect::<Vec<_>>(), ["rates.csv"]);
    for file in ["plans.toml", "accounts.toml", "../rates.csv", "/etc/passwd"] {
        let rate = [input("*", "640", "", "0.05")];
        let refused = put_rates(&folder.config(), &folder.load(), Some(file), &rate).unwrap_err();
        assert!(matches!(&refused, EditError::NotEditable { file: named } if named == file), "{refused}");
    }
}
