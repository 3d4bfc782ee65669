//! Any bytes into the way in `xml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| claimgate_fuzz::hostile::markup(bytes));
