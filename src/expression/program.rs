//! One compiled expression: a plain path, which needs no interpreter, or a VRL program.

use std::borrow::Cow;
use std::sync::LazyLock;

use thiserror::Error;
use vrl::compiler::state::{ExternalEnv, RuntimeState};
use vrl::compiler::{CompileConfig, Context, Program, TimeZone, compile_with_external};
use vrl::path::OwnedSegment;
use vrl::value::Value;

use super::captured::Cell;
use super::functions;
use super::scope::{Root, Scope};
use super::value::ValuePath;

/// Times without a zone are read as UTC, whatever the machine's zone is.
static UTC: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::try_from("UTC".to_owned()).unwrap_or_default());

/// A compiled expression. Evaluating it is pure and cannot fail: what may fail does not compile.
#[derive(Clone, Debug)]
pub struct Expression {
    source: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Path(Root, ValuePath),
    Captured(Place, ValuePath),
    Program(Box<Program>),
}

/// Where the value of a path was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A cell of the answer that a user is mapped from.
    Cell(usize),
    /// A column of the row of the list being gone through.
    Column(usize),
}

/// Why an expression does not compile, and where in its text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct CompileError {
    /// A stable code: `E…` are the expression language's own, `X…` ours.
    pub code: String,
    pub message: String,
    /// Byte offsets into the expression's text.
    pub start: usize,
    pub end: usize,
}

impl CompileError {
    pub(super) fn new(code: &str, message: impl Into<String>, start: usize, end: usize) -> Self {
        Self { code: code.to_owned(), message: message.into(), start, end }
    }
}

impl Expression {
    /// Compiles an expression: a path such as `.get_user.body.id`, or a VRL program.
    ///
    /// # Errors
    /// If the text is no program, may fail when it runs, or is impure.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        let trimmed = source.trim();
        let whole = |code, message: &str| Err(CompileError::new(code, message, 0, source.len()));
        if let Some(path) = trimmed.strip_prefix('.').and_then(|_| ValuePath::parse(trimmed)) {
            let root = Root::of(path.split_root().0);
            return Ok(Self { source: trimmed.to_owned(), kind: Kind::Path(root, path) });
        }
        let compiled =
            compile_with_external(source, functions::allowed(), &ExternalEnv::default(), CompileConfig::default());
        let program = match compiled {
            Ok(result) => result.program,
            Err(diagnostics) => return Err(first_error(&diagnostics.errors(), source)),
        };
        let info = program.info();
        if info.fallible {
            return whole("X01", "a call with `!` may fail; handle the failure with `??`");
        }
        if info.abortable {
            return whole("X02", "`abort` is not allowed; give `null` instead");
        }
        if !info.target_assignments.is_empty() {
            return whole("X03", "an expression may only read; keep intermediate results in variables without a dot");
        }
        Ok(Self { source: trimmed.to_owned(), kind: Kind::Program(Box::new(program)) })
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The plain path this is, if it is no more than one.
    pub fn as_path(&self) -> Option<&ValuePath> {
        match &self.kind {
            Kind::Path(_, path) | Kind::Captured(_, path) => Some(path),
            Kind::Program(_) => None,
        }
    }

    /// Every path it reads, as names up to the first index.
    pub fn reads(&self) -> Vec<Vec<String>> {
        match &self.kind {
            Kind::Path(_, path) | Kind::Captured(_, path) => vec![path.fields().map(str::to_owned).collect()],
            Kind::Program(program) => {
                let queries = program.info().target_queries.iter();
                queries
                    .map(|query| {
                        let fields = query.path.segments.iter().map_while(|segment| match segment {
                            OwnedSegment::Field(name) => Some(name.to_string()),
                            OwnedSegment::Index(_) => None,
                        });
                        fields.collect()
                    })
                    .collect()
            }
        }
    }

    /// From here on the path's value is taken from where it was captured.
    pub fn capture(&mut self, place: Place) {
        if let Kind::Path(_, path) | Kind::Captured(_, path) = &self.kind {
            self.kind = Kind::Captured(place, path.clone());
        }
    }

    /// The value in this scope, captured or not.
    pub fn cell(&self, scope: &Scope<'_>) -> Cell {
        match &self.kind {
            Kind::Captured(place, _) => scope.cell(*place).clone(),
            Kind::Path(..) | Kind::Program(_) => Cell::from(self.evaluate(scope).into_owned()),
        }
    }

    /// The value in this scope; null where nothing feeds it.
    pub fn evaluate<'a>(&self, scope: &Scope<'a>) -> Cow<'a, Value> {
        match &self.kind {
            Kind::Path(root, path) => {
                let (_, rest) = path.split_root();
                scope.get(root, rest).map_or(Cow::Owned(Value::Null), Cow::Borrowed)
            }
            Kind::Captured(place, _) => match scope.cell(*place) {
                Cell::Value(value) => Cow::Borrowed(value),
                cell => Cow::Owned(scope.captured.map_or(Value::Null, |captured| cell.to_value(captured.document()))),
            },
            Kind::Program(program) => {
                let mut target = *scope;
                let mut state = RuntimeState::default();
                let result = program.resolve(&mut Context::new(&mut target, &mut state, &UTC));
                Cow::Owned(result.unwrap_or_else(|error| {
                    tracing::warn!(expression = %self.source, %error, "an expression failed; its value is taken as null");
                    Value::Null
                }))
            }
        }
    }

    /// Whether it is exactly `true`: anything else, null too, is not.
    pub fn is_true(&self, scope: &Scope<'_>) -> bool {
        matches!(*self.evaluate(scope), Value::Boolean(true))
    }
}

fn first_error(errors: &[&vrl::diagnostic::Diagnostic], source: &str) -> CompileError {
    let Some(error) = errors.first() else {
        return CompileError::new("X00", "does not compile", 0, source.len());
    };
    let label = error.labels.iter().find(|label| label.primary);
    let label = label.or(error.labels.first());
    let (start, end) = label.map_or((0, source.len()), |label| (label.span.start(), label.span.end()));
    let mut message = error.message.clone();
    if let Some(label) = label.filter(|label| !label.message.is_empty()) {
        message = format!("{message}: {}", label.message);
    }
    CompileError::new(&format!("E{:03}", error.code), message, start, end)
}
