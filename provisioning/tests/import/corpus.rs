//! Price lists as senders write them, each with what it has to come to in the file `NAME.expected` beside it.
//!
//! Lines of such a file: `currency CODE`, `plan NAME` and `effective DATE` say what the list is read for, `profile LINE` is a
//! line of the profile's file. `rate NETWORK PRICE [FROM|-] [TO]` and `closed NETWORK [AT]` are all that the list has;
//! `contains` is a rate among others. `warning LINE: TEXT` and `problem LINE: TEXT` are all that is said, by a part of each
//! text that is divided by `: `; `*` is any.

use std::fs;
use std::path::{Path, PathBuf};

use tollgate_engine::money::Currency;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::import::{
    ImportProfile, NetworkDirectory, PriceList, ReadOptions, RefusedList, Wording, profile_text,
    read_price_list, read_profile,
};

use crate::support::shipped;

/// The result that a list has to have.
#[derive(Default)]
struct Expected {
    currency: String,
    plan: Option<String>,
    effective: Option<UnixMicros>,
    profile: String,
    rates: Vec<String>,
    contained: Vec<String>,
    warnings: Vec<String>,
    problems: Vec<String>,
}

impl Expected {
    fn read(text: &str) -> Self {
        let mut expected = Self { currency: "USD".to_owned(), ..Self::default() };
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (word, rest) = line.split_once(' ').expect("a word and what it says");
            let rest = rest.to_owned();
            match word {
                "currency" => expected.currency = rest,
                "plan" => expected.plan = Some(rest),
                "effective" => expected.effective = UnixMicros::parse(&rest),
                "profile" => expected.profile += &(rest + "\n"),
                "rate" | "closed" => expected.rates.push(normal(line)),
                "contains" => expected.contained.push(normal(&format!("rate {rest}"))),
                "warning" => expected.warnings.push(rest),
                "problem" => expected.problems.push(rest),
                other => panic!("{other} is not known here"),
            }
        }
        expected
    }
}

/// A line with its price as amounts are printed.
fn normal(line: &str) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    if words[0] == "rate" {
        words[2] = words[2].parse::<tollgate_engine::money::Amount>().expect("a price").to_string();
    }
    words.join(" ")
}

fn lines_of(list: &PriceList) -> Vec<String> {
    let shown = |at: UnixMicros| if at == UnixMicros::default() { "-".to_owned() } else { at.to_rfc3339() };
    let rates = list.rates.iter().map(|rate| {
        let to = rate.to.map(|to| format!(" {}", to.to_rfc3339())).unwrap_or_default();
        let from = shown(rate.from);
        let from = if from == "-" && to.is_empty() { String::new() } else { format!(" {from}") };
        format!("rate {} {}{from}{to}", rate.network, rate.price)
    });
    let closed = list.closed.iter().map(|closed| {
        format!(
            "closed {}{}",
            closed.network,
            closed.at.map(|at| format!(" {}", at.to_rfc3339())).unwrap_or_default()
        )
    });
    rates.chain(closed).collect()
}

/// True if what is said is what is expected: its line, and every part of its text.
fn is_said(said: &str, expected: &str) -> bool {
    let parts: Vec<&str> = expected.split(": ").collect();
    said.split(": ").next() == parts.first().copied()
        && parts[1..].iter().all(|part| *part == "*" || part.is_empty() || said.contains(part))
}

fn differences(kind: &str, said: &[String], expected: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for text in said.iter().filter(|text| !expected.iter().any(|expected| is_said(text, expected))) {
        faults.push(format!("{kind} that is not expected: {text}"));
    }
    for text in expected.iter().filter(|expected| !said.iter().any(|text| is_said(text, expected))) {
        faults.push(format!("{kind} that is missing: {text}"));
    }
    faults
}

fn faults_of(result: &Result<PriceList, RefusedList>, expected: &Expected) -> Vec<String> {
    match result {
        Ok(list) => {
            let (mut got, mut wanted) = (lines_of(list), expected.rates.clone());
            let mut faults: Vec<String> = expected
                .contained
                .iter()
                .filter(|line| !got.contains(line))
                .map(|line| format!("a rate that is missing: {line}"))
                .collect();
            if expected.contained.is_empty() {
                got.sort();
                wanted.sort();
                if got != wanted {
                    faults.push(format!("rates are {got:#?}, expected {wanted:#?}"));
                }
                let warnings =
                    list.warnings.iter().map(|warning| format!("{}: {}", warning.line, warning.message));
                faults.extend(differences("a warning", &warnings.collect::<Vec<_>>(), &expected.warnings));
            }
            faults.extend(differences("a problem", &[], &expected.problems));
            faults
        }
        Err(refused) => {
            let said: Vec<String> = refused
                .problems
                .iter()
                .map(|problem| format!("{}: {}: {}", problem.line, problem.key, problem.message))
                .collect();
            let mut faults = differences("a problem", &said, &expected.problems);
            if expected.problems.is_empty() {
                faults.push("the list is refused".to_owned());
            }
            faults
        }
    }
}

#[test]
fn every_list_of_the_corpus_comes_to_what_stands_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/lists");
    let mut lists: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder of lists")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending != "expected"))
        .collect();
    lists.sort();
    assert!(lists.len() >= 30, "{} lists", lists.len());
    let loaded = shipped();
    let directory = NetworkDirectory::of(&loaded.provisioning);
    let mut faults = Vec::new();
    for path in lists {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let expected =
            fs::read_to_string(path.with_file_name(format!("{name}.expected"))).expect("what is expected");
        let expected = Expected::read(&expected);
        let profile = read_profile(Path::new("profile.toml"), expected.profile.clone().into_bytes());
        let profile = profile.unwrap_or_else(|problems| panic!("{name}: {problems}"));
        let octets = fs::read(&path).expect("a list");
        let read = |profile: &ImportProfile| {
            let options = ReadOptions {
                name: &name,
                profile,
                currency: Currency::new(&expected.currency).expect("a currency"),
                plan: expected.plan.as_deref(),
                effective: expected.effective,
                wording: Wording::Fields,
            };
            read_price_list(&octets, &options, &directory)
        };
        let result = read(&profile);
        let found = faults_of(&result, &expected);
        faults.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
        // The profile that a list gives, kept in a file, reads the list in the same way.
        if let Ok(list) = result {
            let kept = read_profile(Path::new("kept.toml"), profile_text(&list.profile).into_bytes());
            let again = read(&kept.unwrap_or_else(|problems| panic!("{name}: {problems}")));
            match again {
                Ok(again) if lines_of(&again) == lines_of(&list) => {}
                Ok(again) => faults.push(format!("{name}: by its profile: {:?}", lines_of(&again))),
                Err(refused) => faults.push(format!("{name}: by its profile: {}", refused.problems)),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
