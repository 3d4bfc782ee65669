//! One test binary: stories over real HTTP, roles, limits, the command line, privacy, tidy.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "the whole binary is tests; a panic is how a test fails"
)]

mod accidents;
mod alerts;
mod application;
mod at_rest;
mod attachments;
mod backup;
mod balancer;
mod bucket;
mod build;
mod calls;
mod canary;
mod cli;
mod conditional;
mod contract;
mod coordination;
mod crash;
mod decisions;
mod defects;
mod demo;
mod deploy;
mod desk;
mod disclosure;
mod dpop;
mod endpoints;
mod errors;
mod events;
mod exposure;
mod faults;
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
mod mandates;
mod module;
mod motor;
mod mtls;
mod mydata;
mod offsets;
mod openid4vp;
mod operator;
mod operators;
mod packages;
mod page;
mod parties;
mod payments;
mod policy;
mod pollers;
mod privacy;
mod profiles;
mod published;
mod pull;
mod receipts;
mod records;
mod refusals;
mod registry;
mod replicas;
mod reports;
mod restart;
mod retention;
mod roles;
mod rotation;
mod search;
mod signatures;
mod simulators;
mod sizes;
mod statements;
mod status;
mod supplements;
mod throttle;
mod tidy;
mod timeline;
mod tokens;
mod trace;
mod trust;
mod twdiw;
mod uploads;
mod void;
mod wallet;
mod wallets;
mod webhooks;
mod xml;
