//! Connector definitions: the format, its loader with exact diagnostics, and the compiled form the engine runs.
//! Knows nothing of credentials or of transport.

mod compile;
mod compiled;
mod definition;
mod diagnostic;
mod load;

pub use compile::compile;
pub use compiled::{
    Auth, AuthScheme, Call, Check, ClientCredentials, Connector, Element, ErrorRule, FieldSource, Holds, Input, List,
    Lookup, LookupPlace, MappedField, Members, NamedValue, Operation, Otherwise, Paginate, Proof, ReadStep, Registry,
    Spread, Step, Stop, UserMapping, WriteStep,
};
pub use definition::{AccountKey, InputPlace, PageBy, RateLimitSource, RoleField, TimeHeader, TimeUnit};
pub use diagnostic::DefinitionError;
pub use load::{LoadError, embedded, from_directory};
