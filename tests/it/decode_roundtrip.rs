//! Any request, written in any shape, decodes to itself; and nothing that arrives makes decoding
//! panic. The encoders live here alone.

use offramp::http::decode::{Limits, decode};
use offramp::model::{NamedRef, Options, ResponseFormat, RoleRef, UnassignRequest, VerifyMode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What a client must escape at least; brackets and braces stay.
const LEAST: &AsciiSet = &percent_encoding::CONTROLS.add(b'%').add(b'&').add(b'+').add(b'=').add(b'#');

#[derive(Clone, Copy, Debug)]
enum Shape {
    Indexed,
    /// From the last item to the first, at indices far apart.
    Sparse,
    Open,
    Json,
    JsonRepeated,
    JsonIndexed,
    Body,
    Both,
}

#[derive(Clone, Copy, Debug)]
struct Style {
    shape: Shape,
    escape_all: bool,
    plus: bool,
}

struct Encoded {
    query: String,
    body: Map<String, Value>,
    style: Style,
}

impl Encoded {
    fn text(&self, text: &str) -> String {
        let set = if self.style.escape_all { NON_ALPHANUMERIC } else { LEAST };
        let escaped = utf8_percent_encode(text, set).to_string();
        if self.style.plus { escaped.replace("%20", "+").replace(' ', "+") } else { escaped }
    }

    fn add(&mut self, name: &str, value: &str) {
        let (name, value) = (self.text(name), self.text(value));
        self.query.push_str(&format!("&{name}={value}"));
    }

    /// An array of objects, and the keys one of them may have.
    fn add_list(&mut self, name: &str, list: Value, keys: &[&str]) {
        let items = list.as_array().unwrap().clone();
        if items.is_empty() {
            return;
        }
        match self.style.shape {
            Shape::Indexed => {
                for (index, item) in items.iter().enumerate() {
                    self.add_item(&format!("{name}[{index}]"), item);
                }
            }
            Shape::Sparse => {
                for (index, item) in items.iter().enumerate().rev() {
                    self.add_item(&format!("{name}[{}]", index * 123_456_789_012 + 5), item);
                }
            }
            Shape::Open => {
                for item in &items {
                    for key in keys {
                        let value = item.get(*key).and_then(Value::as_str).unwrap_or_default();
                        self.add(&format!("{name}[][{key}]"), value);
                    }
                }
            }
            Shape::Json => self.add(name, &list.to_string()),
            Shape::JsonRepeated => items.iter().for_each(|item| self.add(name, &item.to_string())),
            Shape::JsonIndexed => {
                for (index, item) in items.iter().enumerate() {
                    self.add(&format!("{name}[{index}]"), &item.to_string());
                }
            }
            Shape::Body => {
                self.body.insert(name.to_owned(), list);
            }
            Shape::Both => {
                self.add(name, &list.to_string());
                self.body.insert(name.to_owned(), list);
            }
        }
    }

    fn add_item(&mut self, prefix: &str, item: &Value) {
        for (key, value) in item.as_object().unwrap() {
            self.add(&format!("{prefix}[{key}]"), value.as_str().unwrap());
        }
    }

    fn add_text(&mut self, name: &str, value: Option<&String>) {
        let Some(value) = value else { return };
        if !matches!(self.style.shape, Shape::Body) {
            self.add(name, value);
        }
        if matches!(self.style.shape, Shape::Body | Shape::Both) {
            self.body.insert(name.to_owned(), json!(value));
        }
    }

    fn add_options(&mut self, options: &Options) {
        let boolean = |value: bool| match (self.style.shape, value) {
            (Shape::Indexed, true) => "1",
            (Shape::Sparse, true) => "True",
            (_, true) => "true",
            (Shape::Indexed, false) => "0",
            (Shape::Sparse, false) => "False",
            (_, false) => "false",
        };
        let booleans = [
            ("truto_ignore_remote_data", boolean(options.ignore_remote_data)),
            ("dry_run", boolean(options.dry_run)),
            ("truto_skip_api_call", boolean(options.dry_run)),
            ("check_before", boolean(options.check_before)),
        ];
        for (name, value) in booleans {
            self.add(name, value);
        }
        self.add("truto_response_format", &format!("{:?}", options.format).to_lowercase());
        self.add("verify", &format!("{:?}", options.verify).to_lowercase());
        let name = "truto_exclude_fields";
        let fields = &options.exclude_fields;
        match self.style.shape {
            Shape::Indexed | Shape::Sparse => {
                for (index, field) in fields.iter().enumerate().rev() {
                    self.add(&format!("{name}[{index}]"), field);
                }
            }
            Shape::Open => fields.iter().for_each(|f| self.add(&format!("{name}[]"), f)),
            Shape::Json | Shape::JsonIndexed => self.add(name, &json!(fields).to_string()),
            Shape::JsonRepeated => fields.iter().for_each(|field| self.add(name, field)),
            Shape::Body | Shape::Both => self.add(name, &fields.join(",")),
        }
    }
}

fn encode(request: &UnassignRequest, style: Style) -> (String, String) {
    let mut encoded = Encoded { query: "integrated_account_id=acc".to_owned(), body: Map::new(), style };
    encoded.add_text("id", request.id.as_ref());
    encoded.add_text("workspace_id", request.workspace_id.as_ref());
    let keys = ["id", "name", "group", "organization", "workspace"];
    encoded.add_list("roles", json!(request.roles), &keys);
    encoded.add_list("organizations", json!(request.organizations), &keys[..2]);
    for (name, value) in &request.remote_query {
        let end = name.find('[').unwrap_or(name.len());
        encoded.add(&format!("remote_query[{}]{}", &name[..end], &name[end..]), value);
    }
    encoded.add_options(&request.options);
    if !request.remote_data.is_empty() {
        let remote_data = Value::Object(request.remote_data.clone());
        encoded.body.insert("remote_data".to_owned(), remote_data);
    }
    let body = match encoded.body.is_empty() {
        true => String::new(),
        false => serde_json::to_string_pretty(&encoded.body).unwrap(),
    };
    (encoded.query, body)
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any::<String>(),
        1 => "[0-9]{1,25}",
        1 => "[\\[\\]{}\"\\\\,%&+= ]{1,6}",
    ]
    .prop_filter("an empty text is absent", |text| !text.is_empty())
}

fn role() -> impl Strategy<Value = RoleRef> {
    (of(word()), of(word()), of(word()), of(word()), of(word()))
        .prop_map(|(id, name, group, organization, workspace)| RoleRef { id, name, group, organization, workspace })
        .prop_filter("an empty item is absent", |role| *role != RoleRef::default())
}

fn organization() -> impl Strategy<Value = NamedRef> {
    (of(word()), of(word()))
        .prop_map(|(id, name)| NamedRef { id, name })
        .prop_filter("an empty item is absent", |item| *item != NamedRef::default())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn options() -> impl Strategy<Value = Options> {
    use ResponseFormat::{Debug, Normalized, Raw, Stream, Unified};
    (
        prop::sample::select(vec![Unified, Raw, Normalized, Stream, Debug]),
        prop::sample::select(vec![VerifyMode::Once, VerifyMode::Wait, VerifyMode::None]),
        prop::collection::vec("[a-z_]{1,6}(\\.[a-z]{1,4})?", 0..4),
        any::<[bool; 3]>(),
    )
        .prop_map(|(format, verify, mut exclude_fields, [ignore_remote_data, dry_run, check_before])| {
            exclude_fields.retain(|name| name != "null");
            Options { format, ignore_remote_data, exclude_fields, dry_run, verify, check_before }
        })
}

prop_compose! {
    fn request()(
        id in of(word()),
        roles in prop::collection::vec(role(), 0..5),
        organizations in prop::collection::vec(organization(), 0..3),
        workspace_id in of(word()),
        remote_data in prop::collection::vec((any::<String>(), value()), 0..4),
        remote_query in prop::collection::vec(("[^\\[\\]]{1,8}(\\[[^\\[\\]]{0,4}\\]){0,3}", any::<String>()), 0..4),
        options in options(),
    ) -> UnassignRequest {
        UnassignRequest {
            id,
            roles,
            organizations,
            workspace_id,
            remote_data: remote_data.into_iter().collect(),
            remote_query,
            options,
        }
    }
}

fn style() -> impl Strategy<Value = Style> {
    use Shape::{Body, Both, Indexed, Json, JsonIndexed, JsonRepeated, Open, Sparse};
    let shapes = vec![Indexed, Sparse, Open, Json, JsonRepeated, JsonIndexed, Body, Both];
    (prop::sample::select(shapes), any::<bool>(), any::<bool>()).prop_map(|(shape, escape_all, plus)| Style {
        shape,
        escape_all,
        plus,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_request_in_any_shape_decodes_to_itself(request in request(), style in style()) {
        let (query, body) = encode(&request, style);
        match decode(&query, body.as_bytes(), &Limits::default()) {
            Ok(decoded) => {
                prop_assert_eq!(decoded.request, request);
                prop_assert_eq!(decoded.ignored_parameters, Vec::<String>::new());
            }
            Err(error) => prop_assert!(false, "{}\n{}\n{}", error, query, body),
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(query in any::<String>(), body in any::<Vec<u8>>()) {
        let query = format!("integrated_account_id=a&{query}");
        let _ = decode(&query, &body, &Limits::default());
    }

    #[test]
    fn nearly_right_input_never_panics(
        query in "(&(id|roles|organizations|remote_query|truto_exclude_fields|x)(\\[(0|1|id|)\\]|\\[|\\]|\\[\\]){0,4}=(%[0-9A-F]{2}|[\\[\\]{}\",:0-9a-z\\\\é]){0,8}){0,6}",
        body in "\\{?(\"(id|roles|remote_data)\"|[\\[\\]{},:]|[-0-9.eE]{1,4}|null|\"|\\\\){0,24}\\}?",
    ) {
        let query = format!("integrated_account_id=a{query}");
        for limits in [Limits::default(), Limits { body_bytes: 30, query_depth: 1, body_depth: 2 }] {
            if let Err(error) = decode(&query, body.as_bytes(), &limits) {
                prop_assert!(error.message.starts_with("body") || error.message.starts_with("query"), "{}", error);
            }
        }
    }
}
