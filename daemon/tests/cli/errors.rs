//! Errors of the command line: a readable error that names the thing, and the right exit status.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::sandbox::{Finished, Sandbox, run};
use crate::support::smpp::{BUSINESS_1, Connection, ESME_ROK, Message};

const FAILED: Option<i32> = Some(1);
const USAGE: Option<i32> = Some(2);

/// A failure with this status, whose standard error says all of this and is no crash.
#[track_caller]
fn expect_failure(finished: &Finished, code: Option<i32>, said: &[&str]) {
    assert_eq!(finished.code, code, "{finished:?}");
    for text in said {
        assert!(finished.stderr.contains(text), "{text:?} is not in {:?}", finished.stderr);
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
}

#[test]
fn the_shipped_config_is_sound() {
    let checked = run(&mut Sandbox::new().tollgate("check"));
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[test]
fn every_error_in_every_file_is_told_at_once() {
    let sandbox = Sandbox::new();
    let settings_line = sandbox.read("tollgate.toml").lines().count() + 2;
    sandbox.append("tollgate.toml", "[smmp]\nlisten = \"0.0.0.0:2775\"\n");
    sandbox.replace("plans.toml", "base_price = \"0.03\"", "base_price = \"0.0300001\"");
    sandbox.replace("rates/samples.csv", "*,641,10,0.018,", "*,641,10,eighteen,");
    let checked = run(&mut sandbox.tollgate("check"));
    let printed = format!("{}{}", checked.stdout, checked.stderr);
    assert_eq!(checked.code, FAILED, "{printed}");
    for error in [&format!("tollgate.toml:{settings_line}: smmp: "), "base_price: ", "price: "] {
        assert!(printed.contains(error), "{error:?} is not in {printed}");
    }
    assert!(printed.lines().last().is_some_and(|count| count.contains('3')), "{printed}");

    let started = run(&mut sandbox.run_command());
    expect_failure(&started, FAILED, &[&format!("tollgate.toml:{settings_line}: smmp: ")]);
}

#[test]
fn a_config_that_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.config("plans.toml")).expect("the file can be removed");
    expect_failure(&run(&mut sandbox.run_command()), FAILED, &["plans.toml"]);
    fs::remove_file(sandbox.config("tollgate.toml")).expect("the file can be removed");
    expect_failure(&run(&mut sandbox.run_command()), FAILED, &["tollgate.toml"]);
}

#[test]
fn a_port_in_use_is_named() {
    let sandbox = Sandbox::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    for listener in ["--smpp-listen", "--http-listen", "--metrics-listen"] {
        let mut command = sandbox.tollgate("run");
        command.arg("--data-dir").arg(sandbox.data_dir()).args([listener, &address]);
        let others = ["--smpp-listen", "--http-listen", "--metrics-listen"]
            .into_iter()
            .filter(|name| *name != listener);
        for other in others {
            command.args([other, "127.0.0.1:0"]);
        }
        expect_failure(&run(&mut command), FAILED, &[&address]);
    }
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    let sandbox = Sandbox::new();
    let file = sandbox.path().join("a-file");
    fs::write(&file, "").expect("the sandbox can be written");
    let sandbox = sandbox.with_data_dir(file.join("data"));
    expect_failure(&run(&mut sandbox.run_command()), FAILED, &[&sandbox.data_dir().display().to_string()]);
}

#[test]
fn verify_and_export_leave_a_directory_without_books_as_it_is() {
    let sandbox = Sandbox::new();
    let missing = sandbox.path().join("missing");
    let foreign = sandbox.path().join("foreign");
    fs::create_dir(&foreign).expect("the sandbox can be written");
    fs::write(foreign.join("letter.txt"), "dear reader").expect("the sandbox can be written");

    for (directory, entries) in [(&missing, None), (&foreign, Some(1))] {
        for command in [&["verify"][..], &["export", "cdr"]] {
            let (name, rest) = command.split_first().expect("a command");
            let finished = run(sandbox.tollgate(name).args(rest).arg("--data-dir").arg(directory));
            expect_failure(&finished, FAILED, &[&directory.display().to_string()]);
        }
        assert_eq!(entries_of(directory), entries, "{} is untouched", directory.display());
    }
}

fn entries_of(directory: &Path) -> Option<usize> {
    fs::read_dir(directory).ok().map(Iterator::count)
}

#[test]
fn a_second_daemon_on_the_same_books_gives_way() {
    let sandbox = Sandbox::new();
    let first = sandbox.start();
    let second = run(&mut sandbox.run_command());
    expect_failure(&second, FAILED, &[&sandbox.data_dir().display().to_string(), "in use"]);
    let response = Connection::bound(first.smpp, BUSINESS_1).submit(&Message::to("254722000001"));
    assert_eq!(response.status, ESME_ROK, "the first is none the worse");
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    let sandbox = Sandbox::new();
    expect_failure(&run(&mut sandbox.tollgate("rum")), USAGE, &["rum", "Usage"]);
    expect_failure(&run(sandbox.tollgate("run").arg("--colour")), USAGE, &["--colour", "Usage"]);
    expect_failure(&run(sandbox.tollgate("run").args(["--smpp-listen", "here"])), USAGE, &["here"]);
    expect_failure(&run(sandbox.tollgate("quote").args(["--account", "biz_test_001"])), USAGE, &["--to"]);
    expect_failure(&run(sandbox.tollgate("export").args(["cdr", "--format", "xml"])), USAGE, &["xml"]);
}

#[test]
fn a_currency_that_wallets_do_not_have_is_found_before_the_start() {
    let sandbox = Sandbox::new();
    sandbox.start().stop();
    let check = || run(sandbox.tollgate("check").arg("--data-dir").arg(sandbox.data_dir()));
    let sound = check();
    assert_eq!(sound.code, Some(0), "{sound:?}");
    assert!(sound.stdout.contains("every wallet has the currency of its plan"), "{}", sound.stdout);

    let plans = sandbox.read("plans.toml");
    sandbox.write("plans.toml", &plans.replace("currency = \"USD\"", "currency = \"EUR\""));
    let accounts = sandbox.read("accounts.toml");
    sandbox.write("accounts.toml", &accounts.replace("currency = \"USD\"", "currency = \"EUR\""));
    let line =
        1 + accounts.lines().position(|line| line.starts_with("plan =")).expect("the plan of an account");
    let said = [&*format!("accounts.toml:{line}: plan: "), "is in USD and keeps its currency"];
    expect_failure(&check(), FAILED, &said);
    expect_failure(&run(&mut sandbox.run_command()), FAILED, &said);
}

/// A failure whose reason is one sentence, said once.
#[track_caller]
fn expect_said_once(finished: &Finished, code: Option<i32>, said: &str) {
    expect_failure(finished, code, &[said]);
    assert_eq!(finished.stderr.matches(said).count(), 1, "{finished:?}");
    let mut lines: Vec<&str> = finished.stderr.lines().filter(|line| !line.is_empty()).collect();
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), all, "no line comes twice: {}", finished.stderr);
}

/// Runs a command with a line on standard input.
fn with_line(command: &mut Command, line: &str) -> Finished {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the command starts");
    // A command that is wrong before it asks has ended.
    let _ = writeln!(child.stdin.take().expect("a pipe"), "{line}");
    child.wait_with_output().expect("the command ends").into()
}

#[test]
fn what_a_newcomer_gets_wrong_is_said_once_and_names_it() {
    let sandbox = Sandbox::new();
    let missing = sandbox.path().join("nowhere.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    let without = run(command.arg("check").arg("--config").arg(&missing));
    expect_said_once(&without, FAILED, &missing.display().to_string());
    expect_said_once(&without, FAILED, "--config");
    let topup = |amount: &str, account: &str, reference: &str| {
        let words = ["topup", "--account", account, "--amount", amount, "--reference", reference];
        sandbox.on_books(&words)
    };
    expect_said_once(&topup("5", "biz_test_001", "r"), FAILED, "is not a data directory");
    let daemon = sandbox.start();
    let mut daemon = Some(daemon);
    for _ in ["beside a daemon", "without one"] {
        for negative in ["-5", "0", "-0.000001"] {
            expect_said_once(&topup(negative, "biz_test_001", "r"), FAILED, "amount: must be more than zero");
        }
        expect_said_once(&topup("1.0000001", "biz_test_001", "r"), USAGE, "more than six decimals");
        expect_said_once(&topup("1", "nobody", "r"), FAILED, "there is no account `nobody`");
        expect_said_once(&topup("1", "biz_test_001", ""), FAILED, "reference: must have 1 to 200 characters");
        let create = |email: &str, password: &str| {
            let mut command = sandbox.tollgate("admin");
            command.args(["create", "--email", email, "--data-dir"]).arg(sandbox.data_dir());
            with_line(&mut command, password)
        };
        expect_said_once(
            &create("ann", "correct horse battery 1"),
            FAILED,
            "email: is not an e-mail address",
        );
        expect_said_once(&create("ann@example.com", "short"), FAILED, "password: is to have at least");
        expect_said_once(&create("ann@example.com", ""), FAILED, "the password is empty");
        let unknown = sandbox.on_books(&["operators", "drain", "nobody"]);
        expect_said_once(&unknown, FAILED, "there is no operator `nobody`");
        for words in [&["balance", "nobody"][..], &["cdr", "tail", "--account", "nobody"]] {
            expect_said_once(&sandbox.on_books(words), FAILED, "there is no account `nobody`");
        }
        if let Some(daemon) = daemon.take() {
            daemon.stop();
        }
    }
    let at = |words: &[&str]| run(sandbox.tollgate(words[0]).args(&words[1..]));
    expect_said_once(
        &at(&["quote", "--account", "nobody", "--to", "254722000001"]),
        FAILED,
        "account `nobody`",
    );
    expect_said_once(
        &at(&["import", "/nowhere.csv", "--plan", "starter"]),
        FAILED,
        "/nowhere.csv cannot be read",
    );
    // What is wrong is said before a password is asked for.
    let login = with_line(sandbox.tollgate("login").args(["example.com", "--email", "a@example.com"]), "");
    expect_said_once(&login, FAILED, "`example.com` is not an address");
}

#[test]
fn what_needs_a_daemon_to_be_stopped_says_so() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    for words in [&["anchor", "accept"][..], &["receipts", "--replay"]] {
        expect_said_once(&sandbox.on_books(words), FAILED, "a daemon runs on");
    }
    daemon.stop();
    for words in [&["anchor", "accept", "--json"][..], &["receipts", "--replay"]] {
        let done = sandbox.on_books(words);
        assert_eq!(done.code, Some(0), "{done:?}");
    }
}
