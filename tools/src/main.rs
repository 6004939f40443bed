//! The binary `tollgate-tools`.

fn main() -> std::process::ExitCode {
    tollgate_tools::cli::main()
}
