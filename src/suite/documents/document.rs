//! Reads an OpenAPI 3.1 document as far as it is used here; a key that is not known is a mistake.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::Finding;
use super::bodies::{Bodies, Media};
use super::operation::{Answer, AnswerHeader, Credential, Operation};
use super::parameters::{Parameter, Place, Segment, template};
use super::schemas::{Compiler, Schema};
use crate::sandbox::{Call, Reply};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The operations of a provider; none where it has no document.
#[derive(Debug, Default)]
pub(super) struct Document {
    operations: Vec<Operation>,
}

impl Document {
    /// Reads a document.
    pub(super) fn read(root: &Json) -> Result<Self, Finding> {
        let head: Head = parse("/", root)?;
        if !head.openapi.starts_with("3.1.") {
            return Err(("openapi".to_owned(), format!("{} is not 3.1", head.openapi)));
        }
        let mut reader = Reader { compiler: Compiler::new(root), head: &head };
        let mut operations = Vec::new();
        for (path, item) in &head.paths {
            let servers: Option<Vec<Server>> = item.get("servers").map(|own| parse(path, own)).transpose()?;
            let servers = servers.as_deref().unwrap_or(&head.servers);
            for (method, operation) in item {
                if METHODS.contains(&method.as_str()) {
                    operations.push(reader.operation(method, path, servers, operation)?);
                } else if method != "servers" {
                    return Err((path.clone(), format!("unknown field `{method}`")));
                }
            }
        }
        for name in head.components.schemas.keys() {
            let reference = Json::from_iter([("$ref".to_owned(), Json::from(format!("#/components/schemas/{name}")))]);
            reader.compile(&format!("schemas.{name}"), &reference)?;
        }
        Ok(Self { operations })
    }

    pub(super) fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|operation| operation.name.as_str())
    }

    /// The operation that a call is, and what is wrong with the call and its answer; or why it is none.
    pub(super) fn check(&self, call: &Call, reply: Option<&Reply>) -> Result<(String, Vec<Finding>), Finding> {
        let fitting = self.operations.iter().filter_map(|operation| Some((operation, operation.template(&call.path)?)));
        let mut fitting: Vec<(&Operation, &[Segment])> = fitting.collect();
        if fitting.is_empty() {
            return Err(("path".to_owned(), "there is no such path".to_owned()));
        }
        // `/users/current` is that one, and not `/users/{id}`.
        fitting.sort_by_key(|(_, template)| template.iter().filter(|s| matches!(s, Segment::Parameter(_))).count());
        let Some((operation, template)) = fitting.iter().find(|(operation, _)| operation.method == call.method) else {
            let documented = fitting.iter().map(|(operation, _)| operation.method.as_str()).collect::<Vec<_>>();
            return Err(("method".to_owned(), format!("it is {}; documented: {}", call.method, documented.join(", "))));
        };
        let mut findings = operation.check_call(template, call);
        findings.extend(reply.into_iter().flat_map(|reply| operation.check_reply(reply)));
        Ok((operation.name.clone(), findings))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known, so that other keys are not")]
struct Head {
    openapi: String,
    info: Json,
    servers: Vec<Server>,
    #[serde(default)]
    security: Vec<Requirement>,
    paths: IndexMap<String, Map<String, Json>>,
    components: Components,
}

/// Names of security schemes that are needed together.
type Requirement = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known, so that other keys are not")]
struct Server {
    url: String,
    #[serde(default)]
    variables: Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "known, so that other keys are not")]
struct Components {
    #[serde(default)]
    schemas: IndexMap<String, Json>,
    #[serde(default)]
    responses: Json,
    #[serde(default)]
    parameters: Json,
    #[serde(default)]
    security_schemes: BTreeMap<String, SecurityScheme>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum SecurityScheme {
    Http {
        scheme: String,
    },
    #[serde(rename_all = "camelCase")]
    ApiKey {
        name: String,
    },
    Oauth2 {},
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "known, so that other keys are not")]
struct RawOperation {
    operation_id: String,
    #[serde(default)]
    deprecated: bool,
    security: Option<Vec<Requirement>>,
    #[serde(default)]
    parameters: Vec<Json>,
    request_body: Option<RawBody>,
    responses: IndexMap<String, Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known, so that other keys are not")]
struct RawParameter {
    name: String,
    #[serde(rename = "in")]
    place: RawPlace,
    #[serde(default)]
    required: bool,
    style: Option<Form>,
    explode: Option<bool>,
    schema: Json,
}

/// The only style of lists that is read here.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Form,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawPlace {
    Path,
    Query,
    Header,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBody {
    #[serde(default)]
    required: bool,
    content: BTreeMap<String, RawMedia>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMedia {
    schema: Option<Json>,
    #[serde(default)]
    encoding: BTreeMap<String, RawEncoding>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEncoding {
    explode: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "known, so that other keys are not")]
struct RawResponse {
    description: String,
    #[serde(default)]
    headers: IndexMap<String, RawHeader>,
    #[serde(default)]
    content: BTreeMap<String, RawMedia>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHeader {
    #[serde(default)]
    required: bool,
    schema: Json,
}

fn parse<T: DeserializeOwned>(at: &str, json: &Json) -> Result<T, Finding> {
    T::deserialize(json).map_err(|error| (at.to_owned(), error.to_string()))
}

struct Reader<'a> {
    compiler: Compiler<'a>,
    head: &'a Head,
}

impl Reader<'_> {
    fn operation(&mut self, method: &str, path: &str, servers: &[Server], json: &Json) -> Result<Operation, Finding> {
        let method = method.to_ascii_uppercase();
        let name = format!("{method} {path}");
        let raw: RawOperation = parse(&name, json)?;
        let templates: Vec<Vec<Segment>> =
            servers.iter().map(|server| template(&format!("{}{path}", path_of(&server.url)))).collect();
        let parameters = raw.parameters.iter().map(|parameter| self.parameter(&name, parameter));
        let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
        let declared: BTreeSet<&str> =
            parameters.iter().filter(|p| p.place == Place::Path).map(|p| p.name.as_str()).collect();
        let used = template(path);
        let used: BTreeSet<&str> = used
            .iter()
            .filter_map(|segment| match segment {
                Segment::Parameter(name) => Some(name.as_str()),
                Segment::Word(_) => None,
            })
            .collect();
        if declared != used {
            return Err((name, format!("its path has the parameters {used:?}, and it declares {declared:?}")));
        }
        let security = raw.security.as_ref().unwrap_or(&self.head.security).iter();
        let security = security.map(|requirement| self.credentials(&name, requirement)).collect::<Result<_, _>>()?;
        let body = match &raw.request_body {
            Some(body) => self.bodies(&format!("{name} body"), body.required, &body.content)?,
            None => Bodies::default(),
        };
        let mut answers = BTreeMap::new();
        for (status, response) in &raw.responses {
            let at = format!("{name} {status}");
            let response = self.compiler.resolve(response).map_err(|what| (at.clone(), what))?;
            answers.insert(status.clone(), self.answer(&at, &parse(&at, response)?)?);
        }
        Ok(Operation { name, method, templates, parameters, security, body, answers })
    }

    fn parameter(&mut self, operation: &str, json: &Json) -> Result<Parameter, Finding> {
        let json = self.compiler.resolve(json).map_err(|what| (operation.to_owned(), what))?;
        let raw: RawParameter = parse(operation, json)?;
        let schema = self.compile(&format!("{operation} {}", raw.name), &raw.schema)?;
        let (place, explode) = match raw.place {
            RawPlace::Path => (Place::Path, false),
            RawPlace::Query => (Place::Query, true),
            RawPlace::Header => (Place::Header, false),
        };
        let explode = raw.explode.unwrap_or(explode);
        Ok(Parameter { name: raw.name, place, required: raw.required, explode, schema })
    }

    fn credentials(&self, at: &str, requirement: &Requirement) -> Result<Vec<Credential>, Finding> {
        let credentials = requirement.keys().map(|name| {
            let scheme = self.head.components.security_schemes.get(name);
            match scheme.ok_or_else(|| (at.to_owned(), format!("there is no security scheme `{name}`")))? {
                SecurityScheme::Http { scheme } => Ok(Credential::Authorization(scheme.clone())),
                SecurityScheme::Oauth2 {} => Ok(Credential::Authorization("Bearer".to_owned())),
                SecurityScheme::ApiKey { name } => Ok(Credential::Header(name.to_ascii_lowercase())),
            }
        });
        credentials.collect()
    }

    fn answer(&mut self, at: &str, raw: &RawResponse) -> Result<Answer, Finding> {
        let body = self.bodies(at, true, &raw.content)?;
        let body = Bodies { required: !raw.content.is_empty(), ..body };
        let headers = raw.headers.iter().map(|(name, header)| {
            let schema = self.compile(&format!("{at} {name}"), &header.schema)?;
            Ok(AnswerHeader { name: name.to_ascii_lowercase(), required: header.required, schema })
        });
        Ok(Answer { body, headers: headers.collect::<Result<_, Finding>>()? })
    }

    fn bodies(&mut self, at: &str, required: bool, content: &BTreeMap<String, RawMedia>) -> Result<Bodies, Finding> {
        let media = content.iter().map(|(name, raw)| {
            let schema = raw.schema.as_ref().map(|schema| self.compile(&format!("{at} {name}"), schema)).transpose()?;
            let joined = raw.encoding.iter().filter(|(_, how)| !how.explode).map(|(member, _)| member.clone());
            Ok((name.clone(), Media { schema, joined: joined.collect() }))
        });
        Ok(Bodies { required, media: media.collect::<Result<_, Finding>>()? })
    }

    fn compile(&mut self, at: &str, schema: &Json) -> Result<Schema, Finding> {
        self.compiler.compile(schema).map_err(|what| (at.to_owned(), what))
    }
}

/// The path of a server's address, whose host may be a variable: `https://{host}/api` gives `/api`.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| rest[at..].trim_end_matches('/'))
}
