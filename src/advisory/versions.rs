//! Whether a reported version is supported: the process supports the last minor version only.

use std::cmp::Ordering;

use crate::model::{Package, Released, Releases};

/// What a version that a report states is to what was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Support<'a> {
    Latest(&'a Released),
    /// Of the minor version of the latest release, which is this.
    SameMinor(&'a Released),
    /// Of an earlier minor version than the latest release, which is this.
    Older(&'a Released),
    /// Greater than the latest release, which is this.
    Newer(&'a Released),
    /// Why it cannot be told.
    Unknown(&'static str),
}

/// A version number: numbers with dots, and whether something such as `-rc.1` or `b0` follows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    numbers: Vec<u64>,
    is_pre: bool,
}

impl Version {
    fn parse(text: &str) -> Option<Version> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let (numbers, suffix) = text.split_at_checked(end)?;
        let numbers: Option<Vec<u64>> = numbers.trim_end_matches('.').split('.').map(|n| n.parse().ok()).collect();
        let numbers = numbers.filter(|numbers| (2..=4).contains(&numbers.len()))?;
        // Build metadata is no pre-release (Semantic Versioning 10).
        let is_pre = !suffix.is_empty() && !suffix.starts_with('+');
        Some(Version { numbers, is_pre })
    }

    fn number(&self, at: usize) -> u64 {
        self.numbers.get(at).copied().unwrap_or_default()
    }

    /// `0.x` and `1.x` and above of one repository count apart: modules that are stable and modules that are not.
    fn is_stable(&self) -> bool {
        self.number(0) > 0
    }

    fn order(&self, other: &Version) -> Ordering {
        let numbers = (0..4).map(|at| self.number(at).cmp(&other.number(at)));
        numbers.fold(Ordering::Equal, Ordering::then).then(other.is_pre.cmp(&self.is_pre))
    }
}

/// The highest version that a package's range says is affected, as the report writes it; nothing for an open range or one
/// that only names the first version that is not.
pub(super) fn reported(package: &Package) -> Option<&str> {
    let bounds = package.affected.as_deref()?.split(',').map(str::trim);
    bounds.filter_map(|bound| bound.strip_prefix("<=").or_else(|| bound.strip_prefix('='))).map(str::trim).next_back()
}

/// What the reported version of `package` is to `releases` of its repository.
pub(super) fn support<'a>(package: &Package, releases: &'a Releases) -> Support<'a> {
    let Some(version) = reported(package).and_then(Version::parse) else {
        return Support::Unknown("the report names no single version");
    };
    let Some((release, latest)) = latest_for(&package.name, &version, releases) else {
        return Support::Unknown("no release that counts like it was found");
    };
    let minor = |v: &Version| (v.number(0), v.number(1));
    match (version.order(&latest), minor(&version).cmp(&minor(&latest))) {
        (Ordering::Equal, _) => Support::Latest(release),
        (Ordering::Greater, _) => Support::Newer(release),
        (Ordering::Less, Ordering::Equal) => Support::SameMinor(release),
        (Ordering::Less, _) => Support::Older(release),
    }
}

/// The latest release of a package: the greatest among those whose tags name it, as in `receiver/foo/v0.1.0` or
/// `@scope/name@1.2.3`; else GitHub's latest, whose tag or name has a version that counts like the reported one (some
/// repositories release stable and unstable modules together, as `v1.45.0/v0.139.0`).
fn latest_for<'a>(package: &str, like: &Version, releases: &'a Releases) -> Option<(&'a Released, Version)> {
    let of_package = releases.all.iter().filter(|release| !release.is_prerelease).filter_map(|release| {
        let (prefix, version) = tag(&release.tag)?;
        names(prefix, package).then_some((prefix.len(), release, version))
    });
    let own = of_package.max_by(|a, b| a.0.cmp(&b.0).then(b.2.is_pre.cmp(&a.2.is_pre)).then(a.2.order(&b.2)));
    if let Some((_, release, version)) = own {
        return Some((release, version));
    }
    let latest = releases.latest.as_ref()?;
    let (prefix, tagged) = tag(&latest.tag)?;
    let named =
        latest.name.split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | '(' | ')')).filter_map(Version::parse);
    let mut versions = std::iter::once(tagged).chain(named);
    let version = versions.find(|version| version.is_stable() == like.is_stable())?;
    prefix.is_empty().then_some((latest, version))
}

/// The module that a tag names, and its version.
fn tag(tag: &str) -> Option<(&str, Version)> {
    if let Some(version) = Version::parse(tag) {
        return Some(("", version));
    }
    let separators = tag.char_indices().filter(|(_, c)| matches!(c, '/' | '@' | '=' | '-' | '_'));
    separators
        .filter_map(|(at, _)| {
            let version = Version::parse(tag.get(at + 1..)?)?;
            Some((tag.get(..at)?.trim_end_matches(['=', '/', '@', '-', '_']), version))
        })
        .next()
}

/// Whether a tag's prefix is the end of a package's name: `instrumentation/net/http` of
/// `go.opentelemetry.io/contrib/instrumentation/net/http`, `instrumentation-http` of `@opentelemetry/instrumentation-http`.
fn names(prefix: &str, package: &str) -> bool {
    let plain = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let (prefix, package) = (plain(prefix), plain(package));
    prefix.len() > 2 && package.ends_with(&prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ecosystem;

    fn release(tag: &str, name: &str) -> Released {
        Released { tag: tag.into(), name: name.into(), day: "2026-10-20".into(), is_prerelease: tag.contains("-rc") }
    }

    #[test]
    fn a_version_is_latest_of_the_minor_older_newer_or_unknown() {
        let collector =
            Releases { latest: Some(release("v0.139.1", "v1.45.0/v0.139.1")), all: vec![release("v0.139.1", "")] };
        let go = Releases {
            latest: Some(release("v1.38.0", "Released v1.38.0/v0.60.0/v0.14.0")),
            all: vec![
                release("instrumentation/net/http/otelhttp/v0.63.0", ""),
                release("instrumentation/net/http/otelhttp/v0.62.0", ""),
                release("instrumentation/net/http/otelhttp/v0.64.0-rc.1", ""),
                release("v1.38.0", ""),
            ],
        };
        let js = Releases {
            latest: Some(release("instrumentation-redis-v0.57.0", "")),
            all: vec![
                release("@opentelemetry/core@2.2.0", ""),
                release("instrumentation-redis-v0.57.0", ""),
                release("instrumentation-redis-4-v0.49.0", ""),
                release("experimental/v0.207.0", ""),
            ],
        };
        let python = Releases {
            latest: Some(release("opentelemetry-instrumentation-openai-v2==2.2b0", "")),
            all: vec![release("opentelemetry-instrumentation-openai-v2==2.2b0", ""), release("v0.59b0", "")],
        };
        let none = Releases::default();
        let cases: &[(&str, &str, &Releases, &str)] = &[
            ("github.com/open-telemetry/opentelemetry-collector", "= 0.139.1", &collector, "latest v0.139.1"),
            ("github.com/open-telemetry/opentelemetry-collector", "<= 0.139.0", &collector, "minor v0.139.1"),
            (
                "github.com/open-telemetry/opentelemetry-collector",
                ">= 0.90.0, <= 0.138.0",
                &collector,
                "older v0.139.1",
            ),
            ("github.com/open-telemetry/opentelemetry-collector", "= 0.140.0", &collector, "newer v0.139.1"),
            ("go.opentelemetry.io/collector/pdata", "= 1.45.0", &collector, "latest v0.139.1"),
            ("go.opentelemetry.io/collector/pdata", "= 1.9.0", &collector, "older v0.139.1"),
            (
                "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
                "= 0.63.0",
                &go,
                "latest instrumentation/net/http/otelhttp/v0.63.0",
            ),
            (
                "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
                "= 0.60.0",
                &go,
                "older instrumentation/net/http/otelhttp/v0.63.0",
            ),
            ("go.opentelemetry.io/otel/exporters/zipkin", "<= 1.38.0", &go, "latest v1.38.0"),
            ("@opentelemetry/core", "= 2.1.0", &js, "older @opentelemetry/core@2.2.0"),
            ("@opentelemetry/instrumentation-redis", "= 0.57.0", &js, "latest instrumentation-redis-v0.57.0"),
            ("@opentelemetry/instrumentation-redis-4", "= 0.49.0", &js, "latest instrumentation-redis-4-v0.49.0"),
            ("@opentelemetry/instrumentation-http", "= 0.207.0", &js, "unknown"),
            (
                "opentelemetry-instrumentation-openai-v2",
                "= 2.2b0",
                &python,
                "latest opentelemetry-instrumentation-openai-v2==2.2b0",
            ),
            ("opentelemetry-instrumentation", "= 0.58b0", &python, "unknown"),
            ("x", "< 2.0.0", &collector, "unknown"),
            ("x", ">= 1.0.0", &collector, "unknown"),
            ("x", "= main", &collector, "unknown"),
            ("x", "= 1.0.0", &none, "unknown"),
            ("x", "= 99999999999999999999999.1", &collector, "unknown"),
        ];
        for (name, affected, releases, expected) in cases {
            let package = Package {
                ecosystem: Ecosystem::Go,
                name: (*name).into(),
                affected: Some((*affected).into()),
                patched: None,
            };
            let found = match support(&package, releases) {
                Support::Latest(release) => format!("latest {}", release.tag),
                Support::SameMinor(release) => format!("minor {}", release.tag),
                Support::Older(release) => format!("older {}", release.tag),
                Support::Newer(release) => format!("newer {}", release.tag),
                Support::Unknown(_) => "unknown".into(),
            };
            assert_eq!(found, *expected, "{name} {affected}");
        }
    }
}
