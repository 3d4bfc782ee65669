//! Any bytes into the way in `wallet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| claimgate_fuzz::hostile::wallet(bytes));
