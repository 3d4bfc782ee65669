//! Simulators of the outside world and the demo that runs them: real clients that speak the real interfaces
//! over HTTP. They hold their own keys and share nothing with the gateway but its public addresses.

pub mod app;
pub mod client;
pub mod cover;
pub mod demo;
pub mod hospital;
pub mod insurer;
pub mod issuer;
pub mod life;
pub mod mydata;
pub mod office;
pub mod police;
pub mod report;
pub mod shop;
pub mod wallet;
