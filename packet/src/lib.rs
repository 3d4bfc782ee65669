//! The signed claim packet (理賠封包): a plain SD-JWT (RFC 9901) that binds evidence to its recipients.
//!
//! Modules in reading order: the words and amounts a packet speaks, the evidence it carries, the strict
//! JOSE forms it is written in, its signed part and disclosures, how it is made (feature `seal`), how it is
//! opened and how a recipient confirms it (feature `open`), and the public log it stands in.

mod opaque;

pub mod amount;
pub mod words;

pub mod evidence;

pub mod coordination;

#[cfg(feature = "schema")]
pub mod schema;

pub mod jose;

pub mod limits;

#[cfg(feature = "open")]
mod disclosure;
#[cfg(feature = "open")]
pub mod manifest;
#[cfg(feature = "open")]
mod sdjwt;
#[cfg(feature = "open")]
mod unfold;

#[cfg(feature = "open")]
pub mod form;

#[cfg(feature = "seal")]
pub mod draft;
#[cfg(feature = "seal")]
pub mod signed;

#[cfg(feature = "seal")]
pub mod seal;
#[cfg(feature = "open")]
pub mod sealed;

#[cfg(feature = "open")]
pub mod check;
#[cfg(feature = "open")]
pub mod open;
#[cfg(feature = "open")]
pub mod receipt;

#[cfg(feature = "open")]
pub mod log;

#[cfg(test)]
#[cfg(feature = "seal")]
mod fixture;
