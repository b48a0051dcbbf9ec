//! The unified user: where the provider's object is, and what each field is made of.

use super::{Compiler, Result};
use crate::connector::compiled::*;
use crate::connector::definition::*;
use crate::expression::{TreeTemplate, ValuePath};
use crate::model::{FieldType, USER_FIELDS};

impl<'d> Compiler<'d> {
    pub(super) fn user(&mut self, from: &'d UserFrom) -> Result<UserMapping> {
        let step = from.step.as_str();
        if !self.wanted.contains_key(step) {
            return Err(self.error("C008", &from.step, format!("there is no step `{}`", from.step)));
        }
        let (at, element) = self.object_place(from)?;
        if !matches!(element, Element::None) {
            self.object = Some((step, at.clone()));
        }
        self.capture = self.captures(from);
        let mut fields = Vec::new();
        // In the schema's order, whatever the definition's: the answer is written without sorting.
        for (name, holds) in USER_FIELDS {
            if let Some(source) = from.fields.get(*name) {
                fields.push(MappedField { name, holds: *holds, source: self.field(name, *holds, source)? });
            }
        }
        if let Some(unknown) = from.fields.keys().find(|name| !USER_FIELDS.iter().any(|(known, _)| known == name)) {
            return Err(self.error(
                "C017",
                &format!("{unknown}:"),
                format!("the unified user has no field `{unknown}`"),
            ));
        }
        (self.object, self.capture) = (None, None);
        let when = self.optional(from.when.as_ref())?;
        Ok(UserMapping { step: from.step.clone(), before: from.before, at, element, when, fields })
    }

    pub(super) fn field(&mut self, name: &str, holds: FieldType, source: &serde_json::Value) -> Result<FieldSource> {
        if let Some(text) = source.as_str() {
            return Ok(FieldSource::Expression(self.captured_expression(text)?));
        }
        let each = source.as_object().filter(|map| map.len() == 2);
        let each = each.and_then(|map| Some((map.get("each")?.as_str()?, map.get("as")?.as_object()?)));
        let (FieldType::List(known), Some((list, element))) = (holds, each) else {
            let tree = self.captured_tree(source)?;
            return Ok(match holds {
                FieldType::List(known) => elements(known, &tree).map_or(FieldSource::Tree(tree), FieldSource::Elements),
                _ => FieldSource::Tree(tree),
            });
        };
        if let Some(unknown) = element.keys().find(|member| !known.iter().any(|(known, _)| known == member)) {
            let message = format!("an element of the unified user's `{name}` has no member `{unknown}`");
            return Err(self.error("C017", &format!("{unknown}:"), message));
        }
        let mut members = Members::new();
        for (index, (member, _)) in known.iter().enumerate() {
            if let Some(template) = element.get(*member) {
                members.push((index, self.plain_tree(template)?));
            }
        }
        let list = self.captured_list(list, &mut members)?;
        Ok(FieldSource::Each { list, members })
    }

    /// Where the provider's object is: a path of names, and which element where it leads to a list.
    fn object_place(&mut self, from: &UserFrom) -> Result<(Vec<String>, Element)> {
        if from.at.is_empty() {
            return Ok((Vec::new(), Element::None));
        }
        let (path, index) = match from.at.strip_suffix(']').and_then(|text| text.split_once('[')) {
            Some((path, index)) => {
                let index = index.parse();
                (path, Some(index.map_err(|_| self.error("C006", &from.at, "is not a path such as `list[0]`"))?))
            }
            None => (from.at.as_str(), None),
        };
        let at = self.names(path)?;
        let element = match (index, from.fields_of_object.is_empty()) {
            (Some(index), true) => Element::Index(index),
            (None, true) => Element::None,
            (None, false) => {
                let mut fields: Vec<(ValuePath, _)> = Vec::new();
                for (path, template) in &from.fields_of_object {
                    let path = self.path(path)?;
                    if let Some(wanted) = self.wanted.get_mut(&from.step) {
                        wanted.want_each(&at, &path.fields().collect::<Vec<_>>());
                    }
                    fields.push((path, self.tree(&serde_json::Value::String(template.clone()))?));
                }
                Element::Where(fields)
            }
            (Some(_), false) => {
                return Err(self.error("C022", &from.at, "either an index or `where` says which element it is"));
            }
        };
        Ok((at, element))
    }
}

/// The elements of a list that a definition writes out, if all their members are the schema's.
fn elements(known: &[(&str, FieldType)], tree: &TreeTemplate) -> Option<Vec<Members>> {
    let TreeTemplate::List(list) = tree else { return None };
    let element = |element: &TreeTemplate| -> Option<Members> {
        let TreeTemplate::Object(given) = element else { return None };
        // An element without a placeholder is there in any case, which others are not.
        let of_schema = given.iter().all(|(name, _)| known.iter().any(|(known, _)| *known == name.as_str()));
        if !of_schema || !element.is_fed() {
            return None;
        }
        let members = known.iter().enumerate().filter_map(|(index, (name, _))| {
            let (_, template) = given.iter().find(|(given, _)| given.as_str() == *name)?;
            Some((index, template.clone()))
        });
        Some(members.collect())
    };
    list.iter().map(element).collect()
}
