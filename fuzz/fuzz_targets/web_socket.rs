//! Any bytes and any frames behind a handshake of WebSocket: `fuzz/run 60 web_socket`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    sestina_session::transport::checks::bytes(data);
    sestina_session::transport::checks::frames(data);
});
