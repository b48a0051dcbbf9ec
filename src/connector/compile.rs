//! From a definition's text to a [`Connector`]: every expression compiled, every name that is read shown to be fed.

use std::collections::{BTreeSet, HashMap};

use http::{HeaderName, Method};
use indexmap::IndexMap;
use regex::Regex;
use vrl::value::KeyString;

use super::compiled::*;
use super::definition::*;
use super::diagnostic::{DefinitionError, Source};
use crate::expression::{
    AnswerMatcher, Expression, MatcherSource, Projection, TextTemplate, TreeTemplate, ValuePath, from_json,
};
use crate::model::{Outcome, USER_FIELDS};

type Result<T> = std::result::Result<T, DefinitionError>;

const SCHEMA: u32 = 1;
const OPERATION: &str = "users.unassign-role";
const SCOPES: &[&str] = &["group", "organization", "workspace"];

/// Compiles the text of a `connector.yaml`.
///
/// # Errors
/// With the first mistake, its place and the way out.
pub fn compile(file: &str, text: &str) -> Result<Connector> {
    let source = Source { file, text };
    let definition: Definition = serde_saphyr::from_str(text).map_err(|error| source.error_of_yaml(&error))?;
    if definition.schema != SCHEMA {
        let message = format!("schema {} is not understood; this version reads schema {SCHEMA}", definition.schema);
        return Err(source.error_at("C002", "schema:", message));
    }
    let Some(operation) = definition.operations.get(OPERATION) else {
        return Err(source.error_at("C003", "operations:", format!("no operation {OPERATION}")));
    };
    Compiler::new(&source, &definition, operation).connector()
}

struct Compiler<'d> {
    source: &'d Source<'d>,
    definition: &'d Definition,
    operation: &'d OperationSource,
    /// What is read of each step's answer.
    wanted: HashMap<String, Projection>,
    /// Names of `let`.
    lets: BTreeSet<&'d str>,
    /// Whether the account's secrets may be read.
    in_auth: bool,
}

impl<'d> Compiler<'d> {
    fn new(source: &'d Source<'d>, definition: &'d Definition, operation: &'d OperationSource) -> Self {
        let reads = definition.reads.keys().map(String::as_str);
        let mut steps: Vec<&str> = reads.collect();
        let mut lets = BTreeSet::new();
        for step in &operation.steps {
            match step {
                StepSource::Write(write) => steps.push(&write.name),
                StepSource::Let(values) => lets.extend(values.keys().map(String::as_str)),
                StepSource::Read(_) | StepSource::Stop(_) | StepSource::Lock(_) => {}
            }
        }
        let wanted = steps.into_iter().map(|step| (step.to_owned(), Projection::default())).collect();
        Self { source, definition, operation, wanted, lets, in_auth: false }
    }

    fn connector(mut self) -> Result<Connector> {
        let definition = self.definition;
        let auth = definition.auth.iter().map(|auth| self.auth(auth)).collect::<Result<Vec<_>>>()?;
        if auth.is_empty() {
            return Err(self.error("C004", "auth:", "no way to authenticate"));
        }
        let base_url = self.text(&definition.base_url)?;
        let headers = self.header_templates(&definition.headers)?;
        let errors = self.error_rules(&definition.errors)?;
        let error_message = definition.error_message.iter().map(|path| self.path(path)).collect::<Result<_>>()?;
        let mut reads = Vec::new();
        for (name, call) in &definition.reads {
            reads.push(self.call(name, call, None)?);
        }
        let check = self.read_index(&definition.check)?;
        for (name, key) in &definition.account {
            self.regex(key.pattern.as_deref())
                .map_err(|error| error.with_hint(format!("the pattern of account.{name}")))?;
        }
        let mut unassign = self.operation()?;
        for call in &mut reads {
            self.finish(call, &errors);
        }
        for step in &mut unassign.steps {
            if let Step::Write(write) = step {
                self.finish(&mut write.call, &errors);
            }
        }
        Ok(Connector {
            slug: definition.slug.clone(),
            aliases: definition.aliases.clone(),
            label: definition.label.clone(),
            docs: definition.docs.clone(),
            base_url,
            account: definition.account.clone(),
            auth,
            headers,
            check,
            rate_limit: definition.rate_limit.clone(),
            error_message,
            errors,
            secret_fields: definition.secret_fields.clone(),
            reads,
            unassign,
        })
    }

    fn error(&self, code: &str, needle: &str, message: impl Into<String>) -> DefinitionError {
        self.source.error_at(code, needle, message)
    }

    // ---- authentication ----

    fn auth(&mut self, auth: &AuthSource) -> Result<Auth> {
        self.in_auth = true;
        let scheme = match auth {
            AuthSource::Headers { headers } => AuthScheme::Headers(self.header_templates(headers)?),
            AuthSource::Oauth2ClientCredentials { token_url, client, client_id, client_secret, form, rejected } => {
                AuthScheme::Oauth2ClientCredentials(ClientCredentials {
                    token_url: self.text(token_url)?,
                    in_header: ClientCredentials::in_header(*client),
                    client_id: self.text(client_id)?,
                    client_secret: self.text(client_secret)?,
                    form: self.texts(form)?,
                    rejected: rejected.iter().map(|matcher| self.matcher(matcher)).collect::<Result<_>>()?,
                })
            }
        };
        self.in_auth = false;
        let templates: Vec<&TextTemplate> = match &scheme {
            AuthScheme::Headers(headers) => headers.iter().map(|(_, template)| template).collect(),
            AuthScheme::Oauth2ClientCredentials(client) => vec![&client.client_id, &client.client_secret],
        };
        let reads = templates.iter().flat_map(|template| template.expressions()).flat_map(Expression::reads);
        let needs = reads.filter_map(|path| match path.as_slice() {
            [root, key, ..] if root == "account" => Some(key.clone()),
            _ => None,
        });
        Ok(Auth { needs: needs.collect(), scheme })
    }

    // ---- expressions and templates ----

    fn expression(&mut self, text: &str) -> Result<Expression> {
        let expression = self.compile_only(text)?;
        for path in expression.reads() {
            self.want(text, &path)?;
        }
        Ok(expression)
    }

    fn optional(&mut self, text: Option<&String>) -> Result<Option<Expression>> {
        text.map(|text| self.expression(text)).transpose()
    }

    fn compile_only(&self, text: &str) -> Result<Expression> {
        Expression::compile(text).map_err(|error| self.source.error_in(text, &error))
    }

    fn text(&mut self, text: &str) -> Result<TextTemplate> {
        let template = TextTemplate::compile(text).map_err(|error| self.source.error_in(text, &error))?;
        self.check_all(text, template.expressions())?;
        Ok(template)
    }

    fn texts(&mut self, sources: &IndexMap<String, String>) -> Result<Vec<(String, TextTemplate)>> {
        sources.iter().map(|(name, text)| Ok((name.clone(), self.text(text)?))).collect()
    }

    fn header_templates(&mut self, sources: &IndexMap<String, String>) -> Result<Vec<(HeaderName, TextTemplate)>> {
        let named = |(name, text): (&String, &String)| {
            let header = HeaderName::from_bytes(name.as_bytes());
            let header = header.map_err(|_| self.error("C005", name, "is not a header's name"))?;
            Ok((header, self.text(text)?))
        };
        sources.iter().map(named).collect()
    }

    fn tree(&mut self, source: &serde_json::Value) -> Result<TreeTemplate> {
        let tree = TreeTemplate::compile(source).map_err(|(text, error)| self.source.error_in(&text, &error))?;
        let mut expressions = Vec::new();
        tree.visit(&mut |expression| expressions.push(expression));
        self.check_all("", expressions.into_iter())?;
        Ok(tree)
    }

    fn check_all<'e>(&mut self, text: &str, expressions: impl Iterator<Item = &'e Expression>) -> Result<()> {
        for expression in expressions {
            let place = if text.is_empty() { expression.source() } else { text };
            for path in expression.reads() {
                self.want(place, &path)?;
            }
        }
        Ok(())
    }

    /// Notes that `path` is read, and refuses one that nothing feeds.
    fn want(&mut self, text: &str, path: &[String]) -> Result<()> {
        let place = text.trim().trim_start_matches('.');
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        match names.as_slice() {
            [] => Err(self.error("C010", place, "an expression must name what it reads; `.` alone is not allowed")),
            ["each" | "answer" | "items", ..] | ["input", "id", ..] | ["account", "base_url"] => Ok(()),
            ["item", "role", ..] => Ok(()),
            ["item", name, ..] if SCOPES.contains(name) || self.operation.inputs.contains_key(*name) => Ok(()),
            ["let", name, ..] if self.lets.contains(name) => Ok(()),
            ["account", key, ..] => match self.definition.account.get(*key) {
                Some(key) if key.secret && !self.in_auth => Err(self
                    .error("C011", place, "a secret of the account may stand only in `auth`")
                    .with_hint("a secret in a path, query or body ends up in logs")),
                Some(_) => Ok(()),
                None => Err(self.error("C010", place, format!("`account` declares no key `{key}`"))),
            },
            ["before", step, rest @ ..] | [step, rest @ ..] => match (self.wanted.get_mut(*step), rest) {
                (Some(_), ["status", ..]) => Ok(()),
                (Some(wanted), ["body", inner @ ..]) => {
                    wanted.want(inner);
                    Ok(())
                }
                (Some(_), _) => Err(self.error("C010", place, format!("`.{step}` has `status` and `body` only"))),
                (None, _) => Err(self
                    .error("C010", place, format!("nothing feeds `.{}`", path.join(".")))
                    .with_hint("it is no input, account key, `let` or step of this definition")),
            },
        }
    }

    /// An expression that gives a list, of whose elements only these paths are read.
    fn list(&mut self, text: &str, inner: &[Vec<String>]) -> Result<Expression> {
        let expression = self.compile_only(text)?;
        let reads = expression.reads();
        let only_path = expression.as_path().is_some().then(|| reads.first()).flatten();
        if let Some([step, body, path @ ..]) = only_path.map(Vec::as_slice)
            && body == "body"
            && let Some(wanted) = self.wanted.get_mut(step)
        {
            if inner.is_empty() {
                wanted.want(path);
            }
            inner.iter().for_each(|inner| wanted.want_each(path, inner));
            return Ok(expression);
        }
        for path in &reads {
            self.want(text, path)?;
        }
        Ok(expression)
    }

    fn path(&self, text: &str) -> Result<ValuePath> {
        ValuePath::parse(text).ok_or_else(|| self.error("C006", text, "is not a path such as `error.message`"))
    }

    fn matcher(&self, source: &MatcherSource) -> Result<AnswerMatcher> {
        AnswerMatcher::compile(source).map_err(|(text, error)| self.source.error_in(&text, &error))
    }

    fn regex(&self, pattern: Option<&str>) -> Result<Option<Regex>> {
        let whole = pattern.map(|pattern| {
            Regex::new(&format!("^(?:{pattern})$"))
                .map_err(|error| self.error("C007", pattern, format!("is not a regular expression: {error}")))
        });
        whole.transpose()
    }

    fn read_index(&self, name: &str) -> Result<usize> {
        let index = self.definition.reads.get_index_of(name);
        index.ok_or_else(|| self.error("C008", name, format!("`reads` has no `{name}`")))
    }

    // ---- calls ----

    fn error_rules(&self, rules: &[ErrorRuleSource]) -> Result<Vec<ErrorRule>> {
        let compile = |rule: &ErrorRuleSource| {
            let outcome = rule.outcome.unwrap_or(Outcome::Failed);
            Ok(ErrorRule { when: self.matcher(&rule.when)?, kind: rule.kind, outcome })
        };
        rules.iter().map(compile).collect()
    }

    fn call(&mut self, name: &str, call: &CallSource, why: Option<&str>) -> Result<Call> {
        let method = Method::from_bytes(call.method.as_bytes());
        let method = method.map_err(|_| self.error("C009", &call.method, "is not an HTTP method"))?;
        let success = self.matcher(&call.success)?;
        if !success.names_status() {
            return Err(self
                .error("C012", &format!("{name}:"), "`success` names no status")
                .with_hint("say which answer proves that the call was accepted, such as `{ status: 204 }`"));
        }
        let path = self.text(&call.path)?;
        let query = self.texts(&call.query)?;
        let headers = self.header_templates(&call.headers)?;
        let body = call.body.as_ref().map(|body| self.tree(body)).transpose()?;
        let paginate = call.paginate.as_ref().map(|paginate| self.paginate(name, paginate)).transpose()?;
        let mut expressions: Vec<&Expression> = path.expressions().collect();
        expressions.extend(query.iter().flat_map(|(_, template)| template.expressions()));
        if let Some(body) = &body {
            body.visit(&mut |expression| expressions.push(expression));
        }
        let per_item = expressions
            .iter()
            .flat_map(|expression| expression.reads())
            .any(|path| path.first().is_some_and(|root| root == "item"));
        Ok(Call {
            name: name.to_owned(),
            writes: why.is_some(),
            why: why.unwrap_or_default().to_owned(),
            method,
            path,
            query,
            headers,
            body,
            success,
            errors: self.error_rules(&call.errors)?,
            paginate,
            per_item,
            projection: Projection::default(),
        })
    }

    fn paginate(&mut self, name: &str, paginate: &PaginateSource) -> Result<Paginate> {
        let next = self.compile_only(&paginate.next)?;
        let list: Vec<String> = self.path(&paginate.list)?.fields().map(str::to_owned).collect();
        if let Some(wanted) = self.wanted.get_mut(name) {
            for path in next.reads() {
                if let [root, part, rest @ ..] = path.as_slice()
                    && root == "answer"
                    && part == "body"
                {
                    wanted.want(rest);
                }
            }
        }
        Ok(Paginate { list, next, param: paginate.param.clone(), max_pages: paginate.max_pages })
    }

    /// Gives a call what anybody reads of its answer: expressions, its matchers and the error rules.
    fn finish(&self, call: &mut Call, common: &[ErrorRule]) {
        let mut projection = self.wanted.get(&call.name).cloned().unwrap_or_default();
        let matchers = call.errors.iter().chain(common).map(|rule| &rule.when).chain([&call.success]);
        for path in matchers.flat_map(AnswerMatcher::body_paths) {
            projection.want(&path);
        }
        call.projection = projection;
    }

    // ---- the operation ----

    fn operation(&mut self) -> Result<Operation> {
        let operation = self.operation;
        let inputs = operation.inputs.iter().map(|(name, input)| self.input(name, input)).collect::<Result<_>>()?;
        let lookups = &operation.lookups;
        let user_lookup = lookups.user.as_ref().map(|lookup| self.lookup(lookup)).transpose()?;
        let role_lookups = lookups.role.iter().map(|lookup| self.lookup(lookup)).collect::<Result<_>>()?;
        let mut checks = Vec::new();
        for check in &operation.checks {
            checks
                .push(Check { refuse_when: self.expression(&check.refuse_when)?, message: self.text(&check.message)? });
        }
        let steps = operation.steps.iter().map(|step| self.step(step)).collect::<Result<Vec<_>>>()?;
        let writes: Vec<&Call> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Write(write) => Some(&write.call),
                _ => None,
            })
            .collect();
        if writes.is_empty() {
            return Err(self.error("C013", "steps:", "no step writes: nothing would be taken away"));
        }
        let protected = protected_names(&operation.targets.names, &writes);
        let proof = Proof {
            reads: self.read_steps(&operation.proof.reads)?,
            holds: self.holds(&operation.proof.holds)?,
            read_lag_s: operation.proof.read_lag_s,
            accepted_shows_role: operation.proof.accepted_shows_role,
        };
        let user_reads = self.read_steps(&operation.user.reads)?;
        let user = operation.user.from.iter().map(|from| self.user(from)).collect::<Result<_>>()?;
        Ok(Operation { inputs, protected, user_lookup, role_lookups, checks, steps, proof, user, user_reads })
    }

    fn input(&self, name: &str, input: &InputSource) -> Result<Input> {
        let known = matches!(name, "id" | "role" | "role.id" | "role.name") || SCOPES.contains(&name);
        if !known && input.from.is_empty() {
            return Err(self
                .error("C014", &format!("{name}:"), format!("`{name}` is no input of the contract"))
                .with_hint(
                    "a scope of another name says with `from` which of group, organization and workspace it is",
                ));
        }
        if let Some(wrong) = input.from.iter().find(|from| !SCOPES.contains(&from.as_str())) {
            return Err(self.error("C014", wrong, format!("`{wrong}` is none of group, organization and workspace")));
        }
        Ok(Input {
            name: name.to_owned(),
            required: input.required,
            target: input.target,
            from: input.from.clone(),
            at: input.at,
            pattern: self.regex(input.pattern.as_deref())?,
            min: input.min,
            max: input.max,
            help: input.help.clone(),
        })
    }

    fn lookup(&mut self, lookup: &LookupSource) -> Result<Lookup> {
        let take: Vec<(KeyString, ValuePath)> = lookup
            .take
            .iter()
            .map(|(field, path)| Ok((KeyString::from(field.as_str()), self.path(path)?)))
            .collect::<Result<_>>()?;
        let matches = lookup.matches.as_ref().map(|path| self.path(path)).transpose()?;
        let inner: Vec<Vec<String>> = take
            .iter()
            .map(|(_, path)| path)
            .chain(&matches)
            .map(|path| path.fields().map(str::to_owned).collect())
            .collect();
        let place = match (&lookup.table, &lookup.read) {
            (Some(table), None) => {
                let rows = self.definition.tables.get(table);
                let rows = rows.ok_or_else(|| self.error("C015", table, format!("`tables` has no `{table}`")))?;
                LookupPlace::Table(rows.iter().map(|row| from_json(&serde_json::Value::Object(row.clone()))).collect())
            }
            (None, Some(read)) => {
                let index = self.read_index(read)?;
                let list = match &lookup.list {
                    Some(list) => Some(self.list(list, &inner)?),
                    None => {
                        if let Some(wanted) = self.wanted.get_mut(read) {
                            inner.iter().for_each(|path| wanted.want(path));
                        }
                        None
                    }
                };
                LookupPlace::Read(index, list)
            }
            _ => return Err(self.error("C015", "lookups:", "a look-up names either a `table` or a `read`")),
        };
        Ok(Lookup { given: lookup.given, place, matches, ignore_case: lookup.ignore_case, take })
    }

    fn read_steps(&mut self, reads: &[ReadRef]) -> Result<Vec<ReadStep>> {
        let compile = |read: &ReadRef| {
            Ok(ReadStep { read: self.read_index(&read.name)?, when: self.optional(read.when.as_ref())? })
        };
        reads.iter().map(compile).collect()
    }

    fn step(&mut self, step: &StepSource) -> Result<Step> {
        Ok(match step {
            StepSource::Read(read) => {
                Step::Read(ReadStep { read: self.read_index(&read.name)?, when: self.optional(read.when.as_ref())? })
            }
            StepSource::Let(values) => Step::Let(
                values
                    .iter()
                    .map(|(name, text)| Ok((KeyString::from(name.as_str()), self.expression(text)?)))
                    .collect::<Result<_>>()?,
            ),
            StepSource::Stop(stop) => Step::Stop(Stop {
                when: self.expression(&stop.when)?,
                outcome: stop.outcome,
                kind: stop.kind,
                message: self.text(&stop.message)?,
            }),
            StepSource::Lock(key) => Step::Lock(self.text(key)?),
            StepSource::Write(write) => Step::Write(WriteStep {
                when: self.optional(write.when.as_ref())?,
                call: self.call(&write.name, &write.call, Some(&write.why))?,
                repeatable: write.repeatable,
            }),
        })
    }

    fn holds(&mut self, holds: &HoldsSource) -> Result<Holds> {
        if holds.fields.is_empty() == holds.is.is_none() {
            return Err(self.error("C016", "holds:", "say with either `where` or `is` which element is the role"));
        }
        let mut fields = Vec::new();
        for (path, template) in &holds.fields {
            fields.push((self.path(path)?, self.tree(&serde_json::Value::String(template.clone()))?));
        }
        let inner: Vec<Vec<String>> =
            fields.iter().map(|(path, _)| path.fields().map(str::to_owned).collect()).collect();
        let is = holds.is.as_ref().map(|text| self.tree(&serde_json::Value::String(text.clone()))).transpose()?;
        let list = self.list(&holds.list, &inner)?;
        let steps = list.reads().into_iter().filter_map(|path| path.into_iter().next());
        Ok(Holds {
            steps: steps.collect(),
            list,
            fields,
            is,
            ignore_case: holds.ignore_case,
            none_when: self.optional(holds.none_when.as_ref())?,
        })
    }

    fn user(&mut self, from: &UserFrom) -> Result<UserMapping> {
        if !self.wanted.contains_key(&from.step) {
            return Err(self.error("C008", &from.step, format!("there is no step `{}`", from.step)));
        }
        let at =
            if from.at.is_empty() { Vec::new() } else { self.path(&from.at)?.fields().map(str::to_owned).collect() };
        let mut fields = Vec::new();
        // In the schema's order, whatever the definition's: the answer is written without sorting.
        for (name, holds) in USER_FIELDS {
            if let Some(source) = from.fields.get(*name) {
                fields.push(MappedField { name, holds: *holds, source: self.field(source)? });
            }
        }
        if let Some(unknown) = from.fields.keys().find(|name| !USER_FIELDS.iter().any(|(known, _)| known == name)) {
            return Err(self.error(
                "C017",
                &format!("{unknown}:"),
                format!("the unified user has no field `{unknown}`"),
            ));
        }
        Ok(UserMapping { step: from.step.clone(), at, fields })
    }

    fn field(&mut self, source: &serde_json::Value) -> Result<FieldSource> {
        if let Some(text) = source.as_str() {
            return Ok(FieldSource::Expression(self.expression(text)?));
        }
        let each = source.as_object().filter(|map| map.len() == 2);
        let each = each.and_then(|map| Some((map.get("each")?.as_str()?, map.get("as")?)));
        let Some((list, element)) = each else {
            return Ok(FieldSource::Tree(self.tree(source)?));
        };
        let element = self.tree(element)?;
        let mut inner = Vec::new();
        element.visit(&mut |expression| {
            let reads = expression.reads().into_iter().filter(|path| path.first().is_some_and(|root| root == "each"));
            inner.extend(reads.map(|path| path[1..].to_vec()));
        });
        Ok(FieldSource::Each { list: self.list(list, &inner)?, element })
    }
}

/// Top-level names of a write's body and query that the request's own inputs feed, and those the definition adds.
fn protected_names(declared: &[String], writes: &[&Call]) -> Vec<String> {
    let mut names: BTreeSet<String> = declared.iter().map(|name| plain_name(name)).collect();
    for call in writes {
        let members = call.body.iter().flat_map(TreeTemplate::members);
        names.extend(members.filter(|(_, member)| member.is_fed()).map(|(name, _)| plain_name(name)));
        let query = call.query.iter().filter(|(_, template)| template.expressions().next().is_some());
        names.extend(query.map(|(name, _)| plain_name(name)));
    }
    names.into_iter().collect()
}
