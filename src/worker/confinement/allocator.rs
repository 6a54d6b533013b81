use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether memory that cannot be had ends this process.
static FINAL: AtomicBool = AtomicBool::new(false);

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// The system's allocator; in a worker with this difference: who asks for more than there may be ends the process.
///
/// A parser that is told "no memory" may call the message malformed, or give half of it. Neither is true: a message that
/// needs more than the ceiling costs its worker, and is held for that.
struct Allocator;

/// From now on, memory that cannot be had ends this process.
pub(super) fn make_failure_final() {
    FINAL.store(true, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator with the arguments as they came, and its answer comes back as it is,
// so its guarantees are this one's. Looking at the answer allocates nothing and does not unwind.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps to the contract of `alloc`, which is the same.
        looked_at(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        looked_at(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        looked_at(unsafe { System.realloc(at, layout, size) })
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[inline]
fn looked_at(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        end();
    }
    memory
}

#[cold]
fn end() {
    if FINAL.load(Ordering::Relaxed) {
        // Standard error has no buffer, so this needs no memory; what cannot be written is not worth more.
        let _ = std::io::stderr().write_all(b"worker wants more memory than it may have\n");
        std::process::abort();
    }
}
