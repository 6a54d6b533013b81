//! What the processes of a gateway use, and the machine, by the kernel's own counts (proc(5)).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// Of a second, in which the kernel counts time.
const TICKS: f64 = 100.0;

/// Seconds of processor time, and bytes of memory in which what processes share counts once.
#[derive(Debug, Default)]
pub struct Usage {
    pub workers: f64,
    pub daemon: f64,
    /// Of all processes at one time.
    pub peak: f64,
    pub peak_daemon: f64,
}

pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Usage>,
}

impl Watch {
    pub fn end(self) -> Usage {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Watches a process and all that come from it.
pub fn watch(root: u32) -> Watch {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = thread::spawn(move || {
        let mut usage = Usage::default();
        // A process that has ended keeps what it had used at the last look.
        let mut times = BTreeMap::new();
        while !stopped.load(Ordering::Relaxed) {
            look(root, &mut usage, &mut times);
            thread::sleep(LOOK);
        }
        for (is_worker, time) in times.into_values() {
            *(if is_worker { &mut usage.workers } else { &mut usage.daemon }) += time;
        }
        usage
    });
    Watch { stop, thread }
}

fn look(root: u32, usage: &mut Usage, times: &mut BTreeMap<u32, (bool, f64)>) {
    let (mut all, mut of_daemon) = (0.0, 0.0);
    for pid in family(root) {
        let Some(stat) = stat(pid) else { continue };
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let is_worker = command.split(|byte| *byte == 0).any(|word| word == b"worker");
        times.insert(pid, (is_worker, stat.time));
        let memory = memory(pid).unwrap_or_default();
        all += memory;
        of_daemon += if pid == root { memory } else { 0.0 };
    }
    usage.peak = usage.peak.max(all);
    usage.peak_daemon = usage.peak_daemon.max(of_daemon);
}

/// A process and all below it.
fn family(root: u32) -> BTreeSet<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids: Vec<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    let parents: BTreeMap<u32, u32> = pids.iter().filter_map(|pid| Some((*pid, stat(*pid)?.parent))).collect();
    let mut found = BTreeSet::from([root]);
    loop {
        let more: Vec<u32> = parents
            .iter()
            .filter(|(pid, parent)| found.contains(parent) && !found.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

struct Stat {
    parent: u32,
    time: f64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name, which may hold anything: state, parent, …, utime and stime as the 12th and 13th.
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some(Stat { parent: fields.get(1)?.parse().ok()?, time: (number(11)? + number(12)?) / TICKS })
}

fn memory(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find(|line| line.starts_with("Pss:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kilobytes| kilobytes * 1024.0)
}

/// What all cores have done since the machine was started.
pub struct Machine {
    busy: f64,
    all: f64,
}

impl Machine {
    /// The share of the time between `before` and this in which cores were busy.
    pub fn busy_since(&self, before: &Machine) -> f64 {
        (self.busy - before.busy) / (self.all - before.all)
    }
}

pub fn machine() -> Machine {
    let text = fs::read_to_string("/proc/stat").unwrap();
    let counts: Vec<f64> =
        text.lines().next().unwrap().split_whitespace().skip(1).take(8).map(|count| count.parse().unwrap()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let all: f64 = counts.iter().sum();
    Machine { busy: all - counts[3] - counts[4], all }
}

pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
