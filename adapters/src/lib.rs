//! The outside systems' wire forms and our words, one module each. A new adapter keeps to five lines:
//! 1. Bytes in, evidence or a `Rejection` out; it is a plain function without IO, clock or chance.
//! 2. Every input is bounded before it is parsed, and all that is wrong is told at once.
//! 3. A finding names what, where and how to fix it, and never repeats a value.
//! 4. Types that hold personal data have no derived `Debug`; nothing the source sent is dropped in silence.
//! 5. It knows its partner's form and nothing of who pays, who receives, or a claim's life.
//!
//! `motor` is no adapter: the tables of compulsory motor insurance, which answer from stated facts and know no claim.

mod csv;

pub mod exchange;
pub mod export;
pub mod fields;
pub mod hospital;
pub mod institute;
pub mod insurer;
pub mod motor;
pub mod mydata;
pub mod picture;
pub mod plate;
pub mod police;
pub mod repository;
pub mod shop;
pub mod signature;
pub mod wallet;
