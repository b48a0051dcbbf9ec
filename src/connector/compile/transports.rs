//! Ways to the provider, and whether every call can take each of them.

use std::sync::Arc;

use super::{Compiler, Result};
use crate::connector::compiled::{Call, LookupPlace, Messages, Operation, ReadStep, Step, Way};
use crate::connector::definition::{CallSource, TransportSource};
use crate::expression::{Expression, TextTemplate, TreeTemplate};
use crate::model::ErrorKind;

impl Compiler<'_> {
    /// The index of a transport, and whether it carries messages.
    pub(super) fn transport(&self, name: &str) -> Result<(usize, bool)> {
        let found = self.definition.transports.get_full(name);
        let found = found.ok_or_else(|| self.error("C043", name, format!("`transports` has no `{name}`")));
        found.map(|(index, _, source)| (index, source.has_messages()))
    }

    pub(super) fn ways(&mut self) -> Result<Vec<Way>> {
        let definition = self.definition;
        definition.transports.iter().map(|(name, source)| self.way(name, source)).collect()
    }

    fn way(&mut self, name: &str, source: &TransportSource) -> Result<Way> {
        let when = match &source.when {
            Some(text) => {
                let when = self.over(text, "account")?;
                for path in when.reads() {
                    self.want(text, &path)?;
                }
                Some(when)
            }
            None => None,
        };
        Ok(Way { name: name.to_owned(), when, messages: self.messages(name, source)?.map(Arc::new) })
    }

    fn messages(&mut self, name: &str, source: &TransportSource) -> Result<Option<Messages>> {
        let place = format!("{name}:");
        let TransportSource { url, publish, reply, correlate, status, subscription_refused, when: _ } = source;
        let Some(publish) = publish else {
            let other = url.is_some() || reply.is_some() || correlate.is_some() || status.is_some();
            if other || subscription_refused.is_some() {
                let message = "a transport that carries messages says where to `publish` them";
                return Err(self.error("C040", &place, message));
            }
            return Ok(None);
        };
        let (Some(url), Some(reply), Some(correlate), Some(status)) = (url, reply, correlate, status) else {
            let message = "a transport that carries messages has `url`, `publish`, `reply`, `correlate` and `status`";
            return Err(self.error("C040", &place, message));
        };
        Ok(Some(Messages {
            url: self.text(url)?,
            publish: self.topic(publish)?,
            reply: self.topic(reply)?,
            correlate: correlate.clone(),
            status: self.over(status, "answer")?,
            subscription_refused: subscription_refused.unwrap_or(ErrorKind::PermissionMissing),
        }))
    }

    /// An expression that reads nothing but this root.
    fn over(&self, text: &str, root: &str) -> Result<Expression> {
        let expression = self.compile_only(text)?;
        if expression.reads().iter().any(|path| path.first().is_none_or(|first| first != root)) {
            return Err(self.error("C041", text, format!("may read `.{root}` alone: nothing else is known here")));
        }
        Ok(expression)
    }

    fn topic(&mut self, text: &str) -> Result<TextTemplate> {
        let after = |piece: &str| piece.split_once("}}").map_or(piece.to_owned(), |(_, rest)| rest.to_owned());
        let literal: String = text.split("{{").map(after).collect();
        if literal.contains(['+', '#']) {
            return Err(self.error("C042", text, "a topic here is exactly one: `+` and `#` would be wildcards"));
        }
        self.in_topic = true;
        let topic = self.text(text);
        self.in_topic = false;
        topic
    }

    /// A call as a message.
    pub(super) fn message(&mut self, name: &str, call: &CallSource, why: Option<&str>) -> Result<Option<TreeTemplate>> {
        let place = if why.is_some() { format!("name: {name}") } else { format!("{name}:") };
        let Some(message) = &call.message else { return Ok(None) };
        if !self.definition.transports.values().any(TransportSource::has_messages) {
            return Err(self.error("C045", &place, "no transport of this definition carries a `message`"));
        }
        if call.paginate.is_some() {
            return Err(self.error("C046", &place, "a listing in pages cannot be asked for by messages"));
        }
        if !message.is_object() {
            return Err(self.error("C046", &place, "a `message` is an object"));
        }
        self.tree(message).map(Some)
    }

    pub(super) fn unwraps(
        &self,
        name: &str,
        call: &CallSource,
        why: Option<&str>,
    ) -> Result<Vec<(usize, Vec<String>)>> {
        let unwrap = |(transport, path): (&String, &String)| {
            if why.is_some() {
                let message = "the answer of a write is passed on as it is: `unwrap` is for reads";
                return Err(self.error("C047", &format!("name: {name}"), message));
            }
            Ok((self.transport(transport)?.0, self.names(path)?))
        };
        call.unwrap.iter().map(unwrap).collect()
    }

    /// Every call can be made on every way; but for the check, which over messages the session itself may be.
    pub(super) fn check_ways(&self, ways: &[Way], reads: &[Call], check: usize, operation: &Operation) -> Result<()> {
        let used = used_reads(operation);
        let writes = operation.steps.iter().filter_map(|step| match step {
            Step::Write(write) => Some((&write.call, format!("name: {}", write.call.name), false)),
            _ => None,
        });
        let reads = reads.iter().enumerate();
        let reads =
            reads.map(|(index, call)| (call, format!("{}:", call.name), index == check && !used.contains(&index)));
        for (call, place, only_checks) in reads.chain(writes) {
            let name = &call.name;
            if !call.over_http && (ways.is_empty() || ways.iter().any(|way| way.messages.is_none())) {
                let message = format!("`{name}` may go over HTTP, and lacks `method` or `path`");
                return Err(self.error("C044", &place, message));
            }
            if call.message.is_none() && !only_checks && ways.iter().any(|way| way.messages.is_some()) {
                let message = format!("`{name}` may go over a transport that carries messages, and has no `message`");
                return Err(self.error("C044", &place, message));
            }
        }
        Ok(())
    }
}

/// The reads that an operation makes, besides the check.
fn used_reads(operation: &Operation) -> Vec<usize> {
    let steps = operation.steps.iter().filter_map(|step| match step {
        Step::Read(read) => Some(read),
        _ => None,
    });
    let steps: Vec<&ReadStep> = operation.proof.reads.iter().chain(&operation.user_reads).chain(steps).collect();
    let mut used: Vec<usize> = steps.iter().map(|step| step.read).collect();
    for lookup in operation.user_lookup.iter().chain(&operation.role_lookups) {
        used.extend(&lookup.after);
        if let LookupPlace::Read(read, _) = lookup.place {
            used.push(read);
        }
    }
    let otherwise = operation.inputs.iter().flat_map(|input| &input.otherwise);
    used.extend(otherwise.filter_map(|otherwise| otherwise.read));
    used
}
