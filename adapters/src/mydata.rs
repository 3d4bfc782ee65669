//! Packages of MyData (個人化資料自主運用平臺, 數位發展部): what the platform handed over → data sets proved authentic.
//!
//! In: the encrypted package, the key of its transfer, what was asked for, the trusted authorities, the time. Out: each
//! data set with who signed it, or one refusal with a stable code. The package proves nothing by itself: only a data
//! provider's signature with a certificate under a trusted authority does. Must not know: consents, claims, the network.

mod refusal;

mod client;
mod notice;

mod manifest;
mod zip;

mod package;
mod provider;

mod papers;
mod vehicle;

mod cases;

pub use cases::{Case, CasesError, check as check_cases};
pub use client::{Client, ClientError};
pub use notice::{Notice, Outcome};
pub use package::{DataFile, Dataset, Delivered, Package, Transfer, Trust, files, open};
pub use papers::{Mapped, Mapping, Unmapped};
pub use provider::{NotPacked, Signer, SignerError, pack};
pub use refusal::{Reason, Refusal};

/// Characters of an encrypted package.
pub const PACKAGE: usize = 48 << 20;
/// Bytes of everything in a package, unpacked.
pub const UNPACKED: u64 = 64 << 20;
/// Files in one archive.
pub const FILES: usize = 256;
/// Data sets asked for in one transfer.
pub const RESOURCES: usize = 64;

#[cfg(test)]
mod tests;
