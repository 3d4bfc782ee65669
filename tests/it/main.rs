//! One test binary: stories over real HTTP, roles, limits, the command line, privacy, tidy.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "the whole binary is tests; a panic is how a test fails"
)]

mod build;
mod cli;
mod demo;
mod hospital;
mod idempotency;
mod insurer;
mod interop;
mod limits;
mod log;
mod packages;
mod privacy;
mod refusals;
mod registry;
mod restart;
mod roles;
mod search;
mod tidy;
mod tokens;
mod webhooks;
mod xml;
