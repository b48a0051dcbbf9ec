//! Connector definitions: the format, its loader with exact diagnostics, and the compiled form the engine runs.
//! Knows nothing of credentials or of transport.

mod capabilities;
mod compile;
mod compiled;
mod definition;
mod diagnostic;
mod lint;
mod load;
mod registry;
mod schema;

pub use capabilities::Capabilities;
pub use compile::compile;
pub use compiled::{
    Auth, AuthScheme, Call, Check, Connector, Element, ErrorRule, FieldSource, Holds, Input, List, Lookup, LookupPlace,
    MappedField, Members, Messages, NamedValue, Operation, Otherwise, Paginate, Proof, ReadStep, SessionMessage,
    SessionScheme, Spread, Step, Stop, TokenBody, TokenCall, TokenError, TokenScheme, UserMapping, Way, WayTaken,
    WriteStep,
};
pub use definition::{AccountKey, InputPlace, PageBy, RateLimitSource, RoleField, TimeHeader, TimeUnit};
pub use diagnostic::{DefinitionError, Level};
pub use lint::{Document, check};
pub use load::{LoadError, documents, embedded, embedded_file, from_directory};
pub use registry::Registry;
pub use schema::schema;
