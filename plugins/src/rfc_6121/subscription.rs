//! The subscription state machine of RFC 6121 appendix A, as a table without any I/O.
//!
//! A roster item is in one of nine states. What a user sends ([`outbound`]) and what a contact sends ([`inbound`]) moves
//! it to another, and the table says whether the stanza is passed on. Pre-approval (§3.4) rides beside the state: it is a
//! mark of its own on the item.

/// One of the four stanzas that manage subscriptions (RFC 6121 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Asks to see the other's presence.
    Subscribe,
    /// Gives up seeing it.
    Unsubscribe,
    /// Lets the other see one's presence.
    Subscribed,
    /// Refuses, or takes that back.
    Unsubscribed,
}

/// The state of one contact in one roster (RFC 6121 appendix A.1): four flags of which nine combinations exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// The user sees the contact's presence.
    pub(super) to: bool,
    /// The contact sees the user's presence.
    pub(super) from: bool,
    /// The user has asked and waits; never together with `to`.
    pub(super) pending_out: bool,
    /// The contact has asked and waits; never together with `from`.
    pub(super) pending_in: bool,
}

#[cfg(test)]
impl State {
    /// Neither side sees the other, and nobody asked.
    pub(super) const NONE: State = State {
        to: false,
        from: false,
        pending_out: false,
        pending_in: false,
    };

    /// The nine states, in the order of appendix A.1.
    pub(super) const ALL: [State; 9] = [
        State::NONE,
        State {
            pending_out: true,
            ..State::NONE
        },
        State {
            pending_in: true,
            ..State::NONE
        },
        State {
            pending_out: true,
            pending_in: true,
            ..State::NONE
        },
        State {
            to: true,
            ..State::NONE
        },
        State {
            to: true,
            pending_in: true,
            ..State::NONE
        },
        State {
            from: true,
            ..State::NONE
        },
        State {
            from: true,
            pending_out: true,
            ..State::NONE
        },
        State {
            to: true,
            from: true,
            ..State::NONE
        },
    ];
}

/// What a subscription stanza does on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Outbound: whether the stanza is routed to the contact. Inbound: whether it is delivered to the user.
    pub(super) pass: bool,
    /// The state afterwards.
    pub(super) state: State,
    /// The new value of the pre-approval mark, where the stanza changes it.
    pub(super) approved: Option<bool>,
    /// What the server answers in the user's name instead of delivering, inbound only.
    pub(super) reply: Option<Change>,
}

impl Step {
    fn new(pass: bool, state: State) -> Step {
        Step {
            pass,
            state,
            approved: None,
            reply: None,
        }
    }
}

/// What a stanza from the user to the contact does in the user's roster (RFC 6121 appendix A.2).
///
/// A `subscribed` that answers no request is kept as pre-approval where the server offers that (§3.4.2); an
/// `unsubscribed` takes it back.
pub(super) fn outbound(state: State, change: Change) -> Step {
    match change {
        Change::Subscribe => {
            // Routed even when the subscription exists, so that two servers that disagree come together again.
            Step::new(
                true,
                State {
                    pending_out: !state.to,
                    ..state
                },
            )
        }
        Change::Unsubscribe => Step::new(
            true,
            State {
                to: false,
                pending_out: false,
                ..state
            },
        ),
        Change::Subscribed if state.pending_in => {
            let granted = State {
                from: true,
                pending_in: false,
                ..state
            };
            Step {
                approved: Some(false),
                ..Step::new(true, granted)
            }
        }
        Change::Subscribed if state.from => Step::new(false, state),
        Change::Subscribed => Step {
            approved: Some(true),
            ..Step::new(false, state)
        },
        Change::Unsubscribed => {
            let had = state.from || state.pending_in;
            let refused = State {
                from: false,
                pending_in: false,
                ..state
            };
            Step {
                approved: Some(false),
                ..Step::new(had, refused)
            }
        }
    }
}

/// What a stanza from the contact to the user does in the user's roster (RFC 6121 appendix A.3).
///
/// `approved` is the item's pre-approval mark: with it a request is granted at once and not shown to the user (§3.4.2).
pub(super) fn inbound(state: State, change: Change, approved: bool) -> Step {
    match change {
        // Already granted: say so again, the contact's server has lost it (§3.1.3).
        Change::Subscribe if state.from => Step {
            reply: Some(Change::Subscribed),
            ..Step::new(false, state)
        },
        Change::Subscribe if approved => {
            let granted = State {
                from: true,
                pending_in: false,
                ..state
            };
            Step {
                approved: Some(false),
                reply: Some(Change::Subscribed),
                ..Step::new(false, granted)
            }
        }
        Change::Subscribe => Step::new(
            !state.pending_in,
            State {
                pending_in: true,
                ..state
            },
        ),
        Change::Unsubscribe => {
            let had = state.from || state.pending_in;
            Step::new(
                had,
                State {
                    from: false,
                    pending_in: false,
                    ..state
                },
            )
        }
        Change::Subscribed => {
            let asked = state.pending_out;
            Step::new(
                asked,
                State {
                    to: state.to || asked,
                    pending_out: false,
                    ..state
                },
            )
        }
        Change::Unsubscribed => {
            let had = state.to || state.pending_out;
            Step::new(
                had,
                State {
                    to: false,
                    pending_out: false,
                    ..state
                },
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(name: &str) -> State {
        let place = NAMES.iter().position(|known| *known == name).unwrap();
        State::ALL[place]
    }

    /// Names in the order of [`State::ALL`]: O and I are pending out and in.
    const NAMES: [&str; 9] = [
        "none", "none+O", "none+I", "none+OI", "to", "to+I", "from", "from+O", "both",
    ];

    /// One line for each state: whether the stanza is passed on, and the state after it, for subscribe, unsubscribe,
    /// subscribed, unsubscribed.
    const OUTBOUND: [[(bool, &str); 4]; 9] = [
        [
            (true, "none+O"),
            (true, "none"),
            (false, "none"),
            (false, "none"),
        ],
        [
            (true, "none+O"),
            (true, "none"),
            (false, "none+O"),
            (false, "none+O"),
        ],
        [
            (true, "none+OI"),
            (true, "none+I"),
            (true, "from"),
            (true, "none"),
        ],
        [
            (true, "none+OI"),
            (true, "none+I"),
            (true, "from+O"),
            (true, "none+O"),
        ],
        [(true, "to"), (true, "none"), (false, "to"), (false, "to")],
        [
            (true, "to+I"),
            (true, "none+I"),
            (true, "both"),
            (true, "to"),
        ],
        [
            (true, "from+O"),
            (true, "from"),
            (false, "from"),
            (true, "none"),
        ],
        [
            (true, "from+O"),
            (true, "from"),
            (false, "from+O"),
            (true, "none+O"),
        ],
        [
            (true, "both"),
            (true, "from"),
            (false, "both"),
            (true, "to"),
        ],
    ];

    const INBOUND: [[(bool, &str); 4]; 9] = [
        [
            (true, "none+I"),
            (false, "none"),
            (false, "none"),
            (false, "none"),
        ],
        [
            (true, "none+OI"),
            (false, "none+O"),
            (true, "to"),
            (true, "none"),
        ],
        [
            (false, "none+I"),
            (true, "none"),
            (false, "none+I"),
            (false, "none+I"),
        ],
        [
            (false, "none+OI"),
            (true, "none+O"),
            (true, "to+I"),
            (true, "none+I"),
        ],
        [(true, "to+I"), (false, "to"), (false, "to"), (true, "none")],
        [
            (false, "to+I"),
            (true, "to"),
            (false, "to+I"),
            (true, "none+I"),
        ],
        [
            (false, "from"),
            (true, "none"),
            (false, "from"),
            (false, "from"),
        ],
        [
            (false, "from+O"),
            (true, "none+O"),
            (true, "both"),
            (true, "from"),
        ],
        [
            (false, "both"),
            (true, "to"),
            (false, "both"),
            (true, "from"),
        ],
    ];

    const CHANGES: [Change; 4] = [
        Change::Subscribe,
        Change::Unsubscribe,
        Change::Subscribed,
        Change::Unsubscribed,
    ];

    #[test]
    fn the_complete_outbound_table() {
        for (row, name) in OUTBOUND.iter().zip(NAMES) {
            for ((pass, after), change) in row.iter().zip(CHANGES) {
                let step = outbound(state(name), change);
                assert_eq!(
                    (step.pass, step.state),
                    (*pass, state(after)),
                    "{name}, sending {change:?}"
                );
                assert_eq!(step.reply, None);
            }
        }
    }

    #[test]
    fn the_complete_inbound_table() {
        for (row, name) in INBOUND.iter().zip(NAMES) {
            for ((pass, after), change) in row.iter().zip(CHANGES) {
                let before = state(name);
                let step = inbound(before, change, false);
                assert_eq!(
                    (step.pass, step.state),
                    (*pass, state(after)),
                    "{name}, receiving {change:?}"
                );
                let again = change == Change::Subscribe && before.from;
                assert_eq!(
                    step.reply,
                    again.then_some(Change::Subscribed),
                    "{name}, receiving {change:?}"
                );
            }
        }
    }

    #[test]
    fn a_request_that_was_approved_before_is_granted_silently() {
        for (name, after) in [("none", "from"), ("none+O", "from+O"), ("to", "both")] {
            let step = inbound(state(name), Change::Subscribe, true);
            assert_eq!(
                step,
                Step {
                    pass: false,
                    state: state(after),
                    approved: Some(false),
                    reply: Some(Change::Subscribed)
                }
            );
        }
    }

    #[test]
    fn approval_without_a_request_is_remembered_and_can_be_taken_back() {
        for name in ["none", "none+O", "to"] {
            let before = state(name);
            let given = outbound(before, Change::Subscribed);
            assert_eq!(
                (given.pass, given.state, given.approved),
                (false, before, Some(true))
            );
            let taken = outbound(before, Change::Unsubscribed);
            assert_eq!(
                (taken.pass, taken.state, taken.approved),
                (false, before, Some(false))
            );
        }
        // An answer to a request is no approval for a later one.
        assert_eq!(
            outbound(state("none+I"), Change::Subscribed).approved,
            Some(false)
        );
    }

    #[test]
    fn no_step_leaves_the_nine_states() {
        for before in State::ALL {
            for change in CHANGES {
                assert!(State::ALL.contains(&outbound(before, change).state));
                for approved in [false, true] {
                    assert!(State::ALL.contains(&inbound(before, change, approved).state));
                }
            }
        }
    }
}
