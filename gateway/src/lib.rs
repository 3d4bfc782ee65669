//! The gateway: modules in the order a claim travels. A module uses only what stands before it.

pub mod clock;
pub mod config;
pub mod id;
pub mod sender;

pub mod keys;
pub mod objects;
pub mod tls;

pub mod party;

pub mod consent;

pub mod core;

pub mod audit;
pub mod store;

pub mod access;
pub mod flows;
pub mod work;

pub mod telemetry;

pub mod app;
pub mod doctor;
pub mod http;
pub mod lifecycle;

#[cfg(feature = "sandbox")]
pub mod sandbox;

pub mod cli;
