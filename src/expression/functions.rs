//! The VRL functions a definition may call: pure ones only, by an allow-list, so that rendering a step twice gives
//! the same call and a definition can reach neither the clock nor the machine.

use std::sync::LazyLock;

use vrl::compiler::Function;

use super::first_where::FirstWhere;

const PURE: &[&str] = &[
    "abs",
    "append",
    "array",
    "bool",
    "ceil",
    "chunks",
    "compact",
    "contains",
    "contains_all",
    "decode_base64",
    "downcase",
    "encode_base64",
    "encode_json",
    "ends_with",
    "exists",
    "filter",
    "find",
    "flatten",
    "float",
    "floor",
    "for_each",
    "format_int",
    "format_timestamp",
    "from_entries",
    "from_unix_timestamp",
    "includes",
    "int",
    "is_array",
    "is_boolean",
    "is_empty",
    "is_float",
    "is_integer",
    "is_null",
    "is_nullish",
    "is_object",
    "is_string",
    "join",
    "keys",
    "length",
    "map_keys",
    "map_values",
    "match",
    "match_any",
    "merge",
    "mod",
    "object",
    "object_from_array",
    "parse_float",
    "parse_int",
    "parse_json",
    "parse_regex",
    "parse_timestamp",
    "push",
    "replace",
    "round",
    "slice",
    "split",
    "starts_with",
    "string",
    "strip_whitespace",
    "strlen",
    "to_bool",
    "to_entries",
    "to_float",
    "to_int",
    "to_string",
    "to_unix_timestamp",
    "truncate",
    "unique",
    "upcase",
    "values",
    "zip",
];

static ALLOWED: LazyLock<Vec<Box<dyn Function>>> = LazyLock::new(|| {
    let standard = vrl::stdlib::all().into_iter().filter(|function| PURE.contains(&function.identifier()));
    standard.chain([Box::new(FirstWhere) as Box<dyn Function>]).collect()
});

/// The allowed functions.
pub(super) fn allowed() -> &'static [Box<dyn Function>] {
    &ALLOWED
}
