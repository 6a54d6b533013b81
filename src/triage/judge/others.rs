//! Other projects, for which people write here by mistake.

use super::facts::specific;
use crate::triage::reading::Reading;
use crate::triage::scan::Clue;

/// Projects that people take for this one, or meet beside it.
const OTHER_PROJECTS: &[&str] = &[
    "jaeger",
    "prometheus",
    "grafana",
    "loki",
    "tempo",
    "mimir",
    "kibana",
    "elasticsearch",
    "opensearch",
    "fluentd",
    "fluent bit",
    "fluentbit",
    "envoy",
    "istio",
    "kubernetes",
    "opencensus",
    "opentracing",
    "signoz",
    "uptrace",
    "datadog agent",
    "dynatrace",
    "splunk enterprise",
    "new relic",
    "honeycomb",
    "sentry",
    "skywalking",
    "pinpoint",
    "thanos",
    "cortex",
    "vector",
    "openmetrics",
    "telegraf",
    "log4j",
    "logback",
    "hyperdx",
    "openobserve",
    "zipkin server",
    "zipkin ui",
    "alertmanager",
    "pushgateway",
    "cadvisor",
    "victoriametrics",
    "argo",
    "containerd",
];

/// Words that make a project's name part of a component of ours: "Jaeger receiver".
const COMPONENT_WORDS: &[&str] = &[
    "receiver",
    "exporter",
    "processor",
    "extension",
    "connector",
    "propagator",
    "instrumentation",
    "remote",
    "format",
    "sampler",
    "detector",
    "bridge",
    "shim",
    "thrift",
    "metrics",
    "endpoint",
    "attributes",
];

/// Whether the subject speaks of another project and names nothing of ours.
pub(super) fn other_project(subject: &str, clues: &[Clue]) -> bool {
    let reading = Reading::of(subject);
    let words = reading.window(0, reading.len());
    let ours = words.iter().any(|w| {
        w.contains("otel") || w.contains("opentelemetry") || w.contains("collector") || COMPONENT_WORDS.contains(w)
    });
    let named = |project: &&&str| words.windows(project.split(' ').count()).any(|window| window.join(" ") == **project);
    let close = clues.iter().any(|clue| specific(*clue) && *clue != Clue::UnclearPackage);
    !ours && !close && OTHER_PROJECTS.iter().find(named).is_some()
}
