//! What must hold for whatever comes over WebSocket: for property tests and fuzzing.

#![allow(clippy::expect_used, reason = "that is how a check fails")]

use sestina_wire::{Event, Limits, ns};
use tokio::io::AsyncWriteExt as _;
use tungstenite::protocol::Role;

use super::{Transport, memory};
use crate::stream::XmlStream;

/// Any bytes behind a handshake: they are read as elements within the limits, or end the stream.
///
/// # Panics
/// When that does not hold.
pub fn bytes(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (ours, mut theirs) = memory::pair();
        // More would wait for a reader of what we answer.
        let bytes = bytes.get(..16 * 1024).unwrap_or(bytes);
        theirs.write_all(bytes).await.expect("room for it");
        theirs.shutdown().await.expect("an end");
        let limits = Limits::before_login();
        let transport = Transport::web_socket(ours, Vec::new(), Role::Server, false);
        let mut stream = XmlStream::new(transport, limits, ns::CLIENT);
        let mut open = false;
        while let Ok(Some(event)) = stream.event().await {
            match event {
                Event::Open(_) => open = true,
                Event::Element(frame) => {
                    assert!(open, "an element before the header: {frame:?}");
                    assert!(
                        frame.bytes().len() <= limits.stanza_bytes + 256,
                        "{frame:?}"
                    );
                }
                Event::Close => {}
            }
        }
        // What ended it is said again, and whatever is to be said can be.
        let _ = stream.event().await;
        stream.queue_close();
        let _ = stream.flush().await;
    });
}

/// The same with bytes that are taken as a description of frames, so that more of them are whole: the first bits of each, a length,
/// and what it carries.
///
/// # Panics
/// As [`bytes`].
pub fn frames(mut description: &[u8]) {
    let mut out = Vec::new();
    while let [bits, length, rest @ ..] = description {
        let length = usize::from(length % 126).min(rest.len());
        let (payload, others) = rest.split_at(length);
        // With a mask of nothing.
        out.extend([*bits, 0x80 | length as u8, 0, 0, 0, 0]);
        out.extend_from_slice(payload);
        description = others;
    }
    bytes(&out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    const OPEN: &str =
        "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a.example' version='1.0'/>";

    /// Found by fuzzing: what is behind it has filled the buffer.
    #[test]
    fn a_frame_that_is_too_long_ends_the_stream() {
        let mut bytes = vec![0x81, 0xfe, 0xff, 0xff, 0, 0, 0, 0];
        bytes.resize(8 * 1024, b'x');
        super::bytes(&bytes);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_end_the_stream(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            super::bytes(&bytes);
        }

        #[test]
        fn any_frames_are_read_or_end_the_stream(
            begun in any::<bool>(),
            frames in proptest::collection::vec((any::<u8>(), "[<>/a-z='\" :!?-]{0,40}"), 0..12),
        ) {
            let mut description = Vec::new();
            if begun {
                description.extend([0x81, OPEN.len() as u8]);
                description.extend_from_slice(OPEN.as_bytes());
            }
            for (bits, text) in frames {
                // Mostly whole texts and pieces of them.
                let bits = if bits < 0x60 { 0x81 } else if bits < 0x80 { 0x01 } else { bits };
                description.extend([bits, text.len() as u8]);
                description.extend_from_slice(text.as_bytes());
            }
            super::frames(&description);
        }
    }
}
