//! Which streams there are between domains of ours and others, for those who publish or show it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Pair;
use crate::host::Host;

/// Which way stanzas go on a stream between two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the other server to ours.
    Incoming,
    /// From ours to the other.
    Outgoing,
    /// Both ways (XEP-0288).
    Both,
}

/// How many streams there are between two domains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streams {
    /// From the other server to ours alone.
    pub incoming: usize,
    /// From ours to the other alone.
    pub outgoing: usize,
    /// Both ways.
    pub both: usize,
}

impl Streams {
    fn count(&mut self, direction: Direction) -> &mut usize {
        match direction {
            Direction::Incoming => &mut self.incoming,
            Direction::Outgoing => &mut self.outgoing,
            Direction::Both => &mut self.both,
        }
    }

    fn add(&mut self, other: Streams) {
        self.incoming += other.incoming;
        self.outgoing += other.outgoing;
        self.both += other.both;
    }
}

/// The streams on which stanzas may flow, of all hosts of a server.
#[derive(Debug)]
pub struct Connections {
    open: Mutex<HashMap<Pair, Streams>>,
    changes: watch::Sender<()>,
}

impl Default for Connections {
    fn default() -> Connections {
        Connections {
            open: Mutex::default(),
            changes: watch::Sender::new(()),
        }
    }
}

impl Connections {
    /// Those of the server that a host belongs to.
    pub fn of(host: &Host) -> Arc<Connections> {
        host.shared().get_or_insert_with(Connections::default)
    }

    /// The other domains that some of ours have streams with now, in the order of their names.
    pub fn with(&self, is_ours: impl Fn(&str) -> bool) -> BTreeMap<Box<str>, Streams> {
        let mut found: BTreeMap<Box<str>, Streams> = BTreeMap::new();
        for (pair, streams) in self.lock().iter() {
            if is_ours(&pair.local) {
                found.entry(pair.remote.clone()).or_default().add(*streams);
            }
        }
        found
    }

    /// Wakes whoever waits when a stream comes or goes.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// A stream of the pair may carry stanzas from now on, until what is returned is dropped.
    pub(super) fn enter(self: &Arc<Self>, pair: Pair, direction: Direction) -> Connected {
        *self
            .lock()
            .entry(pair.clone())
            .or_default()
            .count(direction) += 1;
        self.changes.send_replace(());
        Connected {
            connections: Arc::clone(self),
            pair,
            direction,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pair, Streams>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that is counted.
pub(super) struct Connected {
    connections: Arc<Connections>,
    pair: Pair,
    direction: Direction,
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        if let Some(streams) = open.get_mut(&self.pair) {
            let count = streams.count(self.direction);
            *count = count.saturating_sub(1);
            if *streams == Streams::default() {
                open.remove(&self.pair);
            }
        }
        drop(open);
        self.connections.changes.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_counted_while_they_live_and_of_the_domains_asked_for() {
        let connections = Arc::new(Connections::default());
        let pair = |local| Pair::new(local, "b.example");
        let one = connections.enter(pair("a.example"), Direction::Incoming);
        let two = connections.enter(pair("pubsub.a.example"), Direction::Both);
        let _other = connections.enter(pair("c.example"), Direction::Outgoing);
        let ours = |domain: &str| domain.ends_with("a.example");
        let mut expected = Streams {
            incoming: 1,
            both: 1,
            outgoing: 0,
        };
        assert_eq!(connections.with(ours)["b.example"], expected);
        let mut changes = connections.changes();
        changes.mark_unchanged();
        drop(one);
        assert!(changes.has_changed().unwrap());
        expected.incoming = 0;
        assert_eq!(connections.with(ours)["b.example"], expected);
        drop(two);
        assert!(connections.with(ours).is_empty());
    }
}
