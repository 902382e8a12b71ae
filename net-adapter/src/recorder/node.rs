//! How is a node called, and each call recorded if that is wanted?

use std::ops::Deref;

use afterimage_core::Config;
use afterimage_core::node::{Environment, Node};
use afterimage_core::port::{ConnId, Effects, Event, Now, Peer};
use afterimage_core::recording::{Ending, Start};

use super::{Recorder, noted};

/// A node that cannot be changed but by calls that are recorded. It is looked at as ever.
pub(crate) struct Recorded {
    node: Node,
    recorder: Option<Recorder>,
}

impl Deref for Recorded {
    type Target = Node;

    #[inline]
    fn deref(&self) -> &Node {
        &self.node
    }
}

impl Recorded {
    /// As [`Node::start`]. The configuration must be one that [`Start::of`] can write.
    pub(crate) fn start(
        config: Config,
        environment: Environment,
        seed: u64,
        recorder: Option<Recorder>,
        now: Now,
        effects: &mut Effects,
    ) -> Recorded {
        let environment = if recorder.is_some() { noted(environment) } else { environment };
        if let Some(recorder) = recorder
            && let Some(start) = Start::of(&config, &environment, seed)
        {
            recorder.begin(|encoder| encoder.begin_start(&start, now));
        }
        let before = effects.actions().len();
        let node = Node::start(config, environment, seed, now, effects);
        let recorded = Recorded { node, recorder };
        recorded.end(effects, before);
        recorded
    }

    /// As [`Node::accept`].
    pub(crate) fn accept(&mut self, peer: Peer, now: Now, effects: &mut Effects) -> ConnId {
        let before = effects.actions().len();
        if let Some(recorder) = self.recorder {
            recorder.begin(|encoder| encoder.begin_accept(peer, now));
        }
        let conn = self.node.accept(peer, now, effects);
        if let Some(recorder) = self.recorder {
            let actions = &effects.actions()[before..];
            recorder.end(|encoder| encoder.end_accept(conn, actions, self.node.deadline()));
        }
        conn
    }

    /// As [`Node::handle`].
    #[inline]
    pub(crate) fn handle(&mut self, event: Event<'_>, now: Now, effects: &mut Effects) {
        let before = effects.actions().len();
        if let Some(recorder) = self.recorder {
            recorder.begin(|encoder| encoder.begin_event(&event, now));
        }
        self.node.handle(event, now, effects);
        self.end(effects, before);
    }

    /// As [`Node::work`].
    pub(crate) fn work(&mut self, units: u32, now: Now, effects: &mut Effects) {
        let before = effects.actions().len();
        if let Some(recorder) = self.recorder {
            recorder.begin(|encoder| encoder.begin_work(units, now));
        }
        self.node.work(units, now, effects);
        self.end(effects, before);
    }

    /// As [`Node::sent`].
    #[inline]
    pub(crate) fn sent(&mut self, conn: ConnId, count: usize, now: Now, effects: &mut Effects) {
        let before = effects.actions().len();
        if let Some(recorder) = self.recorder {
            recorder.begin(|encoder| encoder.begin_sent(&self.node, conn, count, now));
        }
        self.node.sent(conn, count, now, effects);
        self.end(effects, before);
    }

    /// To be called again and again: brings what was recorded nearer to the disk. Tells once if the recording has ended before its time.
    pub(crate) fn tend(&self) -> Option<Ending> {
        self.recorder.and_then(Recorder::tend)
    }

    /// The node is called no more.
    pub(crate) fn finish(&self) {
        if let Some(recorder) = self.recorder {
            recorder.finish();
        }
    }

    #[inline]
    fn end(&self, effects: &Effects, before: usize) {
        if let Some(recorder) = self.recorder {
            let actions = &effects.actions()[before..];
            recorder.end(|encoder| encoder.end(actions, self.node.deadline()));
        }
    }
}
