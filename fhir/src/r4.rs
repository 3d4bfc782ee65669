//! FHIR R4 as data: which elements each type has, and how each primitive is written.
//!
//! Knows the standard's own rules alone, no guide and no document; XML and the check of structure both read it.

mod primitive;
mod table;

pub(crate) use primitive::{Fit, Primitive};
pub(crate) use table::{Element, Kind, Shape, Table, bit};
