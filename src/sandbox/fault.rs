//! Faults that a test plants in front of a simulator: what networks and providers do on bad days.
//! Messages meet them too: there a trigger's method is `MQTT`, its path the action, a body the reply's payload.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use super::server::{Call, Reply};

/// What goes wrong with one call. *Act* means that the simulator's state changes as if all were well.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Does not act; answers this.
    Answer(Reply),
    /// Acts, but answers this.
    ActThenAnswer(Reply),
    /// Does not act; closes the connection without an answer.
    DropBefore,
    /// Does not act; sends the head and the first half of this, then closes the connection.
    HalfAnswer(Reply),
    /// Does not act; answers 400 and repeats the call's `authorization` header in a message.
    EchoCredentials,
    /// Acts; closes the connection without an answer.
    DropAfter,
    /// Does not act; keeps silent for so long, then closes the connection.
    HangBefore(Duration),
    /// Acts; keeps silent for so long, then closes the connection.
    HangAfter(Duration),
    /// Acts; sends the head and the first half of the body, then closes the connection.
    HalfBody,
    /// Acts; answers with that many extra headers.
    ManyHeaders(usize),
    /// Acts; answers after so long.
    Slow(Duration),
    /// Closes the connection without an answer; acts after so long, for the call was on its way.
    ActLater(Duration),
    /// Acts; the body comes in pieces, over so long.
    Trickle(Duration),
    /// Acts; sends the head and half of a body whose length is not told, then closes the connection: the last chunk is
    /// missing. A message has no chunks: it breaks off.
    HalfChunks,
    /// Acts; the body is cut in its middle, and nothing else shows it: JSON is none any more.
    Garbled,
    /// Acts; answers with this content type. A message has none, and is delivered as it is.
    OtherType(&'static str),
    /// Acts; a message's reply comes twice. In HTTP an answer comes once.
    Twice,
    /// Acts; before the reply to a message, the reply to the one before it comes once more. In HTTP an answer comes once.
    LastAgain,
}

/// Which calls a fault meets.
#[derive(Clone, Debug, Default)]
pub struct Trigger {
    /// Only this method, such as `DELETE`; any if empty.
    pub method: &'static str,
    /// Only paths (without query) that contain this.
    pub path: String,
    /// Passes over so many matching calls first.
    pub skip: usize,
    /// Strikes so many times; 0 means always.
    pub times: usize,
}

/// Says of a call whether it is meant.
pub type Meets = Box<dyn Fn(&Call) -> bool + Send + Sync>;

/// Which calls a fault meets, where a [`Trigger`] cannot say it.
pub struct Aim {
    pub meets: Meets,
    /// Strikes only once such a call was seen.
    pub after: Option<Meets>,
    /// Passes over so many matching calls first.
    pub skip: usize,
    /// Strikes so many times; 0 means always.
    pub times: usize,
}

impl From<Trigger> for Aim {
    fn from(trigger: Trigger) -> Self {
        let Trigger { method, path, skip, times } = trigger;
        let meets = move |call: &Call| (method.is_empty() || call.method == method) && call.path.contains(&path);
        Self { meets: Box::new(meets), after: None, skip, times }
    }
}

/// The faults planted at one simulator, first match first.
#[derive(Default)]
pub struct Faults {
    planted: Mutex<Planted>,
}

#[derive(Default)]
struct Planted {
    /// Each with its place in `struck`.
    waiting: VecDeque<(usize, Aim, Fault)>,
    /// How often each fault struck, in the order they were planted.
    struck: Vec<usize>,
}

impl Faults {
    /// Plants a fault for the next call of that method whose path contains `path`.
    pub fn once(&self, method: &'static str, path: &str, fault: Fault) {
        self.plant(Trigger { method, path: path.to_owned(), skip: 0, times: 1 }, fault);
    }

    /// Plants a fault for every call of that method whose path contains `path`.
    pub fn always(&self, method: &'static str, path: &str, fault: Fault) {
        self.plant(Trigger { method, path: path.to_owned(), ..Trigger::default() }, fault);
    }

    /// Plants a fault; gives its number, for [`Self::struck`].
    pub fn plant(&self, aim: impl Into<Aim>, fault: Fault) -> usize {
        let mut planted = self.lock();
        let number = planted.struck.len();
        planted.struck.push(0);
        planted.waiting.push_back((number, aim.into(), fault));
        number
    }

    /// How often a fault struck so far.
    pub fn struck(&self, number: usize) -> usize {
        self.lock().struck.get(number).copied().unwrap_or_default()
    }

    /// Takes all faults away.
    pub fn clear(&self) {
        self.lock().waiting.clear();
    }

    /// What this call meets, if anything.
    pub fn strike(&self, call: &Call) -> Option<Fault> {
        let mut planted = self.lock();
        let Planted { waiting, struck } = &mut *planted;
        let index = waiting.iter_mut().position(|(_, aim, _)| {
            if aim.after.is_some() || !(aim.meets)(call) {
                return false;
            }
            if aim.skip > 0 {
                aim.skip -= 1;
                return false;
            }
            true
        });
        // A call that others wait for does not set them free for itself.
        for (_, aim, _) in waiting.iter_mut() {
            aim.after.take_if(|awaited| awaited(call));
        }
        let index = index?;
        let (number, aim, fault) = &mut waiting[index];
        struck[*number] += 1;
        let fault = fault.clone();
        match aim.times {
            0 => {}
            1 => {
                waiting.remove(index);
            }
            _ => aim.times -= 1,
        }
        Some(fault)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Planted> {
        self.planted.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
