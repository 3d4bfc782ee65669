//! One test binary: stories over real HTTP, roles, limits, the command line, privacy, tidy.

mod cli;
mod demo;
mod hospital;
mod idempotency;
mod insurer;
mod limits;
mod privacy;
mod refusals;
mod registry;
mod restart;
mod roles;
mod tidy;
mod tokens;
