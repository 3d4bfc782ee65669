//! The OpenAPI 3.1 description of every interface that is not FHIR: `docs/openapi.json`, served as it is written there.
//!
//! In: the table of operations, the types of the bodies, the list of codes. Out: the document. Only built to write it and
//! to compare it; the product embeds the text.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::codes::{CODES, Code, Place};
use super::oauth::Refused;
use super::problem::{PROBLEM_JSON, ProblemBody};

mod accidents;
mod applications;
mod cases;
mod identity;
mod ledger;
mod mandates;
mod motor;
mod mydata;
mod offset;
mod operation;
mod operator;
mod owner;
mod records;
mod reports;
mod requests;
mod shops;
mod table;
mod timeline;
mod trust;
mod uploads;
mod wallet;

use operation::{Body, Operation, Tag};
pub use table::operations;

/// The name of the one security scheme.
const TOKEN: &str = "token";

const DESCRIPTION: &str = "\
Every interface of the gateway that is not FHIR: tokens, insurers 保險公司, hospitals 醫療機構, patients' apps 保戶 App, \
operators 維運人員, police sources 警察機關, wallets 數位憑證皮夾, mandates 委託, MyData 個人化資料自主運用平臺, the public log \
透明日誌. The FHIR interface for hospitals is described by its CapabilityStatement at /fhir/metadata.

A refusal names its code, who failed (`family`) and whether sending again helps (`retryable`); /errors.json lists all codes. \
More members and more codes may come: do not refuse an answer for one you do not know.";

/// What operations share.
struct Parts {
    schemas: SchemaGenerator,
    refusals: Map<String, Value>,
}

impl Parts {
    /// A reference to a refusal; the same one is written once, under its status and first code.
    fn refusal(&mut self, status: u16, codes: &[&Code]) -> Value {
        let refusal = refusal(status, codes, &mut self.schemas);
        let first = codes.first().map_or("", |code| code.code);
        let mut name = format!("{status}-{first}");
        while self.refusals.get(&name).is_some_and(|known| *known != refusal) {
            name.push_str("-more");
        }
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        self.refusals.insert(name, refusal);
        reference
    }
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut parts = Parts { schemas: settings.into_generator(), refusals: Map::new() };
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let described = describe(&operation, &mut parts);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(operation.method.to_lowercase(), described);
        }
    }
    let tags: Vec<Value> =
        Tag::ALL.iter().map(|tag| json!({ "name": tag.name(), "description": tag.describe() })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "ClaimGate 理賠互通閘道",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "contact": { "name": "The operator of this gateway" },
            "license": { "name": "Apache License 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
        },
        "servers": [{ "url": "/", "description": "This gateway" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": { TOKEN: {
                "type": "oauth2",
                "description": "An access token, got with a signed client assertion (`private_key_jwt`, FAPI profile).",
                "flows": { "clientCredentials": { "tokenUrl": "/oauth/token", "scopes": scopes() } },
            } },
            "headers": {
                "X-Request-Id": {
                    "description": "What the operator asks for; the caller's own where it is a UUID.",
                    "schema": { "type": "string" },
                },
            },
            "responses": parts.refusals,
            "schemas": parts.schemas.take_definitions(true),
        },
    })
}

/// The document as the text of its file.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// The scopes of insurers and apps, with what their routes are for.
fn scopes() -> Value {
    let mut scopes = Map::new();
    for operation in operations() {
        if let Some(scope) = operation.scope {
            scopes.entry(scope.as_str()).or_insert_with(|| json!(operation.tag.describe()));
        }
    }
    Value::Object(scopes)
}

fn describe(operation: &Operation, parts: &mut Parts) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag.name()],
        "summary": operation.summary,
        "description": operation.description,
    });
    let mut put = |name: &str, value: Value| {
        if let Some(members) = described.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    if !operation.parameters.is_empty() {
        put("parameters", json!(operation.parameters));
    }
    if let Some(scope) = operation.scope {
        put("security", json!([{ TOKEN: [scope.as_str()] }]));
    }
    match &operation.body {
        Body::None | Body::Binary => {}
        Body::Json { required, schema } => put(
            "requestBody",
            json!({ "required": required, "content": { "application/json": { "schema": schema(&mut parts.schemas) } } }),
        ),
        Body::Form(schema) => put(
            "requestBody",
            json!({ "required": true, "content": { "application/x-www-form-urlencoded": { "schema": schema } } }),
        ),
    }
    if matches!(operation.body, Body::Binary) {
        let schema = json!({ "type": "string", "format": "binary" });
        put(
            "requestBody",
            json!({ "required": false, "content": { "application/octet-stream": { "schema": schema } } }),
        );
    }
    put("responses", responses(operation, parts));
    described
}

fn responses(operation: &Operation, parts: &mut Parts) -> Value {
    let mut responses: BTreeMap<String, Value> = BTreeMap::new();
    for answer in &operation.answers {
        let mut response = json!({ "description": answer.description, "headers": headers(&answer.headers) });
        if let (Some((media, schema)), Some(members)) = (&answer.content, response.as_object_mut()) {
            let mut content = json!({ (*media): { "schema": schema(&mut parts.schemas) } });
            if let (Some(text), Some(forms)) = (answer.as_text, content.as_object_mut()) {
                forms.insert(text.to_owned(), json!({ "schema": { "type": "string" } }));
            }
            members.insert("content".to_owned(), content);
        }
        responses.insert(answer.status.to_string(), response);
    }
    let mut refusals: BTreeMap<u16, Vec<&Code>> = BTreeMap::new();
    for code in CODES.iter().filter(|code| code.at.iter().any(|place| occurs(*place, operation))) {
        for status in code.status {
            refusals.entry(*status).or_default().push(code);
        }
    }
    for (status, codes) in refusals {
        responses.insert(status.to_string(), parts.refusal(status, &codes));
    }
    json!(responses)
}

/// Whether a code's place is this operation.
fn occurs(place: Place, operation: &Operation) -> bool {
    match place {
        Place::Every => true,
        Place::Elsewhere => operation.path.contains('{'),
        Place::Protected => operation.scope.is_some(),
        Place::Body => !matches!(operation.body, Body::None),
        Place::Json => matches!(operation.body, Body::Json { .. }),
        Place::Form => matches!(operation.body, Body::Form(_)),
        Place::Call => operation.method == "POST" && operation.path.starts_with("/insurer/"),
        Place::At(path) => operation.path == path,
        Place::Under(start) => operation.path.starts_with(start),
    }
}

/// The codes of one status, each with the shape it comes in.
fn refusal(status: u16, codes: &[&Code], schemas: &mut SchemaGenerator) -> Value {
    // What the token endpoint alone says has the shape of RFC 6749.
    let (tokens, problems): (Vec<&Code>, Vec<&Code>) =
        codes.iter().partition(|code| code.at == [Place::At("/oauth/token")] && !code.code.contains('.'));
    let mut content = Map::new();
    let mut shape = |codes: &[&Code], media: &str, member: &str, schema: Value| {
        let codes: Vec<&str> = codes.iter().map(|code| code.code).collect();
        if !codes.is_empty() {
            let narrowed = json!({ "type": "object", "properties": { member: { "enum": codes } } });
            content.insert(media.to_owned(), json!({ "schema": { "allOf": [schema, narrowed] } }));
        }
    };
    shape(&problems, PROBLEM_JSON, "code", schemas.subschema_for::<ProblemBody>().to_value());
    shape(&tokens, "application/json", "error", schemas.subschema_for::<Refused>().to_value());
    let said: Vec<String> = codes.iter().map(|code| format!("`{}`: {}", code.code, code.english)).collect();
    let own: &[(&str, &str)] = match status {
        401 if !problems.is_empty() => &[("WWW-Authenticate", "RFC 6750 §3.")],
        405 => &[("Allow", "The methods this address takes.")],
        429 | 503 if !codes.iter().all(|code| code.code == "stopping") => &[("Retry-After", "Seconds to wait.")],
        _ => &[],
    };
    json!({ "description": said.join("\n\n"), "headers": headers(own), "content": content })
}

fn headers(own: &[(&str, &str)]) -> Value {
    let mut all = Map::new();
    all.insert("X-Request-Id".to_owned(), json!({ "$ref": "#/components/headers/X-Request-Id" }));
    for (name, description) in own {
        all.insert((*name).to_owned(), json!({ "description": description, "schema": { "type": "string" } }));
    }
    Value::Object(all)
}
