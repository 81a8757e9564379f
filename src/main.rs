//! The program: `app` does everything.

fn main() -> std::process::ExitCode {
    hss_exporter::app::main()
}
