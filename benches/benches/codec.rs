//! Reading and writing stanzas, beside xmpp-parsers typed and quick-xml's bare tokens.
//!
//! Each figure is the median of several runs; allocations are counted by the allocator of this program. Reading does the
//! whole work on both sides: from bytes to a typed stanza with its typed payloads. quick-xml only finds the tokens: it checks
//! no namespaces and builds nothing, and stands here as a limit.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use sestina_benches::corpus::{self, Sample};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with a count of what is asked of it on this thread.
struct Counting;

#[allow(unsafe_code)] // `GlobalAlloc` cannot be implemented without; everything is handed on unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Time and allocations of one call.
#[derive(Clone, Copy)]
struct Cost {
    nanoseconds: f64,
    allocations: u64,
}

fn measure<R>(mut work: impl FnMut() -> R) -> Cost {
    // Warm caches and lazily made tables first.
    for _ in 0..50 {
        black_box(work());
    }
    let before = ALLOCATIONS.with(Cell::get);
    black_box(work());
    let allocations = ALLOCATIONS.with(Cell::get) - before;

    let mut rounds = 1_u32;
    let mut times: Vec<f64> = Vec::new();
    while times.len() < 15 {
        let start = Instant::now();
        for _ in 0..rounds {
            black_box(work());
        }
        let time = start.elapsed();
        if time < Duration::from_millis(10) {
            rounds *= 2;
            continue;
        }
        times.push(time.as_nanos() as f64 / f64::from(rounds));
    }
    times.sort_by(f64::total_cmp);
    Cost {
        nanoseconds: times[times.len() / 2],
        allocations,
    }
}

fn row(name: &str, bytes: usize, cost: Cost, typed: Cost) {
    println!(
        "| {name} | {:.0} | {:.0} | {:.3} | {} |",
        cost.nanoseconds,
        bytes as f64 / cost.nanoseconds * 1_000.0,
        cost.nanoseconds / typed.nanoseconds,
        cost.allocations
    );
}

fn table(title: &str) {
    println!("\n{title}\n");
    println!("| | ns | MB/s | ratio | allocations |");
    println!("|---|---:|---:|---:|---:|");
}

fn main() {
    let mut reading = Vec::new();
    let mut writing = Vec::new();
    for Sample {
        name,
        text,
        ours,
        theirs,
    } in corpus::samples()
    {
        let bytes = text.len();
        corpus::prove(name, &text, &*ours, &*theirs);

        let our_reading = measure(|| ours.read(text.as_bytes()));
        let their_reading = measure(|| theirs.read(text.as_bytes()));
        let tokens = measure(|| corpus::tokens(text.as_bytes()));
        table(&format!("read {name} ({bytes} bytes)"));
        row("Sestina", bytes, our_reading, their_reading);
        row("xmpp-parsers, typed", bytes, their_reading, their_reading);
        row("quick-xml, tokens only", bytes, tokens, their_reading);

        let mut our_writer = ours.writer(text.as_bytes());
        let mut their_writer = theirs.writer(text.as_bytes());
        let our_writing = measure(&mut our_writer);
        let their_writing = measure(&mut their_writer);
        table(&format!("write {name}"));
        row("Sestina", bytes, our_writing, their_writing);
        row("xmpp-parsers, typed", bytes, their_writing, their_writing);

        reading.push(our_reading.nanoseconds / their_reading.nanoseconds);
        writing.push(our_writing.nanoseconds / their_writing.nanoseconds);
    }
    println!(
        "\ngeometric mean against xmpp-parsers: read {:.3}, write {:.3}",
        geometric_mean(&reading),
        geometric_mean(&writing)
    );
}

fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}
