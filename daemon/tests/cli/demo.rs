//! The demo is what a newcomer sees first: it must end well, say so last, and leave nothing behind.

use crate::support::sandbox::{Sandbox, run};

#[test]
fn the_demo_ends_with_books_that_balance() {
    let sandbox = Sandbox::new();
    let temporary = sandbox.path().join("temporary");
    std::fs::create_dir(&temporary).expect("the sandbox can be written");
    let finished = run(sandbox
        .tools("demo")
        .arg("--config")
        .arg(sandbox.config("tollgate.toml"))
        .args(["--messages", "20000"])
        .env("TMPDIR", &temporary));
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let last = finished.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("books balance: 2 wallets, "), "{last}");
    for row in
        ["acknowledged without a CDR", "charged without being acknowledged", "ids given or charged twice"]
    {
        let line = finished.stdout.lines().find(|line| line.contains(row)).expect(row);
        assert!(line.trim_end().ends_with(" 0"), "{line}");
    }
    assert!(
        finished.stdout.contains("insufficient_funds") || finished.stdout.contains("unknown_destination")
    );
    let left = std::fs::read_dir(&temporary).expect("it can be read").count();
    assert_eq!(left, 0, "temporary directories are left behind");
}
