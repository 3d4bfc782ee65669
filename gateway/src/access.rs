//! Who may do what: client assertions in, access tokens out and in again. No HTTP, no store.
//!
//! jsonwebtoken stands behind [`jwt`] alone, which checks everything that library does not (RFC 8725).

pub mod assertion;
pub mod bearer;
pub mod dpop;
pub mod jwt;
pub mod scope;
