//! The harness: a whole gateway on a free loopback port, in a folder of its own, with real clients.
//!
//! A test sees what a partner sees: HTTP in, HTTP out. Where it looks behind, it looks at counts only.

pub mod bench;
pub mod bundles;
pub mod crash;
pub mod database;
pub mod gateway;
pub mod hostile;
pub mod kit;
pub mod receiver;
pub mod repository;
pub mod shared;
pub mod signing;
pub mod tools;

pub use gateway::TestGateway;
