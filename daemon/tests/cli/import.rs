//! The command `tollgate import`, and its guide `docs/import.md`, run block by block in a copy of the shipped configuration.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::sandbox::{Finished, Sandbox, repository, run};

/// A block of the guide: its line, the commands, whether they fail, and lines of their output.
struct Block {
    line: usize,
    commands: String,
    fails: bool,
    output: Vec<String>,
}

fn blocks_of(guide: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = guide.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let inside: Vec<String> = lines
            .by_ref()
            .map(|(line, _)| line.to_owned())
            .take_while(|line| !line.starts_with("```"))
            .collect();
        match info {
            "sh" | "sh fails" => blocks.push(Block {
                line: number,
                commands: inside.join("\n"),
                fails: info != "sh",
                output: Vec::new(),
            }),
            "text" => blocks.last_mut().expect("an output stands below its commands").output.extend(inside),
            other => panic!("docs/import.md:{number}: a block of `{other}` is not known here"),
        }
    }
    blocks
}

/// Runs commands of a shell in the sandbox, with the binary as `tollgate`.
fn shell(sandbox: &Sandbox, commands: &str) -> Finished {
    let program = Path::new(env!("CARGO_BIN_EXE_tollgate")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut bash = Command::new("timeout");
    bash.args(["60", "bash", "-euo", "pipefail", "-c", commands])
        .current_dir(sandbox.path())
        .env("PATH", path);
    run(&mut bash)
}

fn with_operators() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.replace(
        "tollgate.toml",
        "# [operators]                           # applied by a reload; without it messages are only charged\n# file = \
         \"operators.toml\"\n# exchange_rates = \"exchange_rates.csv\"\n",
        "[operators]\nfile = \"operators.toml\"\nexchange_rates = \"exchange_rates.csv\"\n",
    );
    sandbox
}

#[test]
fn every_command_of_the_guide_does_what_it_says() {
    let sandbox = with_operators();
    let guide = fs::read_to_string(repository().join("docs/import.md")).expect("the guide can be read");
    let mut faults = Vec::new();
    for block in blocks_of(&guide) {
        let finished = shell(&sandbox, &block.commands);
        let output = format!("{}{}", finished.stdout, finished.stderr);
        if (finished.code != Some(0)) != block.fails {
            faults.push(format!("docs/import.md:{}: ended with {:?}\n{output}", block.line, finished.code));
        }
        for line in block.output.iter().filter(|line| !output.contains(line.trim_end())) {
            faults.push(format!("docs/import.md:{}: `{line}` is not printed\n{output}", block.line));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_list_of_any_kind_is_read_by_the_command() {
    let sandbox = with_operators();
    let lists = repository().join("provisioning/tests/import/lists");
    let import = |list: &str, target: &[&str]| {
        run(sandbox.tollgate("import").arg(lists.join(list)).args(target).arg("--json"))
    };
    for (list, target, added) in [
        ("01-country-network-mcc-mnc.csv", ["--plan", "starter"], 3),
        ("02-bom-semicolon-decimal-comma.csv", ["--operator", "beta"], 1),
        ("03-all-networks.csv", ["--plan", "starter"], 4),
        ("06-dial-codes.csv", ["--plan", "starter"], 3),
        ("07-workbook.xlsx", ["--operator", "beta"], 3),
        ("../../../../examples/supplier-list.csv", ["--operator", "beta"], 4),
    ] {
        let finished = import(list, &target);
        assert_eq!(finished.code, Some(0), "{list}: {}", finished.stderr);
        let report: serde_json::Value = serde_json::from_str(&finished.stdout).expect("JSON");
        assert_eq!(report["added"], added, "{list}: {report}");
    }
    let refused = import("04-one-digit-mnc.csv", &["--plan", "starter"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("04-one-digit-mnc.csv:6: MNC: `1` may be any of 001/01, 001/001"),
        "{}",
        refused.stderr
    );
}

#[test]
fn faults_name_the_options_that_a_person_can_use_and_each_is_told_once() {
    let sandbox = with_operators();
    for (list, arguments, expected) in [
        (
            "MCC,MNC,Price\n639,02,0.02\n",
            &["--day-order", "backwards"][..],
            "--day-order: `backwards` is not one of",
        ),
        (
            "MCC,MNC,Price\n639,02,0.02\n",
            &["--currency", "EUR"],
            "--currency: is EUR, and the prices are to be in USD",
        ),
        (
            "MCC,MNC,Price\n639,02,0.02\n",
            &["--column", "price=Cost"],
            "there is no column `Cost`, which --column price=HEADER names",
        ),
        ("MCC,MNC,Price\n639,02,0.02\n", &["--rate-file", "no.csv"], "--rate-file: no.csv is not"),
        ("MCC,MNC,Price\n639,02,0.02\n", &["--effective", "soon"], "--effective"),
        ("MCC,MNC,Price\n639,02,0.02\n", &["--header-line", "9"], "the header by --header-line"),
        ("MCC,MNC,Price\n639,02,0.02\n", &["--profile", "nobody"], "--profile: there is no profile nobody"),
        ("MCC,MNC,Price\n639,02,0.02\n639,02,0.03\n639,02,0.04\n", &[], "in lines 3, 4"),
        (
            "MCC,MNC,Price EUR\n639,02,0.02\n",
            &["--currency", "EUR"],
            "is in EUR, and the prices are to be in USD",
        ),
        ("MCC;MNC;Price\n639;02;1.234\n", &[], "say --decimal-mark"),
        ("MCC,MNC,Price,From\n639,02,0.02,01/12/2026\n", &[], "say --day-order"),
        ("MCC,MNC,Price,From\n639,02,0.02,2026-12-01 18:30\n", &[], "say --time-zone"),
        ("MCC,MNC,Price,From\n639,02,0.02,immediately\n", &[], "say from when by --effective"),
        ("MCC,MNC,Price per message\n639,02,0.02\n", &[], "say --price-per segment"),
        (
            "MCC,MNC,Buy rate,Sell rate\n639,02,0.02,0.03\n",
            &[],
            "name the one that counts by --column price=HEADER",
        ),
        ("Code,Price\n63902,0.02\n", &[], "name it by --column mcc_mnc=HEADER or --column prefix=HEADER"),
        ("Dear customer,\nprices attached\n", &[], "name the columns by --column mcc_mnc=HEADER"),
    ] {
        let path = sandbox.path().join("list.csv");
        fs::write(&path, list).expect("a list");
        let finished = run(sandbox.tollgate("import").arg(&path).args(["--plan", "starter"]).args(arguments));
        assert_eq!(finished.code, Some(1), "{list}: {}", finished.stdout);
        assert!(finished.stderr.contains(expected), "{expected}: {}", finished.stderr);
        let told: Vec<&str> = finished.stderr.lines().collect();
        let once: std::collections::BTreeSet<&&str> = told.iter().collect();
        assert_eq!(told.len(), once.len(), "{}", finished.stderr);
        let lines = told.iter().filter(|line| line.contains(expected)).count();
        assert_eq!(lines, 1, "{}", finished.stderr);
    }
}

#[test]
fn the_difference_names_country_and_operator() {
    let sandbox = with_operators();
    let list = sandbox.path().join("list.csv");
    fs::write(&list, "MCC,MNC,Price USD,Note\n262,01,0.07,our best\n").expect("a list");
    let import = |arguments: &[&str]| {
        run(sandbox
            .tollgate("import")
            .arg(&list)
            .args(["--plan", "starter", "--content", "changes"])
            .args(arguments))
    };
    let shown = import(&[]);
    assert!(shown.stdout.contains("added       262/01 Germany: "), "{}", shown.stdout);
    assert!(shown.stdout.contains(" 0.07 (our best)"), "{}", shown.stdout);
    let report: serde_json::Value = serde_json::from_str(&import(&["--json"]).stdout).expect("JSON");
    assert_eq!(report["added_rows"][0]["country_name"], "Germany", "{report}");
}

#[test]
fn nothing_is_written_that_was_not_asked_for() {
    let sandbox = with_operators();
    let before = sandbox.read("rates/samples.csv");
    let list = sandbox.path().join("list.csv");
    fs::write(&list, "MCC,MNC,Price USD\n639,02,0.2\n").expect("a list");
    let import = |arguments: &[&str]| {
        run(sandbox
            .tollgate("import")
            .arg(&list)
            .args(["--plan", "*", "--content", "changes"])
            .args(arguments))
    };
    assert_eq!(import(&[]).code, Some(0));
    let refused = import(&["--apply"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stdout.contains("is the unit right?"), "{}", refused.stdout);
    assert_eq!(import(&["--apply", "--dry-run"]).code, Some(2));
    assert_eq!(sandbox.read("rates/samples.csv"), before);
    assert_eq!(import(&["--apply", "--accept-flagged"]).code, Some(0));
    let written = sandbox.read("rates/samples.csv");
    assert_eq!(written, before.replace("*,639,02,0.02,", "*,639,02,0.20,"));
}
