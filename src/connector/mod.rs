//! Connector definitions: the format, its loader with exact diagnostics, and the compiled form the engine runs.
//! Knows nothing of credentials or of transport.

mod capabilities;
mod compile;
mod compiled;
mod definition;
mod diagnostic;
mod load;

pub use capabilities::Capabilities;
pub use compile::compile;
pub use compiled::{
    Auth, AuthScheme, Call, Check, Connector, Element, ErrorRule, FieldSource, Holds, Input, Lookup, LookupPlace,
    MappedField, NamedValue, Operation, Otherwise, Paginate, Proof, ReadStep, Registry, Spread, Step, Stop, TokenBody,
    TokenCall, TokenError, TokenScheme, UserMapping, WriteStep,
};
pub use definition::{AccountKey, InputPlace, PageBy, RateLimitSource, RoleField, TimeHeader, TimeUnit};
pub use diagnostic::DefinitionError;
pub use load::{LoadError, embedded, embedded_file, from_directory};
