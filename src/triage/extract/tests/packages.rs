//! Packages and their versions, as people write them.

use super::check;
use crate::model::{Package, Report};

/// `ecosystem name, affected, fixed in patched`.
fn packages(report: &Report) -> String {
    let shown = |package: &Package| {
        let ecosystem = format!("{:?}", package.ecosystem).to_lowercase();
        let affected = package.affected.as_ref().map_or(String::new(), |range| format!(", {range}"));
        let patched = package.patched.as_ref().map_or(String::new(), |version| format!(", fixed in {version}"));
        format!("{ecosystem} {}{affected}{patched}", package.name)
    };
    report.packages.iter().map(shown).collect::<Vec<_>>().join("; ")
}

#[test]
fn packages_are_read_as_each_ecosystem_writes_them() {
    check(
        &[
            // Go
            (
                "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp v0.44.0 keeps every label.",
                "go go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp, = 0.44.0",
            ),
            (
                "require go.opentelemetry.io/collector/config/confighttp v0.101.0 // indirect",
                "go go.opentelemetry.io/collector/config/confighttp, = 0.101.0",
            ),
            // Maven
            (
                "implementation(\"io.opentelemetry.instrumentation:opentelemetry-spring-boot-starter:2.3.0\")",
                "maven io.opentelemetry.instrumentation:opentelemetry-spring-boot-starter, = 2.3.0",
            ),
            (
                "<dependency>\n  <groupId>io.opentelemetry</groupId>\n  <artifactId>opentelemetry-sdk</artifactId>\n  <version>1.38.0</version>\n</dependency>",
                "maven io.opentelemetry:opentelemetry-sdk, = 1.38.0",
            ),
            (
                "compile group: 'io.opentelemetry', name: 'opentelemetry-api', version: '1.30.0'",
                "maven io.opentelemetry:opentelemetry-api, = 1.30.0",
            ),
            // npm
            ("npm i @opentelemetry/exporter-prometheus@0.52.0", "npm @opentelemetry/exporter-prometheus, = 0.52.0"),
            ("\"dependencies\": { \"@opentelemetry/sdk-node\": \"^0.51.1\" }", "npm @opentelemetry/sdk-node, = 0.51.1"),
            // NuGet
            (
                "<PackageReference Include=\"OpenTelemetry.Exporter.Geneva\" Version=\"1.9.0\" />",
                "nuget OpenTelemetry.Exporter.Geneva, = 1.9.0",
            ),
            // PyPI, with and without a word of the language
            (
                "pip install opentelemetry-instrumentation-flask==0.45b0",
                "pip opentelemetry-instrumentation-flask, = 0.45b0",
            ),
            (
                "A header is copied in opentelemetry-instrumentation-asgi before 0.46b0, seen under uvicorn.",
                "pip opentelemetry-instrumentation-asgi, < 0.46b0",
            ),
            (
                "We run opentelemetry-sdk 1.24.0 (from PyPI) in our workers, and the span limits do nothing.",
                "pip opentelemetry-sdk, = 1.24.0",
            ),
            ("File \"/venv/lib/python3.12/site-packages/opentelemetry/sdk/trace/__init__.py\", line 900", ""),
            // RubyGems
            (
                "gem \"opentelemetry-instrumentation-rack\", \"0.24.1\"",
                "rubygems opentelemetry-instrumentation-rack, = 0.24.1",
            ),
            // crates
            ("opentelemetry-otlp = \"0.17.0\" in Cargo.toml", "rust opentelemetry-otlp, = 0.17.0"),
            ("weaver 0.19.0, the open-telemetry/weaver CLI, follows links.", "rust weaver, = 0.19.0"),
            ("The OpenTelemetry Weaver writes outside of its output folder.", "rust weaver"),
            // Packagist
            ("composer require open-telemetry/exporter-otlp:1.0.4", "composer open-telemetry/exporter-otlp, = 1.0.4"),
            // Hex
            ("{:opentelemetry_phoenix, \"~> 1.2.0\"} in mix.exs", "erlang opentelemetry_phoenix, = 1.2.0"),
            // Swift
            (
                ".package(url: \"https://github.com/open-telemetry/opentelemetry-swift\", from: \"1.10.0\")",
                "swift github.com/open-telemetry/opentelemetry-swift, = 1.10.0",
            ),
            (
                "Our iOS app uses the Swift package opentelemetry-swift 1.10.0 and crashes.",
                "swift github.com/open-telemetry/opentelemetry-swift, = 1.10.0",
            ),
            // Actions
            (
                "      - uses: open-telemetry/weaver/.github/actions/setup-weaver@v1.2.0",
                "actions open-telemetry/weaver/.github/actions/setup-weaver, = 1.2.0",
            ),
            // Images
            (
                "docker run otel/opentelemetry-collector-contrib:0.110.0",
                "other otel/opentelemetry-collector-contrib, = 0.110.0",
            ),
            (
                "image: ghcr.io/open-telemetry/opentelemetry-operator/target-allocator:v0.109.0",
                "other ghcr.io/open-telemetry/opentelemetry-operator/target-allocator, = 0.109.0",
            ),
            // Package URLs
            ("pkg:golang/go.opentelemetry.io/otel/sdk@v1.26.0", "go go.opentelemetry.io/otel/sdk, = 1.26.0"),
            ("pkg:npm/%40opentelemetry/core@1.24.0", "npm @opentelemetry/core, = 1.24.0"),
            (
                "pkg:maven/io.opentelemetry/opentelemetry-api@1.38.0",
                "maven io.opentelemetry:opentelemetry-api, = 1.38.0",
            ),
            ("pkg:pypi/opentelemetry-sdk@1.24.0", "pip opentelemetry-sdk, = 1.24.0"),
            ("pkg:pub/dartastic_opentelemetry@0.8.1", "pub dartastic_opentelemetry, = 0.8.1"),
            ("pkg:hex/opentelemetry_cowboy@0.3.0", "erlang opentelemetry_cowboy, = 0.3.0"),
            // What people call it
            ("The target allocator answers anybody.", "go github.com/open-telemetry/opentelemetry-operator"),
            (
                "The tail sampling processor loops.",
                "go github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor",
            ),
            (
                "It is in the Java agent, 2.4.0 to 2.6.0.",
                "maven io.opentelemetry.javaagent:opentelemetry-javaagent, >= 2.4.0, <= 2.6.0",
            ),
            // Scripts without spaces
            (
                "opentelemetry-android（io.opentelemetry.android:core 0.11.0）で確認しました。",
                "maven io.opentelemetry.android:core, = 0.11.0",
            ),
            ("问题在「@opentelemetry/core」，请修复。", "npm @opentelemetry/core"),
            ("内容：opentelemetry-exporter-zipkin、Ruby の gem です。", "rubygems opentelemetry-exporter-zipkin"),
            // Components in folders, and in configurations
            (
                "The textencodingextension panics.",
                "go github.com/open-telemetry/opentelemetry-collector-contrib/extension/encoding/textencodingextension",
            ),
            (
                "Die Redis storage extension schreibt im Klartext.",
                "go github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/redisstorageextension",
            ),
            (
                "It logs tokens:\n\nexporters:\n  file/audit:\n    path: /tmp/out\nservice:\n  telemetry: {}",
                "go github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter",
            ),
            (
                "Notre configuration :\n  extensions:\n    db_storage/q:\n      driver: sqlite3\n",
                "go github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/dbstorage",
            ),
            ("receivers:\n  otlp:\nexporters:\n  file:\n    path: /tmp/out\n", ""),
            ("receivers:\n  ours:\n    port: 1\n", ""),
            // A chart and what it deploys
            (
                "The opentelemetry-operator chart mounts the socket: --set image.repository=otel/opentelemetry-collector-k8s",
                "other open-telemetry/opentelemetry-operator",
            ),
            (
                "Il chart Helm open-telemetry/opentelemetry-collector (chart opentelemetry-collector) monta tutto.",
                "other open-telemetry/opentelemetry-collector",
            ),
            ("image.repository=otel/opentelemetry-collector-k8s", "other otel/opentelemetry-collector-k8s"),
            // Linux packages and libraries
            ("The otelcol-contrib deb runs as root.", "other otelcol-contrib"),
            ("Das otelcol .rpm legt den Ordner an.", "other otelcol"),
            ("libotelinject.so liest die Umgebung.", "other opentelemetry-injector"),
            ("The nginx module writes behind its array.", "other opentelemetry-cpp-contrib"),
            (
                "The Lambda collector layer answers anybody.",
                "go github.com/open-telemetry/opentelemetry-lambda/collector",
            ),
            // Ranges and fixes
            (
                "@opentelemetry/core >= 1.0.0, < 1.25.0 is affected; patched in 1.25.0",
                "npm @opentelemetry/core, >= 1.0.0, < 1.25.0, fixed in 1.25.0",
            ),
            (
                "@opentelemetry/core: all versions up to and including 1.24.1. First fixed version: 1.25.0",
                "npm @opentelemetry/core, <= 1.24.1, fixed in 1.25.0",
            ),
            (
                "@opentelemetry/core, betroffen sind 1.2.0 bis 1.4.0, behoben in 1.4.1",
                "npm @opentelemetry/core, >= 1.2.0, <= 1.4.0, fixed in 1.4.1",
            ),
            // Forms
            (
                "| Package | Affected versions | Patched versions |\n| --- | --- | --- |\n| @opentelemetry/instrumentation | < 0.41.2 | 0.41.2 |",
                "npm @opentelemetry/instrumentation, < 0.41.2, fixed in 0.41.2",
            ),
            (
                "### Affected products\nEcosystem: npm\nPackage name: @opentelemetry/core\nAffected versions: >= 1.0.0, < 1.25.0\nPatched versions: 1.25.0\n### Severity\nHigh",
                "npm @opentelemetry/core, >= 1.0.0, < 1.25.0, fixed in 1.25.0",
            ),
            (
                "```yaml\necosystem: pip\npackage: opentelemetry-sdk\nvulnerable_versions: \"<= 1.24.0\"\npatched_version: 1.25.0\n```",
                "pip opentelemetry-sdk, <= 1.24.0, fixed in 1.25.0",
            ),
            (
                "{\"package\": {\"ecosystem\": \"rubygems\", \"name\": \"opentelemetry-sdk\"}, \"vulnerable_version_range\": \"< 1.4.0\", \"patched_versions\": \"1.4.0\"}",
                "rubygems opentelemetry-sdk, < 1.4.0, fixed in 1.4.0",
            ),
            // Nothing is made up.
            ("The service crashes when I send 1.5 MB.", ""),
        ],
        packages,
    );
}
