//! FHIR R4 (4.0.1) in and out, for the Taiwanese guides: TW Core and iClaim 醫療保險理賠實作指引.
//!
//! Modules in the order a Bundle travels: bounds, findings, JSON and XML, structure, elements and their values, where
//! they came from, Taiwanese identifiers, the Bundle and its references, checks of what it says, the mapping to
//! evidence, the packages and their profiles; then what we say about ourselves.
//! Knows the standard, not the partners: no routing, no business rules, no IO.

pub mod limits;
pub mod outcome;

pub mod parse;
mod place;
mod r4;
pub mod structure;
pub mod xml;

pub mod format;

pub mod decimal;
pub mod element;
pub mod moment;

pub mod sources;

pub mod taiwan;

pub mod bundle;

pub mod media;
pub mod people;
pub mod terms;

pub mod shape;

pub mod checks;

pub mod evidence;

pub mod package;
pub mod profile;

pub mod answer;
pub mod capability;
pub mod task;
