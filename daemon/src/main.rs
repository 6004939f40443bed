//! The entry point of the binary `tollgate`.

fn main() -> std::process::ExitCode {
    tollgate_daemon::cli::main()
}
