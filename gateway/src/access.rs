//! Who may do what, and how much: client assertions in, access tokens out and in again, limits. No HTTP, no store.
//!
//! jsonwebtoken stands behind [`jwt`] alone, which checks everything that library does not (RFC 8725).

pub mod assertion;
pub mod bearer;
pub mod certificate;
pub mod dpop;
pub mod jwt;
pub mod limits;
pub mod scope;
pub mod streams;
