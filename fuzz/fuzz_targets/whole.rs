#![no_main]

libfuzzer_sys::fuzz_target!(init: advisory_intake_fuzz::forgive_sequoia(), |data: &[u8]| advisory_intake_fuzz::whole::check(data));
