//! Secrets that the service manager hands over, as `LoadCredential=secrets:/etc/tollgate/secrets` does it.

use std::fs;

use crate::support::sandbox::{Sandbox, run};

#[test]
fn a_password_that_only_root_can_read_is_taken_from_the_service_manager() {
    let sandbox = Sandbox::new();
    for line in ["# [operators]", "# file = \"operators.toml\"", "# exchange_rates = "] {
        sandbox.replace("tollgate.toml", line, &line[2..]);
    }
    let operators = sandbox.read("operators.toml");
    sandbox.write(
        "operators.toml",
        &operators.replace("password = \"secret\"", "password_file = \"secrets/alpha\""),
    );
    let handed_over = sandbox.path().join("credentials");
    let check = || run(sandbox.tollgate("check").env("CREDENTIALS_DIRECTORY", &handed_over));

    let missing = check();
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("operator.smpp.password_file: cannot read"), "{}", missing.stderr);
    assert!(missing.stderr.contains("config/secrets/alpha"), "{}", missing.stderr);

    fs::create_dir(&handed_over).unwrap();
    let too_long = "hunter22".repeat(9);
    fs::write(handed_over.join("secrets_alpha"), &too_long).unwrap();
    let wrong = check();
    assert!(wrong.stderr.contains("credentials/secrets_alpha"), "{}", wrong.stderr);
    assert!(!wrong.stderr.contains("hunter22"), "{}", wrong.stderr);

    fs::write(handed_over.join("secrets_alpha"), "secret\n").unwrap();
    let sound = check();
    assert_eq!(sound.code, Some(0), "{sound:?}");
}
