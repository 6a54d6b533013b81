use crate::model::{Edition, HoldReason, Unreadable};

/// Whether a message that is held for `reason` is worth another look now.
///
/// `before` is with what it was looked into last; `None` where nobody knows. What a person holds for any other reason stays
/// theirs, and a password or missing integrity protection is not mended by keys or versions.
pub fn is_worth_opening_again(reason: HoldReason, before: Option<&Edition>, now: &Edition) -> bool {
    let HoldReason::Unreadable(cause) = reason else { return false };
    if matches!(cause, Unreadable::SymmetricOnly | Unreadable::NoIntegrityProtection) {
        return false;
    }
    let Some(before) = before else { return true };
    let new_key = now.keys.iter().any(|key| !before.keys.contains(key));
    before.version != now.version || cause == Unreadable::NoKey && new_key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_opened_again_when_a_key_or_the_program_is_new() {
        use HoldReason::{Operator, Poison, Unreadable as Shut};
        let key = |digit: &str| digit.repeat(40).parse().unwrap();
        let edition = |version: &str, keys: &[&str]| Edition {
            version: version.to_owned(),
            keys: keys.iter().map(|digit| key(digit)).collect(),
        };
        let one = edition("1.0", &["A"]);
        let cases = [
            (Shut(Unreadable::NoKey), Some(&one), edition("1.0", &["A"]), false),
            (Shut(Unreadable::NoKey), Some(&one), edition("1.0", &["A", "B"]), true),
            (Shut(Unreadable::NoKey), Some(&one), edition("1.0", &["B"]), true),
            (Shut(Unreadable::NoKey), Some(&one), edition("1.0", &[]), false),
            (Shut(Unreadable::NoKey), Some(&one), edition("1.1", &["A"]), true),
            (Shut(Unreadable::NoKey), None, edition("1.0", &["A"]), true),
            (Shut(Unreadable::Unsupported), Some(&one), edition("1.0", &["B"]), false),
            (Shut(Unreadable::Unsupported), Some(&one), edition("1.1", &["A"]), true),
            (Shut(Unreadable::Malformed), Some(&one), edition("1.1", &["A"]), true),
            (Shut(Unreadable::SymmetricOnly), Some(&one), edition("1.1", &["B"]), false),
            (Shut(Unreadable::NoIntegrityProtection), None, edition("1.1", &["B"]), false),
            (Poison, Some(&one), edition("1.1", &["B"]), false),
            (Operator, None, edition("1.1", &["B"]), false),
        ];
        for (reason, before, now, expected) in cases {
            assert_eq!(is_worth_opening_again(reason, before, &now), expected, "{reason:?} {before:?} {now:?}");
        }
    }
}
