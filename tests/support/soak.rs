//! Tests that take long: `#[ignore]`d, with `soak` in their names, run by `make soak`, which says how much of everything.

/// A bound that `make soak NAME=number` gave.
pub fn bound(name: &str) -> usize {
    let variable = format!("ADVISORY_INTAKE_{name}");
    let given = std::env::var(&variable).unwrap_or_else(|_| panic!("{variable} is not set: run `make soak`"));
    given.parse().unwrap_or_else(|_| panic!("{variable} is no number: {given}"))
}
