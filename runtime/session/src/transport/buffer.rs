//! The buffer that gathers what is to be written.

use std::cell::RefCell;

/// Buffers that a thread keeps for the next writer.
const POOLED: usize = 32;
/// A buffer that has grown past this is given back to the allocator, not to the pool (bytes).
const POOLED_BYTES: usize = 64 * 1024;

thread_local! {
    static POOL: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Bytes waiting to be written to one connection.
///
/// Memory is taken from the thread's pool at the first byte and returned to it with the last, so a connection that has
/// nothing to say holds none, and a busy one allocates nothing.
#[derive(Default)]
pub struct OutBuffer {
    bytes: Vec<u8>,
    written: usize,
}

impl OutBuffer {
    /// An empty buffer, without memory.
    pub const fn new() -> OutBuffer {
        OutBuffer {
            bytes: Vec::new(),
            written: 0,
        }
    }

    /// Where to append what shall be written.
    pub fn vec(&mut self) -> &mut Vec<u8> {
        if self.bytes.capacity() == 0 {
            self.bytes = POOL
                .with(|pool| pool.borrow_mut().pop())
                .unwrap_or_default();
        }
        &mut self.bytes
    }

    /// What has not been written yet.
    pub fn pending(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// Number of bytes not written yet.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// Whether everything has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the first `count` pending bytes.
    pub fn consume(&mut self, count: usize) {
        self.written = (self.written + count).min(self.bytes.len());
        if self.written == self.bytes.len() {
            self.release();
        } else if self.written >= POOLED_BYTES {
            // A peer that reads slowly never lets the buffer run empty: reclaim the front now and then.
            self.bytes.drain(..self.written);
            self.written = 0;
        }
    }

    fn release(&mut self) {
        self.written = 0;
        let mut bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() == 0 || bytes.capacity() > POOLED_BYTES {
            return;
        }
        bytes.clear();
        POOL.with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < POOLED {
                pool.push(bytes);
            }
        });
    }
}

impl std::fmt::Debug for OutBuffer {
    /// How much, not what: it may be anybody's words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutBuffer({} bytes)", self.len())
    }
}

impl Drop for OutBuffer {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_memory_only_while_something_is_pending() {
        let mut out = OutBuffer::new();
        assert_eq!(out.bytes.capacity(), 0);
        out.vec().extend_from_slice(b"abcdef");
        out.consume(2);
        assert_eq!(out.pending(), b"cdef");
        out.consume(4);
        assert!(out.is_empty());
        assert_eq!(out.bytes.capacity(), 0);
    }

    #[test]
    fn the_written_front_of_a_long_queue_is_reclaimed() {
        let mut out = OutBuffer::new();
        out.vec().resize(3 * POOLED_BYTES, b'x');
        out.consume(POOLED_BYTES);
        assert_eq!(out.bytes.len(), 2 * POOLED_BYTES);
        assert_eq!(out.len(), 2 * POOLED_BYTES);
    }
}
