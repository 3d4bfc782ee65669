//! Any bytes into the way in `archive`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| claimgate_fuzz::hostile::archive(bytes));
