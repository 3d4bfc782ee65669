//! Today's digital wallet (數位憑證皮夾, TWDIW), natively: a pre-final hybrid that is read by rules of its own.
//!
//! Presentation Exchange, a VP as JWS in place of a key binding, W3C credentials with SD-JWT disclosures, keys in
//! `did:key`, a trust registry. Nothing of it relaxes the other dialects.

pub mod definition;
pub mod did;
pub mod presentation;
pub mod registry;

mod vc;
