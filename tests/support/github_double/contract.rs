use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Value, json};

/// GitHub's API description, as far as requests are concerned.
pub(super) struct Contract {
    description: Value,
    bodies: HashMap<String, Validator>,
}

impl Contract {
    pub(super) fn load() -> Self {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/github/github-advisories.openapi.json");
        let mut description: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        rewrite_nullable(&mut description);
        Contract { description, bodies: HashMap::new() }
    }

    /// What is wrong with a request to `template`, in the words of the description.
    pub(super) fn check(
        &mut self,
        template: &str,
        method: &str,
        query: &[(String, String)],
        body: Option<&Value>,
    ) -> Vec<String> {
        let Some(operation) = self.operation(template, method) else {
            return vec![format!("{method} {template}: not in the description")];
        };
        let mut wrong = check_query(&operation, &self.description, query);
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        match (body, schema.is_null()) {
            (None, false) if operation["requestBody"]["required"] == json!(true) => wrong.push("body missing".into()),
            (Some(_), true) => wrong.push("body where none is described".into()),
            (Some(body), false) => wrong.extend(self.check_body(&format!("{method} {template}"), schema.clone(), body)),
            _ => {}
        }
        wrong.into_iter().map(|what| format!("{method} {template}: {what}")).collect()
    }

    fn check_body(&mut self, name: &str, schema: Value, body: &Value) -> Vec<String> {
        let components = &self.description["components"];
        let validator = self.bodies.entry(name.to_owned()).or_insert_with(|| {
            let whole = json!({ "allOf": [schema], "components": components });
            jsonschema::validator_for(&whole).unwrap()
        });
        // Not the value: it may be a whole report.
        validator.iter_errors(body).map(|error| format!("{} is wrong", error.instance_path())).collect()
    }

    fn operation(&self, template: &str, method: &str) -> Option<Value> {
        if template.contains("/comments") {
            return comments(template, method);
        }
        if template.contains("/releases") || template.contains("/issues/") {
            return public(template, method);
        }
        self.description["paths"][template].get(method.to_ascii_lowercase()).cloned()
    }
}

/// Comments are not in the description yet; this follows the documentation's words.
fn comments(template: &str, method: &str) -> Option<Value> {
    let body = json!({ "required": true, "content": { "application/json": { "schema": {
        "type": "object", "properties": { "body": { "type": "string", "minLength": 1, "maxLength": 65_536 } },
        "required": ["body"], "additionalProperties": false } } } });
    let number = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "integer", "minimum": 1 } });
    match (template.ends_with("/comments"), method) {
        (true, "GET") => Some(json!({ "parameters": [number("per_page"), number("page")] })),
        (true, "POST") | (false, "PATCH") => Some(json!({ "requestBody": body })),
        (false, "GET") => Some(json!({})),
        _ => None,
    }
}

/// Releases and issues, as the documentation of the REST API describes them: they are no part of the description.
fn public(template: &str, method: &str) -> Option<Value> {
    let number = |name: &str, most: u32| json!({ "name": name, "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": most } });
    let lists = template.ends_with("/releases");
    let parameters = if lists { vec![number("per_page", 100), number("page", 100)] } else { Vec::new() };
    (method == "GET").then(|| json!({ "parameters": parameters }))
}

fn check_query(operation: &Value, description: &Value, query: &[(String, String)]) -> Vec<String> {
    let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
    let resolved: Vec<&Value> = parameters
        .into_iter()
        .map(|parameter| match parameter["$ref"].as_str() {
            Some(reference) => description.pointer(reference.trim_start_matches('#')).unwrap(),
            None => parameter,
        })
        .filter(|parameter| parameter["in"] == "query")
        .collect();
    let mut wrong = Vec::new();
    for (name, text) in query {
        let Some(parameter) = resolved.iter().find(|parameter| parameter["name"] == name.as_str()) else {
            wrong.push(format!("query parameter {name} is not described"));
            continue;
        };
        let value = match parameter["schema"]["type"].as_str() {
            Some("integer") => text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
            _ => json!(text),
        };
        if !jsonschema::is_valid(&parameter["schema"], &value) {
            wrong.push(format!("query parameter {name} has a wrong value"));
        }
    }
    wrong
}

/// OpenAPI 3.0's `nullable: true` as JSON Schema has it.
fn rewrite_nullable(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(rewrite_nullable),
        Value::Object(object) => {
            object.values_mut().for_each(rewrite_nullable);
            if object.remove("nullable") == Some(json!(true)) {
                let inner = Value::Object(std::mem::take(object));
                object.insert("anyOf".into(), json!([inner, { "type": "null" }]));
            }
        }
        _ => {}
    }
}

#[test]
fn is_as_strict_as_the_description() {
    let reports = "/repos/{owner}/{repo}/security-advisories/reports";
    let list = "/repos/{owner}/{repo}/security-advisories";
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let long = json!({ "summary": "s".repeat(1_025), "description": "d" });
    type Query = Vec<(String, String)>;
    let cases: Vec<(&str, &str, Query, Option<Value>, bool)> = vec![
        (reports, "POST", vec![], Some(json!({ "summary": "s", "description": "d" })), true),
        (reports, "POST", vec![], Some(json!({ "summary": "s", "description": "d", "severity": null })), true),
        (reports, "POST", vec![], Some(json!({ "summary": "s", "description": "d", "severity": "bad" })), false),
        (reports, "POST", vec![], Some(json!({ "summary": "s", "description": "d", "credits": [] })), false),
        (reports, "POST", vec![], Some(json!({ "summary": "s" })), false),
        (reports, "POST", vec![], Some(long), false),
        (reports, "POST", vec![], None, false),
        (list, "POST", vec![], Some(json!({ "summary": "s", "description": "d" })), false),
        (
            list,
            "POST",
            vec![],
            Some(
                json!({ "summary": "s", "description": "d", "vulnerabilities": [{ "package": { "ecosystem": "cargo" } }] }),
            ),
            false,
        ),
        (
            list,
            "POST",
            vec![],
            Some(
                json!({ "summary": "s", "description": "d", "vulnerabilities": [{ "package": { "ecosystem": "rust", "name": "x" } }] }),
            ),
            true,
        ),
        (list, "GET", pair("state", "triage"), None, true),
        (list, "GET", pair("state", "open"), None, false),
        (list, "GET", pair("per_page", "101"), None, false),
        (list, "GET", pair("page", "2"), None, false),
        (list, "DELETE", vec![], None, false),
    ];
    let mut contract = Contract::load();
    for (template, method, query, body, good) in cases {
        let wrong = contract.check(template, method, &query, body.as_ref());
        assert_eq!(wrong.is_empty(), good, "{method} {template} {query:?} {body:?}: {wrong:?}");
    }
}
