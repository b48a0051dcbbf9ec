//! Connector definitions: the format, its loader with exact diagnostics, and the compiled form the engine runs.
//! Knows nothing of credentials or of transport.

mod compile;
mod compiled;
mod definition;
mod diagnostic;
mod load;

pub use compile::compile;
pub use compiled::{
    Auth, AuthScheme, Call, Check, Connector, Element, ErrorRule, FieldSource, Holds, Input, Lookup, LookupPlace,
    MappedField, Messages, NamedValue, Operation, Otherwise, Paginate, Proof, ReadStep, Registry, SessionMessage,
    SessionScheme, Spread, Step, Stop, TokenBody, TokenCall, TokenError, TokenScheme, UserMapping, Way, WayTaken,
    WriteStep,
};
pub use definition::{AccountKey, InputPlace, PageBy, RateLimitSource, RoleField, TimeHeader, TimeUnit};
pub use diagnostic::DefinitionError;
pub use load::{LoadError, embedded, from_directory};
