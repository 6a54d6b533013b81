use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Something that came out of a ciphertext, or that opens one.
///
/// `Debug` and `Display` print a placeholder, so a secret in a log line, an error or a panic message shows nothing. It
/// serialises as its content, because the worker protocol must carry it; types that are stored hold no `Secret`. The
/// memory is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Marks `value` as secret.
    pub fn new(value: T) -> Self {
        Secret(value)
    }

    /// The value itself. Every call is a place to look at when asking where decrypted text goes.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Secret(value)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl<T: Zeroize> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_display_shows_the_value() {
        let secret = Secret::new(String::from("canary"));
        assert!(!format!("{secret} {secret:?} {:?}", Some(&secret)).contains("canary"));
    }
}
