//! Any bytes in any file: the readers answer with a configuration or with problems, and never panic.
//!
//! `BOLERO_RANDOM_ITERATIONS=1000000 cargo test --test config fuzz` looks longer. What once went wrong is kept below
//! `fuzz_config/`, in a folder for each file, and tried first.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tollgate_engine::refusal::StatusTable;
use tollgate_engine::routing::Routes;
use tollgate_engine::tables::Tables;
use tollgate_provisioning as config;

/// Number of inputs tried for each file in a run without `BOLERO_RANDOM_ITERATIONS`.
const ITERATIONS: usize = 1_000;

/// Bytes from nothing, and changes to a valid file, which get further into the readers.
type Input = (Vec<u8>, Vec<Change>);

/// The place in the file, as a share of 65,536; how many octets go; and which of [`PIECES`] come instead.
type Change = (u16, u8, Vec<u8>);

/// Texts that mean something to the readers, or are unkind to those that cut, count or calculate.
const PIECES: [&str; 43] = [
    "\n",
    "\r\n",
    ",",
    "\"",
    "\"\"\"",
    "'",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ".",
    "#",
    "|",
    "-",
    "\\",
    "0",
    "7",
    "0x",
    "1e400",
    "nan",
    "-0.5",
    "99999999999999999999",
    "0.0000001",
    "true",
    "2026-13-45",
    "é",
    "😀😀😀😀😀😀😀😀😀😀😀",
    "aéééééééééééééééééééééééééééééééé",
    "\u{feff}",
    "\u{202e}",
    "\0",
    "\u{1b}[2J",
    "639",
    "[[account]]\n",
    "[[plan]]\n",
    "[[operator]]\n",
    "[operator.smpp]\n",
    "tls = ",
    "tiers = ",
    "rates = ",
];

/// One file of a valid configuration, to be overwritten.
struct Victim {
    folder: TempDir,
    name: &'static str,
    valid: Vec<u8>,
}

impl Victim {
    fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let small = Path::new("tests/config_small");
        for entry in fs::read_dir(small).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        let valid = fs::read(small.join(name)).unwrap();
        let victim = Self { folder, name, valid };
        assert!(victim.holds(&victim.valid), "what is changed must be valid at first");
        for entry in fs::read_dir(Path::new("tests/fuzz_config").join(name)).unwrap() {
            victim.holds(&fs::read(entry.unwrap().path()).unwrap());
        }
        victim
    }

    fn endures(&self, (bytes, changes): &Input) {
        self.holds(bytes);
        let mut changed = self.valid.clone();
        for (place, gone, pieces) in changes {
            let instead = pieces.iter().flat_map(|piece| PIECES[usize::from(*piece) % PIECES.len()].bytes());
            let start = usize::from(*place) * changed.len() / (usize::from(u16::MAX) + 1);
            let end = (start + usize::from(*gone)).min(changed.len());
            changed.splice(start..end, instead);
        }
        self.holds(&changed);
    }

    /// True if these bytes load; in either case everything that is promised about the answer is checked.
    fn holds(&self, bytes: &[u8]) -> bool {
        let path = self.folder.path().join(self.name);
        // Truncating a file in place makes some file systems wait for the disk.
        fs::remove_file(&path).unwrap();
        fs::write(path, bytes).unwrap();
        match config::load(&self.folder.path().join("tollgate.toml")) {
            Ok(loaded) => {
                let definition = loaded.provisioning.definition(&StatusTable::default());
                let tables = Tables::build(definition).expect("what loads can be charged by");
                let numbers = loaded.provisioning.numbers_in_order();
                let routing = loaded.provisioning.routing_definition(&numbers);
                assert!(Routes::build(routing, &tables.networks).is_ok(), "what loads can be routed by");
                assert_eq!(loaded.changes_since(&loaded), [""; 0]);
                true
            }
            Err(problems) => {
                assert!(problems.count() > 0);
                for problem in problems.iter() {
                    let shown = problem.to_string();
                    assert!(shown.len() < 2_000, "a problem takes a few lines: {shown}");
                    assert!(!shown.contains(char::is_control), "no terminal is upset: {shown:?}");
                }
                false
            }
        }
    }
}

#[test]
fn settings() {
    let victim = Victim::new("tollgate.toml");
    bolero::check!().with_iterations(ITERATIONS).with_type::<Input>().for_each(|input| victim.endures(input));
}

#[test]
fn plans() {
    let victim = Victim::new("plans.toml");
    bolero::check!().with_iterations(ITERATIONS).with_type::<Input>().for_each(|input| victim.endures(input));
}

#[test]
fn accounts() {
    let victim = Victim::new("accounts.toml");
    bolero::check!().with_iterations(ITERATIONS).with_type::<Input>().for_each(|input| victim.endures(input));
}

#[test]
fn rates() {
    let victim = Victim::new("rates.csv");
    bolero::check!().with_iterations(ITERATIONS).with_type::<Input>().for_each(|input| victim.endures(input));
}

#[test]
fn numbering() {
    let victim = Victim::new("numbering.csv");
    bolero::check!().with_iterations(ITERATIONS).with_type::<Input>().for_each(|input| victim.endures(input));
}

#[test]
fn operators() {
    let victim = Victim::new("operators.toml");
    bolero::check!().with_iterations(ITERATIONS).with_type::<Input>().for_each(|input| victim.endures(input));
}

#[test]
fn costs() {
    let victim = Victim::new("costs.csv");
    bolero::check!().with_iterations(ITERATIONS).with_type::<Input>().for_each(|input| victim.endures(input));
}

#[test]
fn exchange_rates() {
    let victim = Victim::new("exchange_rates.csv");
    bolero::check!().with_iterations(ITERATIONS).with_type::<Input>().for_each(|input| victim.endures(input));
}

#[test]
fn password_files() {
    let victim = Victim::new("far.password");
    bolero::check!().with_iterations(ITERATIONS).with_type::<Input>().for_each(|input| victim.endures(input));
}

#[test]
fn networks() {
    let victim = Victim::new("networks.csv");
    bolero::check!().with_iterations(ITERATIONS).with_type::<Input>().for_each(|input| victim.endures(input));
}
