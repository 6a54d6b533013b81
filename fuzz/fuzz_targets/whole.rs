#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| advisory_intake_fuzz::whole::check(data));
