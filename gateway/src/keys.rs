//! Keys: the master key and what is derived from it, and the gateway's own signing keys.
//!
//! Pure but for [`authorities`], [`folder`], [`issuers`], [`provider`] and [`verifier`], which read and write files. Knows no database and no HTTP.

pub mod at_rest;
pub mod authorities;
pub mod folder;
pub mod index;
pub mod issuers;
pub mod master;
pub mod nonces;
pub mod provider;
pub mod published;
pub mod ring;
pub mod roots;
pub mod sealers;
pub mod tracking;
pub mod verifier;
