//! Arguments in, exit code out: see [`advisory_intake::cli`].

fn main() -> std::process::ExitCode {
    advisory_intake::cli::main()
}
