//! Every order of inputs, however long, and random tables under random inputs.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::*;
use sestina_wire::StreamCondition;
use sestina_wire::negotiation::{FeatureRow, Mandatory, SessionState, Streams};

use super::{Action, Demand, Denial, Engine, Impasse, Input, Offer, Policy, Row, Side};

const TLS: Row = 0;
const SASL: Row = 1;
const BIND: Row = 2;
const NOTICE: Row = 3;

const fn row(
    name: &'static str,
    required: SessionState,
    prohibited: SessionState,
    sets: SessionState,
    restart: bool,
    mandatory: Mandatory,
    order: u16,
) -> FeatureRow {
    FeatureRow {
        spec: "test",
        name,
        element: name,
        ns: "urn:example:test",
        required,
        prohibited,
        sets,
        restart,
        refresh: false,
        within: None,
        mandatory,
        streams: Streams::C2S,
        order,
    }
}

const NONE: SessionState = SessionState::empty();
const SECURE: SessionState = SessionState::SECURE;
const AUTHENTICATED: SessionState = SessionState::AUTHENTICATED;
const BOUND: SessionState = SessionState::BOUND;

/// The rows of RFC 6120 for clients, and one that only announces something.
fn table() -> Arc<[FeatureRow]> {
    Arc::new([
        row(
            "starttls",
            NONE,
            SECURE.union(AUTHENTICATED),
            SECURE,
            true,
            Mandatory::IfRequired,
            10,
        ),
        row(
            "sasl",
            NONE,
            AUTHENTICATED,
            AUTHENTICATED,
            true,
            Mandatory::Always,
            20,
        ),
        row(
            "bind",
            AUTHENTICATED,
            BOUND,
            BOUND,
            false,
            Mandatory::Always,
            30,
        ),
        row(
            "notice",
            AUTHENTICATED,
            BOUND,
            NONE,
            false,
            Mandatory::Never,
            90,
        ),
    ])
}

const SASL2: Row = 4;
const BIND2: Row = 5;
const RESUME: Row = 6;
const FAST: Row = 7;
const CSI: Row = 8;
const LIMITS: Row = 9;
const UNKNOWN: Row = 10;

/// The same, and a login that takes binding or resuming with it (XEP-0388, 0386, 0198).
fn table_with_sasl2() -> Arc<[FeatureRow]> {
    let inside = |name, order| FeatureRow {
        within: Some(("sasl2", "urn:example:test")),
        ..row(
            name,
            AUTHENTICATED,
            BOUND,
            BOUND.union(SessionState::READY),
            false,
            Mandatory::Never,
            order,
        )
    };
    let sasl2 = FeatureRow {
        refresh: true,
        ..row(
            "sasl2",
            SECURE,
            AUTHENTICATED,
            AUTHENTICATED,
            false,
            Mandatory::Always,
            15,
        )
    };
    let added = [sasl2, inside("bind2", 126), inside("resume", 125)];
    table().iter().copied().chain(added).collect()
}

/// The same, and tokens inside the login (XEP-0484), and what is announced without an end (XEP-0352, 0478).
fn table_with_everything() -> Arc<[FeatureRow]> {
    let announced =
        |name, required, order| row(name, required, NONE, NONE, false, Mandatory::Never, order);
    let fast = FeatureRow {
        within: Some(("sasl2", "urn:example:test")),
        ..announced("fast", SECURE, 127)
    };
    let added = [
        fast,
        announced("csi", AUTHENTICATED, 141),
        announced("limits", NONE, 140),
    ];
    table_with_sasl2().iter().copied().chain(added).collect()
}

fn engine(side: Side, policy: Policy) -> Engine {
    Engine::new(table(), side, policy, NONE)
}

fn lax() -> Policy {
    Policy {
        required: NONE,
        ..Policy::default()
    }
}

/// Everything that can happen.
fn inputs() -> Vec<Input<'static>> {
    const OFFERS: [&[Offer]; 8] = [
        &[],
        &[offer(TLS, Demand::Required)],
        &[offer(TLS, Demand::Unstated), offer(SASL, Demand::Unstated)],
        &[offer(SASL, Demand::Unstated)],
        &[
            offer(BIND, Demand::Unstated),
            offer(NOTICE, Demand::Optional),
        ],
        &[offer(NOTICE, Demand::Unstated)],
        &[
            offer(SASL, Demand::Unstated),
            offer(SASL2, Demand::Unstated),
            offer(LIMITS, Demand::Unstated),
        ],
        &[
            offer(CSI, Demand::Unstated),
            offer(LIMITS, Demand::Unstated),
        ],
    ];
    let mut inputs = vec![
        Input::Connected,
        Input::Opened,
        Input::Stanza,
        Input::Unknown,
        Input::Closed,
    ];
    inputs.extend(OFFERS.map(Input::Features));
    let rows = [
        TLS, SASL, BIND, NOTICE, SASL2, BIND2, RESUME, FAST, CSI, LIMITS, UNKNOWN,
    ];
    for row in rows {
        inputs.extend([
            Input::Begin(row),
            Input::Inline(row),
            Input::Succeeded(row),
            Input::Failed(row),
            Input::Declined(row),
        ]);
    }
    inputs
}

const fn offer(row: Row, demand: Demand) -> Offer {
    Offer { row, demand }
}

/// The engine has finitely many states, so every order of inputs of every length is covered by trying every input once
/// in each state that can be reached.
#[derive(Default)]
struct Tried {
    seen: HashSet<String>,
    steps: u64,
    ready: u64,
    trace: Vec<Input<'static>>,
}

/// Tries every input after every input, as long as the stream lives, and checks what must hold at each step.
fn explore(engine: &Engine, failures: u8, tried: &mut Tried) {
    if !tried.seen.insert(engine.fingerprint()) {
        return;
    }
    for input in inputs() {
        let mut next = engine.clone();
        let before = engine.state();
        let actions = next.step(input);
        tried.steps += 1;
        tried.trace.push(input);
        let context = || format!("{:?} -> {actions:?}", tried.trace);

        assert!(
            next.state().contains(before),
            "a flag was lost: {}",
            context()
        );
        let mut alive = true;
        let mut ready = false;
        for action in &actions {
            match action {
                Action::Run(row) => {
                    let row = next.row(*row).unwrap();
                    assert!(
                        row.applies(next.state()),
                        "a feature out of place: {}",
                        context()
                    );
                    assert!(
                        next.state().contains(next.policy.required)
                            || row.sets.intersects(next.policy.required),
                        "a feature before what policy requires: {}",
                        context()
                    );
                }
                Action::SendFeatures(rows) => {
                    assert!(
                        rows.iter()
                            .all(|(row, _)| next.row(*row).unwrap().applies(next.state()))
                    );
                    if !next.state().contains(next.policy.required) {
                        assert_eq!(rows.as_slice(), [(TLS, true)], "{}", context());
                    }
                }
                Action::Ready => {
                    ready = true;
                    let needed = AUTHENTICATED | BOUND | SessionState::READY | next.policy.required;
                    assert!(
                        next.state().contains(needed),
                        "ready too early: {}",
                        context()
                    );
                }
                Action::Fail(_) | Action::Close | Action::Impasse(_) => alive = false,
                Action::Deny(..) | Action::SendHeader | Action::Restart => {}
            }
        }
        // Only a feature that ran and ended well sets flags, and only its own.
        let gained = next.state() - before - SessionState::READY;
        match input {
            Input::Succeeded(row) if !gained.is_empty() => {
                let inline = engine.inline.iter().map(|row| next.row(*row).unwrap());
                assert!(inline.clone().all(|row| row.within.is_some()));
                let sets = inline.fold(next.row(row).unwrap().sets, |sets, row| sets | row.sets);
                assert_eq!(gained, sets - before - SessionState::READY);
            }
            _ => assert!(gained.is_empty(), "flags out of nothing: {}", context()),
        }
        if input == Input::Stanza && !before.contains(SessionState::READY) && alive {
            panic!("a stanza before READY was let through: {}", context());
        }
        if input == Input::Stanza && !alive {
            assert_eq!(
                actions.as_slice(),
                [Action::Fail(StreamCondition::NotAuthorized)]
            );
        }
        let failures = failures + u8::from(matches!(input, Input::Failed(_)) && alive);
        assert!(
            failures < next.policy.attempts,
            "too many attempts: {}",
            context()
        );

        if ready {
            tried.ready += 1;
        } else if alive {
            explore(&next, failures, tried);
        } else {
            for input in inputs() {
                assert!(
                    next.clone().step(input).is_empty(),
                    "a dead stream acts: {}",
                    context()
                );
            }
        }
        tried.trace.pop();
    }
}

#[test]
fn every_order_of_inputs() {
    for side in [Side::Receiver, Side::Initiator] {
        for policy in [Policy::default(), lax()] {
            let mut tried = Tried::default();
            let mut ways = Vec::new();
            for table in [table(), table_with_sasl2(), table_with_everything()] {
                let before = tried.ready;
                tried.seen.clear();
                explore(
                    &Engine::new(table, side, policy.clone(), NONE),
                    0,
                    &mut tried,
                );
                ways.push(tried.ready - before);
            }
            assert!(
                ways[0] > 0 && ways[1] > ways[0] && ways[2] > ways[1],
                "READY is reached"
            );
            assert!(tried.steps > 300, "{side:?} in {} steps only", tried.steps);
        }
    }
}

fn run(engine: &mut Engine, inputs: &[Input<'_>]) -> Vec<Action> {
    let mut last = Vec::new();
    for input in inputs {
        last = engine.step(*input).into_vec();
    }
    last
}

#[test]
fn a_server_leads_a_client_to_a_session() {
    let mut engine = engine(Side::Receiver, Policy::default());
    assert_eq!(
        run(&mut engine, &[Input::Connected, Input::Opened]),
        [
            Action::SendHeader,
            Action::SendFeatures([(TLS, true)].into_iter().collect())
        ]
    );
    assert_eq!(run(&mut engine, &[Input::Begin(TLS)]), [Action::Run(TLS)]);
    assert_eq!(
        run(&mut engine, &[Input::Succeeded(TLS)]),
        [Action::Restart]
    );
    assert_eq!(
        run(&mut engine, &[Input::Opened]),
        [
            Action::SendHeader,
            Action::SendFeatures([(SASL, true)].into_iter().collect())
        ]
    );
    assert_eq!(run(&mut engine, &[Input::Begin(SASL)]), [Action::Run(SASL)]);
    assert_eq!(run(&mut engine, &[Input::Failed(SASL)]), []);
    assert_eq!(
        run(&mut engine, &[Input::Begin(SASL), Input::Succeeded(SASL)]),
        [Action::Restart]
    );
    assert_eq!(
        run(&mut engine, &[Input::Opened]),
        [
            Action::SendHeader,
            Action::SendFeatures([(BIND, true), (NOTICE, false)].into_iter().collect())
        ]
    );
    assert_eq!(
        run(&mut engine, &[Input::Begin(BIND), Input::Succeeded(BIND)]),
        [Action::Ready]
    );
    assert_eq!(
        engine.state(),
        SECURE | AUTHENTICATED | BOUND | SessionState::READY
    );
    assert_eq!(run(&mut engine, &[Input::Stanza]), []);
}

#[test]
fn a_login_can_take_the_session_with_it() {
    for inline in [BIND2, RESUME] {
        let mut server = Engine::new(
            table_with_sasl2(),
            Side::Receiver,
            Policy::default(),
            SECURE,
        );
        let offered = [(SASL2, true), (SASL, true)].into_iter().collect();
        assert_eq!(
            run(&mut server, &[Input::Connected, Input::Opened])[1],
            Action::SendFeatures(offered)
        );
        run(&mut server, &[Input::Begin(SASL2)]);
        assert_eq!(server.inside(SASL2).as_slice(), [RESUME, BIND2]);
        assert_eq!(run(&mut server, &[Input::Inline(inline)]), []);
        // One of them is enough, and what it brings keeps the other out.
        assert!(server.inside(SASL2).is_empty());
        // Features come without a restart, and then stanzas may flow.
        assert_eq!(
            run(&mut server, &[Input::Succeeded(SASL2)]),
            [
                Action::SendFeatures([].into_iter().collect()),
                Action::Ready
            ]
        );
        assert!(
            server
                .state()
                .contains(AUTHENTICATED | BOUND | SessionState::READY)
        );
    }
    let mut server = Engine::new(
        table_with_sasl2(),
        Side::Receiver,
        Policy::default(),
        SECURE,
    );
    run(
        &mut server,
        &[Input::Connected, Input::Opened, Input::Begin(SASL2)],
    );
    // What was carried out inside a login that failed never was.
    run(&mut server, &[Input::Inline(BIND2), Input::Failed(SASL2)]);
    assert_eq!(server.state(), SECURE);
    let rest = [(BIND, true), (NOTICE, false)].into_iter().collect();
    assert_eq!(
        run(&mut server, &[Input::Begin(SASL2), Input::Succeeded(SASL2)]),
        [Action::SendFeatures(rest)]
    );
    assert_eq!(
        run(&mut server, &[Input::Begin(BIND2)]),
        [Action::Deny(BIND2, Denial::NotOffered)]
    );

    let mut client = Engine::new(
        table_with_sasl2(),
        Side::Initiator,
        Policy::default(),
        SECURE,
    );
    let offers = [
        offer(SASL, Demand::Unstated),
        offer(SASL2, Demand::Unstated),
    ];
    let begun = [Input::Connected, Input::Opened, Input::Features(&offers)];
    assert_eq!(run(&mut client, &begun), [Action::Run(SASL2)]);
    assert_eq!(
        run(
            &mut client,
            &[Input::Inline(BIND2), Input::Succeeded(SASL2)]
        ),
        []
    );
    assert_eq!(run(&mut client, &[Input::Features(&[])]), [Action::Ready]);
}

#[test]
fn refusals_have_the_names_of_the_rfc() {
    let opened = |policy| {
        let mut engine = engine(Side::Receiver, policy);
        run(&mut engine, &[Input::Connected, Input::Opened]);
        engine
    };
    let mut strict = opened(Policy::default());
    assert_eq!(
        run(&mut strict, &[Input::Begin(SASL)]),
        [Action::Deny(SASL, Denial::EncryptionRequired)]
    );
    assert_eq!(
        run(&mut strict, &[Input::Begin(BIND)]),
        [Action::Deny(BIND, Denial::EncryptionRequired)]
    );
    assert_eq!(
        Denial::EncryptionRequired.condition(),
        StreamCondition::PolicyViolation
    );
    assert_eq!(
        run(&mut strict, &[Input::Stanza]),
        [Action::Fail(StreamCondition::NotAuthorized)]
    );

    let mut open = opened(lax());
    assert_eq!(
        run(&mut open, &[Input::Begin(BIND)]),
        [Action::Deny(BIND, Denial::NotAuthorized)]
    );
    assert_eq!(
        run(&mut open, &[Input::Begin(42)]),
        [Action::Deny(42, Denial::NotOffered)]
    );
    assert_eq!(
        run(&mut open, &[Input::Unknown]),
        [Action::Fail(StreamCondition::UnsupportedStanzaType)]
    );

    let mut over = opened(lax());
    run(
        &mut over,
        &[Input::Begin(TLS), Input::Succeeded(TLS), Input::Opened],
    );
    assert_eq!(
        run(&mut over, &[Input::Begin(TLS)]),
        [Action::Deny(TLS, Denial::NotOffered)]
    );

    let mut stubborn = opened(lax());
    for _ in 0..2 {
        assert_eq!(
            run(&mut stubborn, &[Input::Begin(SASL), Input::Failed(SASL)]),
            []
        );
    }
    assert_eq!(
        run(&mut stubborn, &[Input::Begin(SASL), Input::Failed(SASL)]),
        [Action::Fail(StreamCondition::PolicyViolation)]
    );
}

#[test]
fn a_disabled_row_is_not_offered() {
    let policy = Policy {
        disabled: [TLS].into_iter().collect(),
        ..lax()
    };
    let mut engine = engine(Side::Receiver, policy);
    let actions = run(&mut engine, &[Input::Connected, Input::Opened]);
    assert_eq!(
        actions[1],
        Action::SendFeatures([(SASL, true)].into_iter().collect())
    );
    assert_eq!(
        run(&mut engine, &[Input::Begin(TLS)]),
        [Action::Deny(TLS, Denial::NotOffered)]
    );
}

#[test]
fn a_client_takes_what_leads_on_and_says_what_is_missing() {
    let offered = |policy, offers: &[Offer]| {
        let mut engine = engine(Side::Initiator, policy);
        run(
            &mut engine,
            &[Input::Connected, Input::Opened, Input::Features(offers)],
        )
    };
    let sasl = offer(SASL, Demand::Unstated);
    let tls = offer(TLS, Demand::Optional);
    assert_eq!(offered(Policy::default(), &[sasl, tls]), [Action::Run(TLS)]);
    assert_eq!(
        offered(Policy::default(), &[sasl]),
        [Action::Impasse(Impasse::NoEncryption)]
    );
    assert_eq!(offered(lax(), &[sasl, tls]), [Action::Run(SASL)]);
    assert_eq!(offered(lax(), &[]), [Action::Impasse(Impasse::NoWay)]);
    assert_eq!(
        offered(lax(), &[offer(9, Demand::Required)]),
        [Action::Impasse(Impasse::NoWay)]
    );
}

fn any_row() -> impl Strategy<Value = FeatureRow> {
    let flags = || (0u16..8).prop_map(SessionState::from_bits_truncate);
    let mandatory = prop_oneof![
        Just(Mandatory::Always),
        Just(Mandatory::Never),
        Just(Mandatory::IfRequired)
    ];
    let kind = (any::<bool>(), any::<bool>(), any::<bool>());
    (flags(), flags(), flags(), kind, mandatory, 0u16..4).prop_map(
        |(required, prohibited, sets, (restart, refresh, inside), mandatory, order)| FeatureRow {
            refresh,
            within: inside.then_some(("any", "urn:example:test")),
            ..row("any", required, prohibited, sets, restart, mandatory, order)
        },
    )
}

fn any_input() -> impl Strategy<Value = Input<'static>> {
    let all = inputs();
    (0..all.len()).prop_map(move |index| all[index])
}

proptest! {
    /// Whatever the table and whatever happens: nothing runs out of place, and READY means that all is reached.
    #[test]
    fn any_table_under_any_inputs(
        rows in prop::collection::vec(any_row(), 0..6),
        inputs in prop::collection::vec(any_input(), 0..60),
        receiver in any::<bool>(),
        required in 0u16..8,
    ) {
        let side = if receiver { Side::Receiver } else { Side::Initiator };
        let policy = Policy { required: SessionState::from_bits_truncate(required), ..Policy::default() };
        let mut engine = Engine::new(rows.clone().into(), side, policy.clone(), NONE);
        let mut ended = false;
        for input in inputs {
            let actions = engine.step(input);
            prop_assert!(!ended || actions.is_empty());
            for action in actions {
                match action {
                    Action::Run(row) => prop_assert!(rows[usize::from(row)].applies(engine.state())),
                    Action::Ready => prop_assert!(engine.state().contains(policy.required)),
                    Action::Fail(_) | Action::Close | Action::Impasse(_) => ended = true,
                    _ => {}
                }
            }
        }
    }
}
