//! What the police (警察機關) publish of accidents: the codes of their form, and national open data → accidents.
//!
//! In: bytes of a published file, codes a paper carries. Out: typed evidence, and every row that is none with its reason.
//! Must not know: claims, insurers, how a paper was obtained.

pub mod codes;
pub mod moment;
pub mod open_data;
