//! What the police (警察機關) say of accidents: the codes of their form, national open data, and the API we ask them by (`api`).
//!
//! In: bytes of a published file or of an answer, codes a paper carries. Out: typed evidence, and what is none with its reason.
//! Must not know: claims, insurers, how a paper was obtained.

pub mod api;
pub mod codes;
pub mod moment;
pub mod open_data;
