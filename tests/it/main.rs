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
mod calls;
mod cli;
mod conditional;
mod contract;
mod crash;
mod defects;
mod demo;
mod desk;
mod disclosure;
mod dpop;
mod endpoints;
mod errors;
mod forms;
mod handover;
mod hospital;
mod hostile;
mod idempotency;
mod insurer;
mod interop;
mod large;
mod limits;
mod log;
mod motor;
mod mtls;
mod operator;
mod operators;
mod packages;
mod parties;
mod policy;
mod pollers;
mod privacy;
mod profiles;
mod published;
mod pull;
mod receipts;
mod refusals;
mod registry;
mod replicas;
mod restart;
mod retention;
mod roles;
mod rotation;
mod search;
mod signatures;
mod status;
mod throttle;
mod tidy;
mod tokens;
mod trace;
mod uploads;
mod wallet;
mod webhooks;
mod xml;
