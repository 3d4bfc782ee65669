//! Any bytes into the way in `packet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| claimgate_fuzz::hostile::packet(bytes));
