//! The guide of the management API, run as it is written: every shell block of `docs/api.md`, in order and in one session,
//! against a real daemon. An example answer below a block has to be what the daemon answers.

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
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api.md");
    let blocks = blocks_of(&fs::read_to_string(guide).expect("the guide can be read"));
    let sandbox = Sandbox::new();
    sandbox.set("api", "first_request_plan = \"starter\"");
    sandbox.set("webhooks", "allowed_networks = [\"127.0.0.0/8\"]");
    sandbox.set("api", "cors_origins = [\"https://billing.example.com\"]");
    let (daemon, _) = api::start_with_admin(&sandbox);
    let out = sandbox.path().join("out");
    fs::create_dir(&out).expect("a folder for the answers");

    let script = out.join("session.sh");
    fs::write(&script, session(&blocks)).expect("the session can be written");
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
        panic!("docs/api.md:{}: failed with {:?}\n{}\n{answer}", done.trim(), finished.code, finished.stderr);
    }

    let faults: Vec<String> = blocks.iter().flat_map(|block| faults_of(block, &out)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let written: usize = blocks.iter().map(|block| block.text.matches("curl -").count()).sum();
    let ends = fs::read_to_string(out.join("ends")).expect("curl was called");
    assert!(ends.lines().all(|end| end == "0"), "{ends}");
    assert!(ends.lines().count() >= written, "{} of {written} curl lines ran", ends.lines().count());
}

/// The blocks in order, with what the text says about each.
fn blocks_of(guide: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = guide.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let inside: Vec<&str> =
            lines.by_ref().map(|(line, _)| line).take_while(|line| !line.starts_with("```")).collect();
        let (language, attribute) = info.split_once(' ').unwrap_or((info, ""));
        let text = inside.join("\n");
        match language {
            "sh" => {
                let status = attribute.strip_prefix("status=").map(|text| text.parse().expect("a status"));
                // Without --fail an error would look like an answer.
                let fails = text.matches("curl -").count() == text.matches("curl -fsS").count();
                assert!(fails || status.is_some(), "docs/api.md:{number}: write `curl -fsS`");
                blocks.push(Block { line: number, text, status, answers: Vec::new() });
            }
            "json" => {
                let block = blocks.last_mut().expect("an example answer comes after a shell block");
                block.answers.push((number, text));
            }
            "text" => {}
            other => panic!("docs/api.md:{number}: a block of `{other}` is not known here"),
        }
    }
    blocks
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
fn faults_of(block: &Block, out: &Path) -> Vec<String> {
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
                .push(format!("docs/api.md:{}: {status} is said, {got:?} is answered: {answer}", block.line));
        }
    }
    let values: Vec<Value> =
        serde_json::Deserializer::from_str(&answer).into_iter().map_while(Result::ok).collect();
    for (line, example) in &block.answers {
        let example: Value = serde_json::from_str(example)
            .unwrap_or_else(|error| panic!("docs/api.md:{line}: no valid JSON: {error}"));
        let differences: Vec<Vec<String>> =
            values.iter().map(|value| differences("", &example, value)).collect();
        if differences.iter().any(Vec::is_empty) {
            continue;
        }
        let least = differences.into_iter().min_by_key(Vec::len).unwrap_or_default();
        faults.push(format!("docs/api.md:{line}: {}\n  answered: {answer}", least.join("; ")));
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
    let blocks = blocks_of(guide);
    let told: Vec<_> = blocks
        .iter()
        .map(|block| (block.line, block.text.as_str(), block.status, block.answers.len()))
        .collect();
    assert_eq!(told, [(2, "curl -fsS a", None, 1), (9, "curl -sS b", Some(404), 0)]);
}
