//! The guides of the management API, run as they are written: every shell block of one, in order and in one session, against a
//! real daemon. An example answer below a block has to be what the daemon answers. A block of TOML that names a file is in
//! that file before the daemon starts.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::api::{self, ADMIN_EMAIL, ADMIN_PASSWORD};
use crate::support::sandbox::{Finished, Sandbox};

/// The variables of the shell session: one place for the answer, the status and the end of each `curl`.
const PRELUDE: &str = r#"set -euo pipefail
curl() {
    local end=0
    command curl --max-time 30 --dump-header "$OUT/headers" "$@" || end=$?
    echo "$end" >>"$OUT/ends"
    return "$end"
}
"#;

/// A shell block of the guide.
struct Block {
    line: usize,
    text: String,
    /// The status that the text says it is answered with, where that is an error: ```` ```sh status=404 ````.
    status: Option<u16>,
    /// The example answers below it, each with its line.
    answers: Vec<(usize, String)>,
}

#[test]
fn every_line_of_the_guide_works_as_it_says() {
    run("api.md", |sandbox| {
        sandbox.set("api", "first_request_plan = \"starter\"");
        sandbox.set("tariff", "exchange_rates = \"exchange_rates.csv\"");
        sandbox.set("webhooks", "allowed_networks = [\"127.0.0.0/8\"]");
        sandbox.set("api", "cors_origins = [\"https://billing.example.com\"]");
    });
}

#[test]
fn every_line_about_bundles_works_as_it_says() {
    run("bundles.md", |_| {});
}

#[test]
fn every_line_about_resellers_works_as_it_says() {
    run("resellers.md", |_| {});
}

#[test]
fn every_line_about_subscriptions_works_as_it_says() {
    run("subscriptions.md", |_| {});
}

#[test]
fn every_line_about_invoices_works_as_it_says() {
    run("invoices.md", |_| {});
}

#[test]
fn every_line_about_caps_works_as_it_says() {
    run("caps.md", |_| {});
}

#[test]
fn every_line_about_time_series_works_as_it_says() {
    run("series.md", |_| {});
}

#[test]
fn every_line_about_payments_works_as_it_says() {
    run("payments.md", |_| {});
}

#[test]
fn every_line_about_webhooks_works_as_it_says() {
    run("webhooks.md", |_| {});
}

#[test]
fn every_line_about_messages_works_as_it_says() {
    run("messages.md", |_| {});
}

fn run(name: &str, prepare: impl FnOnce(&Sandbox)) {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    let guide = Guide::of(name, &fs::read_to_string(guide).expect("the guide can be read"));
    let sandbox = Sandbox::new();
    prepare(&sandbox);
    guide.files.iter().for_each(|(file, text)| configure(&sandbox, file, text));
    let (daemon, _) = api::start_with_admin(&sandbox);
    let out = sandbox.path().join("out");
    fs::create_dir(&out).expect("a folder for the answers");

    let script = out.join("session.sh");
    fs::write(&script, session(&guide.blocks)).expect("the session can be written");
    // What waits in vain shall not wait for ever.
    let mut bash = Command::new("timeout");
    bash.args(["120", "bash"])
        .arg(&script)
        .current_dir(&out)
        .env("OUT", &out)
        .env("BASE", format!("http://{}", daemon.http));
    bash.env("ADMIN_EMAIL", ADMIN_EMAIL).env("ADMIN_PASSWORD", ADMIN_PASSWORD);
    let finished = Finished::from(bash.output().expect("bash is there"));
    if finished.code != Some(0) {
        let done = fs::read_to_string(out.join("line")).unwrap_or_default();
        let answer = fs::read_to_string(out.join(format!("{}.out", done.trim()))).unwrap_or_default();
        panic!("docs/{name}:{}: failed with {:?}\n{}\n{answer}", done.trim(), finished.code, finished.stderr);
    }

    let faults: Vec<String> = guide.blocks.iter().flat_map(|block| faults_of(name, block, &out)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let written: usize = guide.blocks.iter().map(|block| block.text.matches("curl -").count()).sum();
    let ends = fs::read_to_string(out.join("ends")).expect("curl was called");
    assert!(ends.lines().all(|end| end == "0"), "{ends}");
    assert!(ends.lines().count() >= written, "{} of {written} curl lines ran", ends.lines().count());
}

/// Puts a block of TOML into the file that it names: settings into their sections, and anything else at the end. A password
/// hash that is left out is that of the first sample account.
fn configure(sandbox: &Sandbox, file: &str, text: &str) {
    if file == "tollgate.toml" {
        let (section, settings) = text.split_once('\n').expect("a section and its settings");
        let section = section.trim_matches(['[', ']']);
        settings.lines().for_each(|setting| sandbox.set(section, setting));
        return;
    }
    let accounts = sandbox.read("accounts.toml");
    let hash = accounts.lines().find(|line| line.starts_with("password_hash")).expect("a sample account");
    let text = text.replace("password_hash = \"…\"", hash);
    if sandbox.config(file).exists() { sandbox.append(file, &text) } else { sandbox.write(file, &text) }
}

/// A guide: what it has in files, and what it does.
struct Guide {
    files: Vec<(String, String)>,
    blocks: Vec<Block>,
}

impl Guide {
    /// The blocks in order, with what the text says about each.
    fn of(name: &str, guide: &str) -> Self {
        let (mut files, mut blocks): (Vec<(String, String)>, Vec<Block>) = (Vec::new(), Vec::new());
        let mut lines = guide.lines().zip(1..);
        while let Some((line, number)) = lines.next() {
            let Some(info) = line.strip_prefix("```") else { continue };
            let inside: Vec<&str> =
                lines.by_ref().map(|(line, _)| line).take_while(|line| !line.starts_with("```")).collect();
            let (language, attribute) = info.split_once(' ').unwrap_or((info, ""));
            let text = inside.join("\n");
            match language {
                "sh" => {
                    let status =
                        attribute.strip_prefix("status=").map(|text| text.parse().expect("a status"));
                    // Without --fail an error would look like an answer.
                    let fails = text.matches("curl -").count() == text.matches("curl -fsS").count();
                    assert!(fails || status.is_some(), "docs/{name}:{number}: write `curl -fsS`");
                    blocks.push(Block { line: number, text, status, answers: Vec::new() });
                }
                "json" => {
                    let block = blocks.last_mut().expect("an example answer comes after a shell block");
                    block.answers.push((number, text));
                }
                "toml" => {
                    let file = attribute.strip_prefix("file=");
                    let file = file.unwrap_or_else(|| panic!("docs/{name}:{number}: no file is named"));
                    files.push((file.to_owned(), text));
                }
                "text" => {}
                other => panic!("docs/{name}:{number}: a block of `{other}` is not known here"),
            }
        }
        Self { files, blocks }
    }
}

/// One script of all blocks. Braces, and no subshell, so that variables stay.
fn session(blocks: &[Block]) -> String {
    let mut script = PRELUDE.to_owned();
    for Block { line, text, .. } in blocks {
        write!(script, "echo {line} >\"$OUT/line\"\n{{\n{text}\n}} >\"$OUT/{line}.out\"\n").unwrap();
        writeln!(script, "cp \"$OUT/headers\" \"$OUT/{line}.headers\" 2>/dev/null || true").unwrap();
    }
    script
}

/// Differences of a block's answer from what the guide says.
fn faults_of(name: &str, block: &Block, out: &Path) -> Vec<String> {
    let read = |kind: &str| -> String {
        let path: PathBuf = out.join(format!("{}.{kind}", block.line));
        fs::read_to_string(path).unwrap_or_default()
    };
    let answer = read("out");
    let mut faults = Vec::new();
    if let Some(status) = block.status {
        let head = read("headers");
        // The last head, where there were several.
        let got = head.lines().rev().find_map(|line| line.strip_prefix("HTTP/1.1 "));
        if got.and_then(|got| got.get(..3)) != Some(status.to_string().as_str()) {
            faults
                .push(format!("docs/{name}:{}: {status} is said, {got:?} is answered: {answer}", block.line));
        }
    }
    let values: Vec<Value> =
        serde_json::Deserializer::from_str(&answer).into_iter().map_while(Result::ok).collect();
    for (line, example) in &block.answers {
        let example: Value = serde_json::from_str(example)
            .unwrap_or_else(|error| panic!("docs/{name}:{line}: no valid JSON: {error}"));
        let differences: Vec<Vec<String>> =
            values.iter().map(|value| differences("", &example, value)).collect();
        if differences.iter().any(Vec::is_empty) {
            continue;
        }
        let least = differences.into_iter().min_by_key(Vec::len).unwrap_or_default();
        faults.push(format!("docs/{name}:{line}: {}\n  answered: {answer}", least.join("; ")));
    }
    faults
}

/// Differences between an answer and its example. Keys that the example leaves out are no difference.
fn differences(path: &str, example: &Value, answer: &Value) -> Vec<String> {
    match (example, answer) {
        (Value::Object(example), Value::Object(answer)) => {
            let of = |(key, example): (&String, &Value)| {
                let path = format!("{path}.{key}");
                match answer.get(key) {
                    Some(answer) => differences(&path, example, answer),
                    None => vec![format!("{path} is not in the answer")],
                }
            };
            example.iter().flat_map(of).collect()
        }
        (Value::Array(examples), Value::Array(answers)) => {
            let of = |example: &Value| {
                let found = answers.iter().map(|answer| differences(&format!("{path}[]"), example, answer));
                found.min_by_key(Vec::len).unwrap_or_else(|| vec![format!("{path} is empty")])
            };
            examples.iter().flat_map(of).collect()
        }
        (Value::String(example), Value::String(_)) if varies(example) => Vec::new(),
        _ if example == answer => Vec::new(),
        _ => vec![format!("{path} is {answer}, and not {example}")],
    }
}

/// True if a text is another one with each run: an instant, a number with as many digits as a message id has, or one that is
/// shortened with an ellipsis.
fn varies(text: &str) -> bool {
    let is_id = text.len() == 18 && text.bytes().all(|octet| octet.is_ascii_digit());
    let is_instant = text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z');
    is_id || is_instant || text.contains('…')
}

#[test]
fn differences_are_found_where_they_are() {
    let example =
        serde_json::json!({ "a": "1.00", "list": [{ "id": "tx_…" }], "at": "2026-11-21T08:00:00Z" });
    let mut answer =
        serde_json::json!({ "a": "1.00", "list": [{}, { "id": "x" }], "at": "2027-01-01T00:00:00Z", "b": 1 });
    assert_eq!(differences("", &example, &answer), Vec::<String>::new());
    answer["a"] = "2.00".into();
    answer["list"] = serde_json::json!([]);
    assert_eq!(differences("", &example, &answer), [".a is \"2.00\", and not \"1.00\"", ".list is empty"]);
}

#[test]
fn blocks_are_taken_from_the_text_in_order() {
    let guide = "# T\n```sh\ncurl -fsS a\n```\nwords\n```json\n{}\n```\n```sh status=404\ncurl -sS b\n```\n```text\nx\n```\n";
    let blocks = Guide::of("guide.md", guide).blocks;
    let told: Vec<_> = blocks
        .iter()
        .map(|block| (block.line, block.text.as_str(), block.status, block.answers.len()))
        .collect();
    assert_eq!(told, [(2, "curl -fsS a", None, 1), (9, "curl -sS b", Some(404), 0)]);
}
