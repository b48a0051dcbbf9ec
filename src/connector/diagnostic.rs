//! What is wrong with a definition: a code, the file, line and column, a caret and the way out.

use miette::{LabeledSpan, MietteDiagnostic, NamedSource, Report, Severity};

use crate::expression::CompileError;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The connector would do or say something wrong, or nothing at all.
    Error,
    /// Untidy, or likely a mistake.
    Warning,
}

/// One mistake in a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionError {
    pub level: Level,
    /// A stable code, such as `C001`.
    pub code: String,
    pub message: String,
    /// The way out, where one is known.
    pub hint: Option<String>,
    pub file: String,
    /// Counted from 1; 0 where no place is known.
    pub line: usize,
    pub column: usize,
    source: String,
    /// Byte offset and length of what the caret points at.
    span: (usize, usize),
}

impl DefinitionError {
    /// With the line of the source and a caret below the place, as the command line shows it.
    pub fn render(&self) -> String {
        let label = LabeledSpan::at(self.span.0..self.span.0 + self.span.1, "here");
        let severity = match self.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
        };
        let mut diagnostic =
            MietteDiagnostic::new(&self.message).with_code(&self.code).with_severity(severity).with_label(label);
        if let Some(hint) = &self.hint {
            diagnostic = diagnostic.with_help(hint);
        }
        let report = Report::new(diagnostic).with_source_code(NamedSource::new(&self.file, self.source.clone()));
        let mut out = String::new();
        let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
        match handler.render_report(&mut out, report.as_ref()) {
            Ok(()) => out,
            Err(_) => self.to_string(),
        }
    }
}

impl std::fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, message, file, line, column, .. } = self;
        write!(f, "{file}:{line}:{column}: {message} [{code}]")?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl std::error::Error for DefinitionError {}

/// The text of a definition, in which the places of mistakes are found.
pub(super) struct Source<'s> {
    pub(super) file: &'s str,
    pub(super) text: &'s str,
}

impl Source<'_> {
    /// A mistake in the first place where `needle` stands in the text, not as the end of a longer word if there is another.
    pub(super) fn error_at(&self, code: &str, needle: &str, message: impl Into<String>) -> DefinitionError {
        // A block scalar loses its indentation when it is read, so only its first line is sure to be found.
        let first_line = needle.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let starts_word = |at: &usize| !self.text[..*at].ends_with(|c: char| c.is_alphanumeric() || "_-".contains(c));
        let places = || self.text.match_indices(first_line).map(|(at, _)| at);
        let offset = places().find(starts_word).or_else(|| places().next()).unwrap_or_default();
        self.error_at_offset(code, offset, first_line.len().max(1), message.into())
    }

    /// A mistake inside an expression or template that stands in the text.
    pub(super) fn error_in(&self, text: &str, error: &CompileError) -> DefinitionError {
        let start = match self.text.find(text) {
            Some(offset) => offset + error.start,
            None => self.in_block(text, error.start).unwrap_or_default(),
        };
        self.error_at_offset(&error.code, start, error.end.saturating_sub(error.start).max(1), error.message.clone())
    }

    /// Where an offset of a block scalar's text is in the file, which has it indented.
    fn in_block(&self, text: &str, offset: usize) -> Option<usize> {
        let block: Vec<&str> = text.trim_end().lines().collect();
        let lines: Vec<&str> = self.text.split_inclusive('\n').collect();
        let holds = |window: &[&str]| window.iter().zip(&block).all(|(line, text)| line.trim() == text.trim());
        let first = lines.windows(block.len().max(1)).position(holds)?;
        let before = &text[..offset.min(text.len())];
        let (row, column) = (before.matches('\n').count(), before.len() - before.rfind('\n').map_or(0, |at| at + 1));
        let line = lines.get(first + row)?;
        let own_indent = |text: &str| text.len() - text.trim_start().len();
        let indent = own_indent(line).saturating_sub(own_indent(block.get(row)?));
        Some(lines[..first + row].iter().map(|line| line.len()).sum::<usize>() + indent + column)
    }

    /// A mistake the YAML reader found.
    pub(super) fn error_of_yaml(&self, error: &serde_saphyr::Error) -> DefinitionError {
        let offset = error.location().map_or(0, |location| {
            let (line, column) = (location.line() as usize, location.column() as usize);
            let before: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
            let rest = &self.text[before.min(self.text.len())..];
            let inside: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
            before + inside
        });
        let whole = error.to_string();
        let message = whole.lines().next().unwrap_or("is not a connector definition").to_owned();
        self.error_at_offset("C001", offset, 1, message)
    }

    /// Whether a comment on the finding's line, or above it, allows it and says why: `# allow L023: …`.
    pub(super) fn allows(&self, finding: &DefinitionError) -> bool {
        let allows = |line: &str| {
            let allowed = line.split_once("# allow ").and_then(|(_, rest)| rest.split_once(':'));
            allowed.is_some_and(|(code, reason)| code.trim() == finding.code && !reason.trim().is_empty())
        };
        let lines: Vec<&str> = self.text.lines().take(finding.line).collect();
        let Some((own, above)) = lines.split_last() else { return false };
        let comments = above.iter().rev().take_while(|line| line.trim_start().starts_with('#'));
        std::iter::once(own).chain(comments).any(|line| allows(line))
    }

    pub(super) fn error_at_offset(&self, code: &str, offset: usize, length: usize, message: String) -> DefinitionError {
        let offset = offset.min(self.text.len());
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[offset..].find('\n').map_or(self.text.len(), |at| offset + at);
        DefinitionError {
            level: Level::Error,
            code: code.to_owned(),
            message,
            hint: None,
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            source: self.text.to_owned(),
            span: (offset, length.min(line_end.saturating_sub(offset).max(1))),
        }
    }
}

impl DefinitionError {
    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
