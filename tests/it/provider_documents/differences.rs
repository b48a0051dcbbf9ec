//! How one of our documents differs from the provider's own, operation by operation, each difference in one line.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::members::{Member, members, resolved};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The differences of every operation of ours, by operation.
pub(super) fn differences(ours: &Json, theirs: &Json) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for (path, item) in ours["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(m, _)| METHODS.contains(&m.as_str())) {
            let mut found = Differences::default();
            match theirs["paths"].get(path).and_then(|item| Some((item, item.get(method)?))) {
                None => found.add("operation", "not in the provider's document"),
                Some((their_item, their_operation)) => {
                    let ours = Side { root: ours, item, operation };
                    let theirs = Side { root: theirs, item: their_item, operation: their_operation };
                    found.parameters(&ours, &theirs);
                    found.body(&ours, &theirs);
                    found.answers(&ours, &theirs);
                }
            }
            all.insert(format!("{} {path}", method.to_uppercase()), found.0);
        }
    }
    all
}

struct Side<'a> {
    root: &'a Json,
    item: &'a Json,
    operation: &'a Json,
}

impl Side<'_> {
    /// Whether it is required, and its type, by place and name.
    fn parameters(&self) -> BTreeMap<String, (bool, Member)> {
        let lists = [&self.item["parameters"], &self.operation["parameters"]].into_iter();
        let parameters = lists.flat_map(|list| list.as_array().into_iter().flatten()).map(|parameter| {
            let parameter = resolved(self.root, parameter);
            let name = format!("{}.{}", parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
            let member = members(self.root, &parameter["schema"]).remove("").unwrap();
            (name, (parameter["required"] == true, member))
        });
        parameters.collect()
    }

    fn answers(&self) -> BTreeMap<String, &Json> {
        let answers = self.operation["responses"].as_object().unwrap();
        answers.iter().map(|(status, answer)| (status.clone(), resolved(self.root, answer))).collect()
    }
}

#[derive(Default)]
struct Differences(BTreeSet<String>);

impl Differences {
    fn add(&mut self, place: &str, what: &str) {
        self.0.insert(format!("{place}: {what}"));
    }

    /// Reports names that one side lacks, and gives those that both have.
    fn both<'n, T, U>(
        &mut self,
        ours: &'n BTreeMap<String, T>,
        theirs: &BTreeMap<String, U>,
        place: &str,
    ) -> Vec<&'n str> {
        for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
            self.add(&format!("{place}{name}"), "not in the provider's document");
        }
        for name in theirs.keys().filter(|name| !ours.contains_key(*name)) {
            self.add(&format!("{place}{name}"), "only in the provider's document");
        }
        ours.keys().filter(|name| theirs.contains_key(*name)).map(String::as_str).collect()
    }

    fn required(&mut self, place: &str, ours: bool, theirs: bool) {
        match (ours, theirs) {
            (true, false) => self.add(place, "required here, not in the provider's document"),
            (false, true) => self.add(place, "required in the provider's document, not here"),
            _ => {}
        }
    }

    fn types(&mut self, place: &str, ours: &Member, theirs: &Member) {
        let differ = ours.types != theirs.types;
        // A whole number is a number; nothing said is anything.
        let narrower =
            ours.types.iter().all(|t| theirs.types.contains(t) || (t == "integer" && theirs.types.contains("number")));
        if differ && !theirs.types.is_empty() && (!narrower || ours.types.is_empty()) {
            let list = |member: &Member| member.types.iter().map(String::as_str).collect::<Vec<_>>().join(" or ");
            let here = if ours.types.is_empty() { "anything".to_owned() } else { list(ours) };
            self.add(place, &format!("{here} here, {} in the provider's document", list(theirs)));
        }
    }

    fn parameters(&mut self, ours: &Side<'_>, theirs: &Side<'_>) {
        let (ours, theirs) = (ours.parameters(), theirs.parameters());
        for name in self.both(&ours, &theirs, "") {
            let ((our_required, our_type), (their_required, their_type)) = (&ours[name], &theirs[name]);
            self.required(name, *our_required, *their_required);
            self.types(name, our_type, their_type);
        }
    }

    /// Every member, both ways: one too many may be refused, one too few may not be sent.
    fn body(&mut self, ours: &Side<'_>, theirs: &Side<'_>) {
        let (our_body, their_body) = (&ours.operation["requestBody"], &theirs.operation["requestBody"]);
        if our_body.is_null() || their_body.is_null() {
            if our_body.is_null() != their_body.is_null() {
                self.add("body", "documented on one side alone");
            }
            return;
        }
        self.required("body", our_body["required"] == true, their_body["required"] == true);
        let (our_media, their_media) = (media(our_body), media(their_body));
        for name in self.both(&our_media, &their_media, "body ") {
            let (ours, theirs) = (members(ours.root, our_media[name]), members(theirs.root, their_media[name]));
            self.members(&format!("body {name} "), &ours, &theirs, true);
        }
    }

    /// Every status, both ways; of a success and of what both describe, the members that ours relies on.
    fn answers(&mut self, ours: &Side<'_>, theirs: &Side<'_>) {
        let (our_answers, mut their_answers) = (ours.answers(), theirs.answers());
        let their_default = their_answers.remove("default");
        for (status, answer) in &our_answers {
            let their_answer = match their_answers.get(status) {
                Some(their_answer) => their_answer,
                None if their_default.is_some() => continue,
                None => {
                    self.add(&format!("answer {status}"), "not in the provider's document");
                    continue;
                }
            };
            let (our_media, their_media) = (media(answer), media(their_answer));
            let place = format!("answer {status} ");
            let success = status.starts_with('2');
            for name in our_media.keys().filter(|name| success && !their_media.contains_key(*name)) {
                self.add(&format!("{place}{name}"), "not in the provider's document");
            }
            for name in our_media.keys().filter(|name| their_media.contains_key(*name)) {
                let (ours, theirs) = (members(ours.root, our_media[name]), members(theirs.root, their_media[name]));
                self.members(&place, &ours, &theirs, false);
            }
        }
        for status in their_answers.keys().filter(|status| !our_answers.contains_key(*status)) {
            self.add(&format!("answer {status}"), "only in the provider's document");
        }
    }

    fn members(
        &mut self,
        place: &str,
        ours: &BTreeMap<String, Member>,
        theirs: &BTreeMap<String, Member>,
        request: bool,
    ) {
        let mut told: Vec<&str> = Vec::new();
        let below = |path: &str, told: &[&str]| {
            told.iter().any(|t| path.strip_prefix(t).is_some_and(|r| r.starts_with(['.', '['])))
        };
        for (path, our_member) in ours {
            if below(path, &told) {
                continue;
            }
            let at = format!("{place}{}", if path.is_empty() { "itself" } else { path });
            let Some(their_member) = theirs.get(path) else {
                self.add(&at, "not in the provider's document");
                told.push(path);
                continue;
            };
            self.types(&at, our_member, their_member);
            if request || our_member.required {
                self.required(&at, our_member.required, their_member.required);
            }
            if !request && their_member.nullable && !our_member.nullable && !our_member.types.is_empty() {
                self.add(&at, "may be null in the provider's document, not here");
            }
        }
        for path in theirs.keys().filter(|path| request && !ours.contains_key(*path)) {
            if !below(path, &told) {
                self.add(&format!("{place}{path}"), "only in the provider's document");
                told.push(path);
            }
        }
    }
}

/// The schemas of a body by media type; those that say nothing are left out.
fn media(body: &Json) -> BTreeMap<String, &Json> {
    let content = body["content"].as_object().into_iter().flat_map(Map::iter);
    content.filter_map(|(name, media)| Some((name.clone(), media.get("schema")?))).collect()
}
