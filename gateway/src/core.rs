//! What every claim goes through, whatever its business: pure functions over values.
//!
//! In: evidence and a permit. Out: a [`change::Change`] for the store. Knows no database, no HTTP, no partner form.

pub mod accident;
pub mod alert;
pub mod application;
pub mod assessment;
pub mod cases;
pub mod change;
pub mod compare;
pub mod coordination;
pub mod deadline;
pub mod delivery;
pub mod disclosure;
pub mod handover;
pub mod identity;
pub mod ledger;
pub mod mandate;
pub mod master;
pub mod mydata;
pub mod offset;
pub mod owner;
pub mod packet;
pub mod proposal;
pub mod push;
pub mod records;
pub mod repair;
pub mod report;
pub mod request;
pub mod retention;
pub mod revision;
pub mod route;
pub mod statement;
pub mod submission;
pub mod term;
pub mod timeline;
pub mod trust;
pub mod turn;
pub mod upload;
pub mod wallet;
