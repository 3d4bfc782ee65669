//! Keys: the master key and what is derived from it, and the gateway's own signing keys.
//!
//! Pure but for [`ring`], which reads and writes the key folder. Knows no database and no HTTP.

pub mod at_rest;
pub mod index;
pub mod master;
pub mod ring;
pub mod tracking;
