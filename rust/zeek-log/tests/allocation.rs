//! Reading does not allocate once it is warm: one test, alone in its process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Cursor;
use std::sync::atomic::{AtomicU64, Ordering};
use zeek_log::{LogReader, Options};

struct Counting;

static MADE: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MADE.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps what `alloc` asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps what `dealloc` asks for.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn reading_does_not_allocate_once_it_is_warm() {
    let tsv_row = "1655071198.4\tC1\t10.0.0.1\tfe80::1\t443\t5\tx\\x09\\\\y\ta,b\\x2c,-\t1.5\tT\n";
    let tsv = format!(
        "#separator \\x09\n#path\tx\n#fields\tts\tuid\ta\tb\tp\tn\ts\tl\td\tt\n\
         #types\ttime\tstring\taddr\taddr\tport\tcount\tstring\tset[string]\tdouble\tbool\n{}",
        tsv_row.repeat(5000)
    );
    let json_row = "{\"_path\":\"x\",\"ts\":1655071198.4,\"id\":{\"orig_h\":\"10.0.0.1\"},\"s\":\"x\",\
        \"l\":[\"a\",\"b\"],\"d\":0.123456789,\"n\":null}\n{\"_path\":\"y\",\"ts\":\"2022-06-17T00:00:07Z\"}\n";
    for text in [tsv, json_row.repeat(5000)] {
        let stream = Box::new(Cursor::new(text.into_bytes()));
        let mut reader = LogReader::from_reader(stream, "x", None, &Options::default()).unwrap();
        for _ in 0..100 {
            assert!(reader.next().unwrap().is_some());
        }
        let before = MADE.load(Ordering::Relaxed);
        let mut rows = 0;
        while reader.next().unwrap().is_some() {
            rows += 1;
        }
        assert!(rows >= 4900);
        // The test's own threads may allocate a little at the same time.
        let made = MADE.load(Ordering::Relaxed) - before;
        assert!(made < 50, "{made} allocations for {rows} rows");
    }
}
