//! Further sources of the inputs that a request leaves out: the account's settings, and what a read shows.

use vrl::value::KeyString;

use super::prepare::{self, Asked};
use super::run::Run;
use crate::connector::Input;
use crate::expression::{Value, id_text};
use crate::model::RequestError;

/// Which of an input's sources are asked.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sources {
    /// Those up to the first that needs the user to be known.
    BeforeUser,
    /// The others.
    FromUser,
}

impl Run<'_> {
    /// Fills in what the items leave out, from the definition's further sources in their order.
    ///
    /// # Errors
    /// If a required input is still missing after the last of them.
    pub(super) async fn fill_inputs(&mut self, which: Sources) -> Result<(), RequestError> {
        let operation = self.operation;
        if operation.inputs.iter().all(|input| input.otherwise.is_empty()) {
            return Ok(());
        }
        for index in self.active() {
            for input in &operation.inputs {
                self.fill_input(index, input, which).await;
            }
        }
        let active = self.active();
        if which == Sources::FromUser && !active.is_empty() {
            let values: Vec<Value> = active.into_iter().map(|index| self.items[index].value.clone()).collect();
            prepare::require_all(operation, &self.request, &values, Asked::Last)?;
        }
        Ok(())
    }

    async fn fill_input(&mut self, index: usize, input: &Input, which: Sources) {
        let has = |value: &Value| value.as_object().is_some_and(|item| item.contains_key(input.name.as_str()));
        let first_of_user = input.otherwise.iter().position(|source| source.of_user).unwrap_or(input.otherwise.len());
        let (before, from) = input.otherwise.split_at(first_of_user);
        for source in if which == Sources::BeforeUser { before } else { from } {
            if has(&self.items[index].value) || self.items[index].outcome.is_some() {
                return;
            }
            if let Some(read) = source.read {
                let call = &self.connector.reads[read];
                let known = self.scope(Some(index)).is_answered(&call.name);
                if !known && let Err(failure) = self.run_read(call, Some(index)).await {
                    self.end_item(index, failure);
                    return;
                }
            }
            let value = source.take.evaluate(&self.scope(Some(index))).into_owned();
            let Some(text) = id_text(&value).filter(|text| !text.is_empty()) else { continue };
            let text = prepare::spelled(input, &self.wire.account.values, &text);
            let item = &mut self.items[index];
            match input.name.as_str() {
                "organization" => item.role.organization = Some(text.clone()),
                "workspace" => item.role.workspace = Some(text.clone()),
                "group" => item.role.group = Some(text.clone()),
                _ => {}
            }
            if let Some(value) = item.value.as_object_mut() {
                value.insert(KeyString::from(input.name.as_str()), Value::from(text));
            }
        }
    }
}
