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

#[cfg(not(test))]
#[inline]
fn counted(_: usize, _: usize) {}

#[cfg(test)]
use tests::counted;

// SAFETY: every call goes to the system's allocator with the arguments as they came, and its answer comes back as it is,
// so its guarantees are this one's. Looking at the answer allocates nothing and does not unwind.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        counted(0, layout.size());
        // SAFETY: the caller keeps to the contract of `alloc`, which is the same.
        looked_at(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        counted(0, layout.size());
        // SAFETY: as above.
        looked_at(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        counted(layout.size(), size);
        // SAFETY: as above.
        looked_at(unsafe { System.realloc(at, layout, size) })
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        counted(layout.size(), 0);
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

#[cfg(test)]
pub(in crate::worker) mod tests {
    use std::cell::Cell;

    thread_local! {
        /// Bytes that this thread holds, and the most that it held.
        static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
    }

    pub(super) fn counted(before: usize, after: usize) {
        let _ = HELD.try_with(|held| {
            let (now, most) = held.get();
            let now = now + after.cast_signed() - before.cast_signed();
            held.set((now, most.max(now)));
        });
    }

    /// What `work` gives, and the most bytes that this thread held meanwhile beyond those that it held before.
    pub fn most_held<T>(work: impl FnOnce() -> T) -> (T, usize) {
        let before = HELD.with(|held| {
            let (now, _) = held.get();
            held.set((now, now));
            now
        });
        let result = work();
        let most = HELD.with(|held| held.get().1);
        (result, (most - before).cast_unsigned())
    }

    #[test]
    fn counts_what_is_held_at_once() {
        let (_, most) = most_held(|| {
            drop(vec![0_u8; 1_000]);
            let mut kept = Vec::<u8>::with_capacity(300);
            kept.reserve_exact(700);
            drop(vec![0_u8; 500]);
        });
        assert_eq!(most, 1_200);
    }
}
