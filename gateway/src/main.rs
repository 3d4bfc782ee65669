//! `claimgate`: reads the command line, runs one command, ends with its exit code.

use std::process::ExitCode;

// A fifth of a push was the C library's allocator: many small values on one thread, freed on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    claimgate_gateway::cli::main()
}
