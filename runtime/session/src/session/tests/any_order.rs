//! A server under pieces of streams in any order.

use proptest::prelude::*;

use super::*;

const HEADER: &str = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";
const GOOD: &str =
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AHJvbWVvAG1vbnRhZ3Vl</auth>";
const BIND: &str = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";

/// A login that takes binding with it (XEP-0388, 0386), and one that does not.
const WHOLE: &str = "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>AHJvbWVvAG1vbnRhZ3Vl</initial-response><bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:sm:3'/><inactive xmlns='urn:xmpp:csi:0'/></bind></authenticate>";
const HALF: &str = "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>AHJvbWVvAG1vbnRhZ3Vl</initial-response></authenticate>";

/// What a session costs: each of these, in this order.
const PRICES: [&[&str]; 3] = [
    &[HEADER, GOOD, HEADER, BIND],
    &[HEADER, WHOLE],
    &[HEADER, HALF, BIND],
];

const PIECES: [&str; 23] = [
    HEADER,
    HEADER,
    GOOD,
    BIND,
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AHJvbWVvAGNhcHVsZXQ=</auth>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>biwsbj1yb21lbyxyPWFiYw==</auth>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'/>",
    "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>Yz1iaXdzLHI9YWJjLHA9eA==</response>",
    "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    WHOLE,
    HALF,
    "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>AHJvbWVvAGNhcHVsZXQ=</initial-response><bind xmlns='urn:xmpp:bind:0'/></authenticate>",
    "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-NONE'><initial-response>cm9tZW8AYWJj</initial-response><fast xmlns='urn:xmpp:fast:0'/><bind xmlns='urn:xmpp:bind:0'/></authenticate>",
    "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-256'><initial-response>biwsbj1yb21lbyxyPWFiYw==</initial-response><resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/></authenticate>",
    "<abort xmlns='urn:xmpp:sasl:2'/>",
    "<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>",
    "<enable xmlns='urn:xmpp:sm:3' resume='true'/>",
    "<inactive xmlns='urn:xmpp:csi:0'/>",
    "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
    "<message><body>x</body></message>",
    " ",
    "</stream:stream>",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Only who logs in and binds, in one of the ways there are, has a session; nothing panics, and everything ends.
    #[test]
    fn a_session_has_its_price(
        pieces in prop::collection::vec(0..PIECES.len(), 0..10),
        price in 0..PRICES.len(),
        good in 0..5usize,
        cut in 1..400usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Most orders lead nowhere: some begin well.
        let start = PRICES[price];
        let pieces: Vec<&str> = start
            .iter()
            .copied()
            .take(good)
            .chain(pieces.into_iter().map(|piece| PIECES[piece]))
            .collect();
        runtime.block_on(async {
            // Deriving keys is slow, and one world serves them all.
            static WORLD: tokio::sync::OnceCell<World> = tokio::sync::OnceCell::const_new();
            let mut accept = WORLD.get_or_init(|| world_with(|access| access.inline.bind = true)).await.accept.clone();
            accept.timeouts.close = Duration::from_millis(5);
            let (left, right) = memory::pair();
            let server = tokio::spawn(Session::accept(right.trusted(), Arc::new(accept)));
            let mut raw = Raw::new(left);
            let stream = pieces.concat();
            for chunk in stream.as_bytes().chunks(cut) {
                raw.0.queue_bytes(chunk);
                if raw.0.flush().await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            let _ = poll_fn(|cx| raw.0.poll_shutdown(cx)).await;
            let session = server.await.unwrap();
            let earned = PRICES.iter().any(|price| {
                let mut order = pieces.iter();
                price.iter().all(|step| order.any(|piece| piece == step))
            });
            assert!(session.is_err() || earned, "{pieces:?}");
            if pieces.starts_with(start) {
                assert!(session.is_ok(), "{pieces:?}: {session:?}");
            }
        });
    }
}
