//! What holds for any input, shared with the gateway's own tests, which run it over the seeds.

#[path = "../../tests/properties/mod.rs"]
mod properties;

pub use properties::*;

/// Lets panics of Sequoia unwind: the gateway catches them where it opens ciphertext, and such a message is malformed. libFuzzer's
/// own hook, which this follows, aborts at every panic; one that nobody catches still ends the run.
pub fn forgive_sequoia() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let of_sequoia = |file: &str| file.contains("/sequoia-openpgp-") || file.contains("/buffered-reader-");
        if !panic.location().is_some_and(|place| of_sequoia(place.file())) {
            abort(panic);
        }
    }));
}
