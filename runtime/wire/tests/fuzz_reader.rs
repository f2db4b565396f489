//! A fuzzer for stable Rust: mutates a corpus for `SESTINA_FUZZ_SECONDS` (60 unless said otherwise; 0 skips it) and checks what must hold for any bytes.
//!
//! `SESTINA_FUZZ_SEED` repeats a run. The targets in `fuzz/` run the same checks under libFuzzer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod checks;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use sestina_wire::clock::{Random, SeededRandom, SystemRandom};

const STREAMS: &[&str] = &[
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.com' version='1.0'>\
     <stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features></stream:stream>",
    "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback'>\
     <db:result from='a.example' to='b.example'>98AF014EDC0&#33;</db:result><message><body xmlns='jabber:client'>x</body></message>",
    "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams' xmlns:p='urn:p'><message to='juliet@example.com/balcony' id='1' type='chat' \
     xml:lang='en'><body>Art thou not Romeo, &amp; a &lt;Montague&gt;?</body><active xmlns='http://jabber.org/protocol/chatstates'/><p:x p:y=\"z\"/></message>",
    "<stream xmlns='http://etherx.jabber.org/streams' xmlns:c='jabber:client'><c:iq type='get' id='x'><q xmlns='u&amp;v'/></c:iq></stream>",
    "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'><iq id='r' type='result'><query xmlns='jabber:iq:roster'>\
     <item jid='a@b' name='A &quot;B&quot;'><group>F</group></item><item jid='c@d'/></query></iq> \n <presence/>",
    "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'><message><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' \
     stamp='2026-11-23T13:00:00Z'/><message xmlns='jabber:client' from='\t\r\n'><body><![CDATA[<b>]]> ]]&gt;\r\n</body></message></forwarded></message>",
    "<a xmlns='u' xmlns:p='v' p:b='c'><p:d><e xmlns=''><p:f p:g='&#9;'/></e></p:d>\u{e9}\u{1F600}</a>",
    "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams' xmlns:p='urn:p'><message xmlns:q='urn:q' q:r='s'><a xmlns='u' xmlns:p='v' p:b='c'>\
     <p:d><e xmlns=''><p:f p:g='&#9;'/></e></p:d><q:h/></a><q:i xmlns:q='urn:r' q:j='k'/><q:i/></message><p:x><y/></p:x>",
    "<s:stream xmlns='jabber:server' xmlns:s='http://etherx.jabber.org/streams' xmlns:c='jabber:server'><c:message><c:body/><x xmlns='u'><c:y/></x></c:message>\
     <message xmlns='jabber:server'><z\n/><![CDATA[a\r]]>\r\n</message>",
    "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'><message><a xmlns='u' xmlns:p='v'><p:d><e xmlns='w'><p:f p:g='1'/></e>\
     </p:d></a></message><c:message xmlns:c='jabber:client' xmlns='u'><x/></c:message>",
    "<iq type='error' id='1' from='a@b/c'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
];

const ADDRESSES: &[&str] = &[
    "juliet@example.com/balcony",
    "\u{3C0}@b\u{FC}cher.example/\u{265A}",
    "a@[::1]/x",
    "Fu\u{DF}@xn--fuball-cta.example.",
    "example.com/a@b/c",
];

const TOKENS: &[&str] = &[
    "<",
    ">",
    "/>",
    "</",
    "='",
    "'",
    "\"",
    "&",
    ";",
    "&amp;",
    "&#x10FFFF;",
    "&#",
    "xmlns='",
    "xmlns:p='",
    "p:",
    "xml:",
    "<![CDATA[",
    "]]>",
    "<!--",
    "<?",
    "?>",
    "\r",
    "\n",
    "\t",
    "\0",
    " ",
    "\u{FFFE}",
    "\u{FEFF}",
    "jabber:client",
    "jabber:server",
    "</stream:stream>",
    "<message>",
    "</message>",
    "<p:a/>",
    "@",
    "/",
    ":",
    "\u{E9}",
    "\u{301}",
    "xn--",
    "http://www.w3.org/XML/1998/namespace",
    "a='1' ",
    "<a>",
    "</a>",
    " xmlns:q='w'",
    "<q:a ",
    "</q:a>",
    "q:b='2' ",
    " xmlns=''",
    "<body>",
    "</body>",
];

struct Fuzzer {
    random: SeededRandom,
}

impl Fuzzer {
    fn below(&self, end: usize) -> usize {
        if end == 0 {
            0
        } else {
            (self.random.next_u64() % end as u64) as usize
        }
    }

    fn pick<'a>(&self, from: &'a [Vec<u8>]) -> &'a [u8] {
        &from[self.below(from.len())]
    }

    fn mutate(&self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut data = self.pick(corpus).to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(data.len() + 1);
            let end = at + self.below((data.len() - at).min(24) + 1);
            match self.below(8) {
                0 if !data.is_empty() => {
                    let at = self.below(data.len());
                    data[at] ^= 1 << self.below(8);
                }
                1 => drop(data.drain(at..end)),
                2 => {
                    let piece = data[at..end].to_vec();
                    let to = self.below(data.len() + 1);
                    drop(data.splice(to..to, piece));
                }
                3 => {
                    let other = self.pick(corpus);
                    let from = self.below(other.len());
                    let until = from + self.below((other.len() - from).min(120) + 1);
                    drop(data.splice(at..end, other[from..until].iter().copied()));
                }
                4 => data.truncate(at),
                _ => drop(data.splice(at..at, TOKENS[self.below(TOKENS.len())].bytes())),
            }
        }
        data.truncate(10_000);
        data
    }
}

#[test]
fn fuzz() {
    let seconds = std::env::var("SESTINA_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(60);
    let seed = std::env::var("SESTINA_FUZZ_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| {
            let mut seed = [0; 8];
            SystemRandom.fill(&mut seed);
            u64::from_le_bytes(seed)
        });
    eprintln!("SESTINA_FUZZ_SEED={seed}");
    let fuzzer = Fuzzer {
        random: SeededRandom::new(seed),
    };
    let mut streams: Vec<Vec<u8>> = STREAMS
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
    let addresses: Vec<Vec<u8>> = ADDRESSES
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
    for input in &streams {
        checks::reader(input);
    }
    for input in &addresses {
        checks::jid(input);
    }
    let (begin, mut runs) = (Instant::now(), 0u64);
    while begin.elapsed() < Duration::from_secs(seconds) {
        runs += 1;
        let stream = runs % 4 != 0;
        let input = fuzzer.mutate(if stream { &streams } else { &addresses });
        let check = if stream { checks::reader } else { checks::jid };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&input))) {
            eprintln!(
                "seed {seed}, run {runs}, input: {:?}",
                String::from_utf8_lossy(&input)
            );
            eprintln!("bytes: {input:?}");
            std::panic::resume_unwind(panic);
        }
        // What is still read as elements after mutation leads further than what is not.
        if stream && streams.len() < 2000 && checks::elements(&input) > 0 {
            streams.push(input);
        }
    }
    eprintln!("{runs} inputs, {} in the corpus", streams.len());
    assert!(
        seconds == 0 || streams.len() > STREAMS.len(),
        "mutation leaves nothing readable"
    );
}
