//! Expressions and templates of connector definitions: compiled once when a definition is loaded, then evaluated
//! against a request and the provider's answers. Knows nothing of connectors.

mod captured;
mod first_where;
mod functions;
mod matcher;
mod program;
mod projection;
mod reader;
mod scan;
mod scope;
mod template;
mod value;

pub use captured::{Captured, Cell, Reading};
pub use matcher::{AnswerMatcher, MatcherSource};
pub use program::{CompileError, Expression, Place};
pub use projection::Projection;
pub use scan::NotJson;
pub use scope::{Answers, Scope};
pub use template::{FillError, TextTemplate, TreeTemplate, encode_segment};
pub use value::{Value, ValuePath, from_json, id_text, object, same_id, to_json};
