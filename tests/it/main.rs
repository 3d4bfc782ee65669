//! One test binary: stories over real HTTP, roles, limits, the command line, privacy, tidy.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "the whole binary is tests; a panic is how a test fails"
)]

mod alerts;
mod attachments;
mod build;
mod cli;
mod conditional;
mod contract;
mod demo;
mod desk;
mod disclosure;
mod dpop;
mod errors;
mod hospital;
mod hostile;
mod idempotency;
mod insurer;
mod interop;
mod limits;
mod log;
mod operator;
mod operators;
mod packages;
mod parties;
mod policy;
mod privacy;
mod pull;
mod receipts;
mod refusals;
mod registry;
mod restart;
mod roles;
mod rotation;
mod search;
mod signatures;
mod throttle;
mod tidy;
mod tokens;
mod trace;
mod webhooks;
mod xml;
