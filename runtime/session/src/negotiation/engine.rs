//! The machine itself.

use std::sync::Arc;

use sestina_wire::StreamCondition;
use sestina_wire::negotiation::{FeatureRow, Mandatory, SessionState};
use smallvec::{SmallVec, smallvec};

use super::{Action, Actions, Demand, Denial, Impasse, Input, Offer, Policy, Row, Side};

/// Walks a stream from its first header to READY.
#[derive(Clone, Debug)]
pub struct Engine {
    table: Arc<[FeatureRow]>,
    side: Side,
    pub(super) policy: Policy,
    state: SessionState,
    phase: Phase,
    /// What stands in the last features, ours or the peer's.
    offers: SmallVec<[Offer; 6]>,
    /// Rows that ended well on this session, for rows that set no flag.
    done: SmallVec<[Row; 4]>,
    /// What was carried out inside the running feature.
    pub(super) inline: SmallVec<[Row; 2]>,
    failures: u8,
}

/// What the engine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connection,
    Header,
    Features,
    /// Receiver only: features are out, the peer chooses.
    Choice,
    Running(Row),
    Ready,
    Ended,
}

impl Engine {
    /// An engine at the beginning of a stream on a carrier that already grants `state`: [`SessionState::SECURE`] when
    /// TLS runs below the first header, [`SessionState::S2S`] or [`SessionState::COMPONENT`] for the kind of stream.
    pub fn new(
        table: Arc<[FeatureRow]>,
        side: Side,
        policy: Policy,
        state: SessionState,
    ) -> Engine {
        Engine {
            table,
            side,
            policy,
            state,
            phase: Phase::Connection,
            offers: SmallVec::new(),
            done: SmallVec::new(),
            inline: SmallVec::new(),
            failures: 0,
        }
    }

    /// The flags reached so far.
    pub fn state(&self) -> SessionState {
        self.state
    }

    /// The table that is walked.
    pub fn table(&self) -> &[FeatureRow] {
        &self.table
    }

    /// A row of the table, where there is one of that index.
    pub fn row(&self, row: Row) -> Option<&FeatureRow> {
        self.table.get(usize::from(row))
    }

    /// The row whose feature element has this name and namespace, on streams of this kind.
    pub fn find(&self, element: &str, namespace: &str) -> Option<Row> {
        self.rows()
            .find(|(_, row)| row.within.is_none() && row.element == element && row.ns == namespace)
            .map(|(index, _)| index)
    }

    /// The row of this element that travels inside another.
    pub fn find_inside(&self, parent: Row, element: &str, namespace: &str) -> Option<Row> {
        let parent = self.row(parent)?;
        let within = Some((parent.element, parent.ns));
        self.rows()
            .find(|(_, row)| row.within == within && row.element == element && row.ns == namespace)
            .map(|(index, _)| index)
    }

    /// The rows that travel inside this one on streams of this kind and may run once it has ended well, the first to be
    /// tried first.
    pub fn inside(&self, parent: Row) -> SmallVec<[Row; 4]> {
        let mut rows: SmallVec<[(u16, Row); 4]> = self
            .rows()
            .filter(|(index, _)| self.may_run_inside(parent, *index))
            .map(|(index, row)| (row.order, index))
            .collect();
        rows.sort_unstable();
        rows.into_iter().map(|(_, index)| index).collect()
    }

    /// Whether `index` travels inside `parent`, and what it needs will be there.
    fn may_run_inside(&self, parent: Row, index: Row) -> bool {
        let (Some(parent), Some(row)) = (self.row(parent), self.row(index)) else {
            return false;
        };
        let mut state = self.state | parent.sets;
        for done in &self.inline {
            state |= self.row(*done).map(|row| row.sets).unwrap_or_default();
        }
        row.within == Some((parent.element, parent.ns))
            && row.applies(state)
            && !self.policy.disabled.contains(&index)
            && !self.inline.contains(&index)
            && !self.done.contains(&index)
    }

    /// Takes one input and says what is to be done.
    pub fn step(&mut self, input: Input<'_>) -> Actions {
        match (self.phase, input) {
            (Phase::Ended, _) => Actions::new(),
            (_, Input::Closed) => {
                self.phase = Phase::Ended;
                smallvec![Action::Close]
            }
            (Phase::Connection, Input::Connected) => {
                self.phase = Phase::Header;
                match self.side {
                    Side::Initiator => smallvec![Action::SendHeader],
                    Side::Receiver => Actions::new(),
                }
            }
            (Phase::Header, Input::Opened) => self.opened(),
            (Phase::Features, Input::Features(offers)) => {
                self.offers = offers
                    .iter()
                    .copied()
                    .filter(|offer| self.row(offer.row).is_some())
                    .collect();
                self.choose()
            }
            (Phase::Choice, Input::Begin(row)) => match self.denial(row) {
                None => self.run(row),
                Some(denial) => smallvec![Action::Deny(row, denial)],
            },
            // The refusal of a feature that was never begun counts as a failed attempt at it.
            (Phase::Choice, Input::Failed(row)) => self.failed(row),
            (Phase::Running(running), Input::Inline(row)) if self.may_run_inside(running, row) => {
                self.inline.push(row);
                Actions::new()
            }
            (Phase::Running(running), Input::Succeeded(row)) if running == row => {
                self.succeeded(row)
            }
            (Phase::Running(running), Input::Failed(row)) if running == row => self.failed(row),
            (Phase::Running(running), Input::Declined(row)) if running == row => self.declined(row),
            (_, input) => self.out_of_order(input),
        }
    }

    /// All that a future step can depend on, table and policy aside.
    #[cfg(test)]
    pub(super) fn fingerprint(&self) -> String {
        format!(
            "{:?}",
            (
                self.phase,
                self.state,
                &self.offers,
                &self.done,
                &self.inline,
                self.failures
            )
        )
    }

    /// Rows that apply to this kind of stream.
    fn rows(&self) -> impl Iterator<Item = (Row, &FeatureRow)> {
        (0..)
            .zip(self.table.iter())
            .filter(|(_, row)| row.streams.covers(self.state))
    }

    /// Whether the table, the flags and the policy allow the feature now.
    fn is_open(&self, index: Row) -> bool {
        let Some(row) = self.row(index) else {
            return false;
        };
        row.within.is_none()
            && row.applies(self.state)
            && !self.policy.disabled.contains(&index)
            && !self.done.contains(&index)
            && (self.state.contains(self.policy.required) || row.sets.intersects(self.missing()))
    }

    /// Flags that policy demands and the session lacks.
    fn missing(&self) -> SessionState {
        self.policy.required - self.state
    }

    fn must(&self, row: &FeatureRow) -> bool {
        match row.mandatory {
            Mandatory::Always => true,
            Mandatory::Never => false,
            Mandatory::IfRequired => row.sets.intersects(self.policy.required),
        }
    }

    /// Whether everything is reached that table and policy demand.
    fn is_complete(&self) -> bool {
        self.state.contains(SessionState::READY)
            || (self.state.contains(self.policy.required)
                && self.rows().all(|(index, row)| {
                    row.mandatory != Mandatory::Always
                        || self.done.contains(&index)
                        || (!row.sets.is_empty() && self.state.contains(row.sets))
                }))
    }

    fn opened(&mut self) -> Actions {
        if self.side == Side::Initiator {
            self.phase = Phase::Features;
            return Actions::new();
        }
        let features = self.features();
        self.phase = Phase::Choice;
        let mut actions: Actions = smallvec![Action::SendHeader, features];
        // A row may both be the last one and restart the stream, as SASL between servers.
        if self.state.contains(SessionState::READY) {
            actions.extend(self.ready());
        }
        actions
    }

    /// What is open now, to be sent.
    fn features(&mut self) -> Action {
        let mut rows: SmallVec<[(u16, Row, bool); 6]> = self
            .rows()
            .filter(|(index, _)| self.is_open(*index))
            .map(|(index, row)| (row.order, index, self.must(row)))
            .collect();
        rows.sort_unstable();
        self.offers = rows
            .iter()
            .map(|&(_, row, _)| Offer {
                row,
                demand: Demand::Unstated,
            })
            .collect();
        Action::SendFeatures(rows.into_iter().map(|(_, row, must)| (row, must)).collect())
    }

    /// Why the peer may not begin this row now, if it may not.
    fn denial(&self, index: Row) -> Option<Denial> {
        if self.offers.iter().any(|offer| offer.row == index) && self.is_open(index) {
            return None;
        }
        let Some(row) = self.row(index) else {
            return Some(Denial::NotOffered);
        };
        let over = self.state.intersects(row.prohibited)
            || self.done.contains(&index)
            || self.policy.disabled.contains(&index)
            || !row.streams.covers(self.state);
        if over {
            return Some(Denial::NotOffered);
        }
        let lacks = (row.required | self.policy.required) - self.state;
        Some(if lacks.contains(SessionState::SECURE) {
            Denial::EncryptionRequired
        } else if lacks.contains(SessionState::AUTHENTICATED) {
            Denial::NotAuthorized
        } else {
            Denial::NotOffered
        })
    }

    fn run(&mut self, row: Row) -> Actions {
        self.phase = Phase::Running(row);
        smallvec![Action::Run(row)]
    }

    fn succeeded(&mut self, index: Row) -> Actions {
        let Some(&FeatureRow {
            sets,
            restart,
            refresh,
            ..
        }) = self.row(index)
        else {
            return self.fail(StreamCondition::InternalServerError);
        };
        self.state |= sets;
        self.done.push(index);
        for inline in std::mem::take(&mut self.inline) {
            self.state |= self.row(inline).map(|row| row.sets).unwrap_or_default();
            self.done.push(inline);
        }
        if restart {
            // Whatever was said before TLS or login counts for nothing afterwards (RFC 6120 §5.4.3.3, §6.4.6).
            self.offers.clear();
            self.phase = Phase::Header;
            return match self.side {
                Side::Receiver => smallvec![Action::Restart],
                Side::Initiator => smallvec![Action::Restart, Action::SendHeader],
            };
        }
        match self.side {
            Side::Initiator if refresh => {
                self.offers.clear();
                self.phase = Phase::Features;
                Actions::new()
            }
            Side::Receiver if refresh => {
                let mut actions: Actions = smallvec![self.features()];
                if self.is_complete() {
                    actions.extend(self.ready());
                } else {
                    self.phase = Phase::Choice;
                }
                actions
            }
            Side::Initiator => self.choose(),
            Side::Receiver if self.is_complete() => self.ready(),
            Side::Receiver => {
                self.phase = Phase::Choice;
                Actions::new()
            }
        }
    }

    fn failed(&mut self, row: Row) -> Actions {
        self.inline.clear();
        if self.side == Side::Initiator {
            return self.impasse(Impasse::Refused(row));
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.policy.attempts {
            return self.fail(StreamCondition::PolicyViolation);
        }
        self.phase = Phase::Choice;
        Actions::new()
    }

    fn declined(&mut self, row: Row) -> Actions {
        self.inline.clear();
        match self.side {
            Side::Receiver => {
                self.phase = Phase::Choice;
                Actions::new()
            }
            Side::Initiator => {
                self.offers.retain(|offer| offer.row != row);
                self.choose()
            }
        }
    }

    /// The initiator's choice: the first row in the table's order that is offered, open, and wanted.
    fn choose(&mut self) -> Actions {
        let next = self
            .offers
            .iter()
            .filter(|offer| self.is_open(offer.row))
            .filter_map(|offer| self.row(offer.row).map(|row| (row, offer)))
            .filter(|(row, offer)| match offer.demand {
                _ if self.policy.wanted.contains(&offer.row) => true,
                Demand::Required => true,
                Demand::Optional => {
                    row.mandatory == Mandatory::Always || row.sets.intersects(self.missing())
                }
                Demand::Unstated => row.mandatory != Mandatory::Never,
            })
            .min_by_key(|(row, offer)| (row.order, offer.row))
            .map(|(_, offer)| offer.row);
        match next {
            Some(row) => self.run(row),
            None if self.is_complete() => self.ready(),
            None if self.missing().contains(SessionState::SECURE) => {
                self.impasse(Impasse::NoEncryption)
            }
            None => self.impasse(Impasse::NoWay),
        }
    }

    fn ready(&mut self) -> Actions {
        self.state |= SessionState::READY;
        self.phase = Phase::Ready;
        smallvec![Action::Ready]
    }

    fn impasse(&mut self, impasse: Impasse) -> Actions {
        self.phase = Phase::Ended;
        smallvec![Action::Impasse(impasse)]
    }

    fn fail(&mut self, condition: StreamCondition) -> Actions {
        self.phase = Phase::Ended;
        smallvec![Action::Fail(condition)]
    }

    fn out_of_order(&mut self, input: Input<'_>) -> Actions {
        let condition = match input {
            // A stanza has its time after READY only (RFC 6120 §4.9.3.12, §7.1).
            Input::Stanza if self.phase == Phase::Ready => return Actions::new(),
            Input::Stanza => StreamCondition::NotAuthorized,
            Input::Begin(row) => self.denial(row).unwrap_or(Denial::NotOffered).condition(),
            Input::Unknown | Input::Features(_) => StreamCondition::UnsupportedStanzaType,
            Input::Opened => StreamCondition::BadFormat,
            // The driver contradicts itself; there is nothing to blame the peer for.
            Input::Connected
            | Input::Inline(_)
            | Input::Succeeded(_)
            | Input::Failed(_)
            | Input::Declined(_)
            | Input::Closed => StreamCondition::InternalServerError,
        };
        self.fail(condition)
    }
}
