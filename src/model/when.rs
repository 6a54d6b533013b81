//! A time that may be missing, as RFC 3339: for serde's `with`, beside [`time::serde::rfc3339`] for one that is there.
//! The `option` module of that asks what comes next, which postcard (the workers' protocol) cannot tell.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Written(#[serde(with = "time::serde::rfc3339")] OffsetDateTime);

/// Writes the time, or nothing.
pub fn serialize<S: Serializer>(at: &Option<OffsetDateTime>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Written).serialize(serializer)
}

/// Reads what [`serialize`] wrote.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
    Ok(Option::<Written>::deserialize(deserializer)?.map(|written| written.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Times {
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
        #[serde(with = "super")]
        then: Option<OffsetDateTime>,
    }

    #[test]
    fn times_are_written_for_people_and_come_back_from_json_and_from_postcard() {
        let at = datetime!(2026-11-22 12:27:05.25 UTC);
        for (then, written) in [(None, "null"), (Some(at), r#""2026-11-22T12:27:05.25Z""#)] {
            let times = Times { at, then };
            let json = serde_json::to_string(&times).unwrap();
            assert_eq!(json, format!(r#"{{"at":"2026-11-22T12:27:05.25Z","then":{written}}}"#));
            assert_eq!(serde_json::from_str::<Times>(&json).unwrap(), times);
            let binary = postcard::to_stdvec(&times).unwrap();
            assert_eq!(postcard::from_bytes::<Times>(&binary).unwrap(), times);
        }
    }
}
