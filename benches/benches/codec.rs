//! Reading and writing stanzas, beside xmpp-parsers typed and quick-xml's bare tokens.
//!
//! Each figure is the median of several runs; allocations are counted by the allocator of this program. Reading does the
//! whole work on both sides: from bytes to a typed stanza with its typed payloads. quick-xml only finds the tokens: it checks
//! no namespaces and builds nothing, and stands here as a limit.
//!
//! `cargo bench -p sestina-benches --bench codec -- --instructions` counts instructions instead of time, with valgrind's
//! callgrind: a figure that does not depend on what else the machine does.
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

/// How often the work is done in the two counted runs; their difference is free of what comes before and after.
const ROUNDS: [u32; 2] = [20, 120];

/// What is counted in a run of its own: `--count WHO READS_OR_WRITES SAMPLE ROUNDS`.
fn count_one(arguments: &[String]) {
    let [who, what, sample, rounds] = arguments else {
        panic!("--count WHO WHAT SAMPLE ROUNDS");
    };
    let (sample, rounds): (usize, u32) = (sample.parse().unwrap(), rounds.parse().unwrap());
    let sample = corpus::samples().into_iter().nth(sample).unwrap();
    let codec = if who == "ours" {
        sample.ours
    } else {
        sample.theirs
    };
    let bytes = sample.text.as_bytes();
    let mut writer = codec.writer(bytes);
    for _ in 0..rounds {
        match what.as_str() {
            "read" => codec.read(bytes),
            _ => writer(),
        }
    }
}

/// Instructions of one round, counted by callgrind over this very program.
fn instructions(who: &str, what: &str, sample: usize) -> f64 {
    let [few, many] = ROUNDS.map(|rounds| {
        let output = std::process::Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--count",
                who,
                what,
                &sample.to_string(),
                &rounds.to_string(),
            ])
            .output()
            .expect("valgrind runs");
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = said
            .lines()
            .find_map(|line| line.split_once("Collected : "));
        let (_, count) = line.unwrap_or_else(|| panic!("callgrind counts: {said}"));
        count.trim().parse::<f64>().unwrap()
    });
    let [first, second] = ROUNDS;
    (many - few) / f64::from(second - first)
}

/// The table of instructions.
fn count() {
    if std::process::Command::new("valgrind")
        .arg("--version")
        .output()
        .is_err()
    {
        println!("SKIP instructions: valgrind is not installed");
        return;
    }
    println!("| | read: Sestina | xmpp-parsers | ratio | write: Sestina | xmpp-parsers | ratio |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let (mut reading, mut writing) = (Vec::new(), Vec::new());
    for (at, Sample { name, text, .. }) in corpus::samples().iter().enumerate() {
        let of = |who, what| instructions(who, what, at);
        let (read, their_read) = (of("ours", "read"), of("theirs", "read"));
        let (write, their_write) = (of("ours", "write"), of("theirs", "write"));
        println!(
            "| {name} ({} bytes) | {read:.0} | {their_read:.0} | {:.3} | {write:.0} | {their_write:.0} | {:.3} |",
            text.len(),
            read / their_read,
            write / their_write,
        );
        reading.push(read / their_read);
        writing.push(write / their_write);
    }
    means(&reading, &writing);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let instructions = arguments.iter().any(|one| one == "--instructions");
    match arguments.first().map(String::as_str) {
        Some("--count") => return count_one(arguments.get(1..).unwrap_or_default()),
        _ if instructions => return count(),
        _ => {}
    }
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
    means(&reading, &writing);
}

fn means(reading: &[f64], writing: &[f64]) {
    println!(
        "\ngeometric mean against xmpp-parsers: read {:.3}, write {:.3}",
        geometric_mean(reading),
        geometric_mean(writing)
    );
}

fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}
