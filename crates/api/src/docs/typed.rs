//! What the description says beyond the shapes' own schemas, for clients that are generated from
//! it.
//!
//! Invariant: in an answer, what may be null is always there, and what may be absent is never null;
//! problems alone are otherwise, whose members depend on their kind.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const PREFIX: &str = "#/components/schemas/";

/// The schema of a parameter of a query, by its name and the route.
pub(super) fn parameter(route: &str, name: &str) -> Value {
    match name {
        // Of an override it is the limit's name.
        "limit" if route.contains("/overrides/") => json!({ "type": "string" }),
        "days" | "limit" | "offset" | "top" => json!({ "type": "integer", "format": "int64" }),
        "min_confidence" => json!({ "type": "number", "format": "double" }),
        "from" | "until" | "created_from" | "created_to" => {
            json!({ "type": "string", "format": "date-time" })
        }
        _ => json!({ "type": "string" }),
    }
}

/// The header with which a page keeps its session in a cookie, of the calls that know it.
pub(super) fn session(route: &str) -> Option<Value> {
    let knows = ["register", "login", "refresh", "logout"];
    let name = route.strip_prefix("/api/auth/").filter(|name| knows.contains(name));
    name.map(|_| {
        json!({ "name": "NovaCore-Session", "in": "header", "required": false,
            "description": "Keeps the refresh token in the cookie `novacore_refresh`, for pages of \
                this origin; it is in no body then.",
            "schema": { "type": "string", "enum": ["cookie"] } })
    })
}

/// Whether a call that reads a body cannot do without. A session in a cookie is in none.
pub(super) fn needs_body(route: &str) -> bool {
    !["/api/auth/refresh", "/api/auth/logout"].contains(&route)
}

/// Whether a call is refused without this parameter.
pub(super) fn is_needed(method: &str, name: &str) -> bool {
    (method, name) == ("delete", "reason")
}

/// Says of every schema what its derivation leaves open.
pub(super) fn complete(document: &mut Value) {
    let asked = reached(document, "requestBody");
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for (name, schema) in schemas.iter_mut() {
        let is_answer = name != "Problem" && !asked.contains(name);
        each_object(schema, &mut |object| {
            open_if_free(object);
            if is_answer {
                require_nullable(object);
            }
        });
    }
}

/// The schemas that a part of any operation leads to.
fn reached(document: &Value, part: &str) -> BTreeSet<String> {
    let mut next = Vec::new();
    for methods in document["paths"].as_object().into_iter().flat_map(Map::values) {
        for operation in methods.as_object().into_iter().flat_map(Map::values) {
            references(&operation[part], &mut next);
        }
    }
    let mut found = BTreeSet::new();
    while let Some(name) = next.pop() {
        if found.insert(name.clone()) {
            references(&document["components"]["schemas"][&name], &mut next);
        }
    }
    found
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let named = members.get("$ref").and_then(Value::as_str);
            found.extend(named.and_then(|text| text.strip_prefix(PREFIX)).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(elements) => elements.iter().for_each(|element| references(element, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Visits a schema and all those within it.
fn each_object(schema: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match schema {
        Value::Object(members) => {
            visit(members);
            members.values_mut().for_each(|member| each_object(member, visit));
        }
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| each_object(element, visit));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An object of which nothing is said may have any members, which generators take for none.
fn open_if_free(schema: &mut Map<String, Value>) {
    let said = ["properties", "additionalProperties"].iter().any(|name| schema.contains_key(*name));
    if !said && schema.get("type").is_some_and(|kind| is_or_has(kind, "object")) {
        schema.insert("additionalProperties".to_owned(), Value::Bool(true));
    }
}

fn require_nullable(schema: &mut Map<String, Value>) {
    let Some(members) = schema.get("properties").and_then(Value::as_object) else { return };
    let is_required = |name: &str| schema.get("required").is_some_and(|all| is_or_has(all, name));
    let named = members.iter();
    let named = named.filter(|(name, member)| is_required(name) || is_nullable(member));
    let required: Vec<_> = named.map(|(name, _)| Value::from(name.as_str())).collect();
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
}

fn is_nullable(schema: &Value) -> bool {
    let mut choices = schema["oneOf"].as_array().into_iter().flatten();
    is_or_has(&schema["type"], "null") || choices.any(|choice| choice["type"] == "null")
}

/// Whether a value is this text, or a list with it.
fn is_or_has(value: &Value, text: &str) -> bool {
    value == text || value.as_array().is_some_and(|all| all.iter().any(|one| one == text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_null_is_required_of_answers_alone() {
        let shape = || {
            json!({ "type": "object", "required": ["a"], "properties": {
                "a": { "type": "string" },
                "b": { "type": ["string", "null"] },
                "c": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/In" }] },
                "d": { "type": "string" },
                "e": { "type": ["object", "null"] },
            }})
        };
        let body = json!({ "schema": { "$ref": "#/components/schemas/Ask" } });
        let mut document = json!({
            "paths": { "/x": { "post": { "requestBody": body } } },
            "components": { "schemas": {
                "Ask": { "allOf": [{ "$ref": "#/components/schemas/In" }] },
                "In": shape(), "Out": { "allOf": [shape()] }, "Problem": shape(),
            }},
        });
        complete(&mut document);
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["Out"]["allOf"][0]["required"], json!(["a", "b", "c", "e"]));
        assert_eq!(schemas["In"]["required"], json!(["a"]));
        assert_eq!(schemas["Problem"]["required"], json!(["a"]));
        assert_eq!(schemas["In"]["properties"]["e"]["additionalProperties"], true);
        assert_eq!(schemas["In"]["properties"]["a"].get("additionalProperties"), None);
    }

    #[test]
    fn the_same_name_is_a_number_here_and_a_name_there() {
        let kind = |route, name| parameter(route, name)["type"].clone();
        assert_eq!(kind("/api/admin/users", "limit"), "integer");
        assert_eq!(kind("/api/admin/users/{id}/overrides/{resource}", "limit"), "string");
        assert_eq!(kind("/api/usage/entries", "kind"), "string");
        assert_eq!(parameter("/api/usage/entries", "from")["format"], "date-time");
        assert!(is_needed("delete", "reason") && !is_needed("get", "reason"));
    }

    #[test]
    fn calls_about_sessions_know_the_cookie() {
        assert_eq!(session("/api/auth/login").unwrap()["in"], "header");
        assert!(session("/api/auth/logout-all").is_none() && session("/api/usage/login").is_none());
        assert!(needs_body("/api/auth/login") && !needs_body("/api/auth/refresh"));
    }
}
