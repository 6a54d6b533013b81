//! A TCP proxy that keeps every byte both ways, to look for what must not be there.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A recording proxy before one port of this machine. It ends with the test process.
#[derive(Debug)]
pub struct Wire {
    pub port: u16,
    record: Arc<Mutex<Vec<u8>>>,
}

impl Wire {
    /// Listens, and passes every connection on to `target`.
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let record = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&record);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else { continue };
                let ends = [(&client, &server), (&server, &client)];
                for (from, to) in ends.map(|(a, b)| (a.try_clone().unwrap(), b.try_clone().unwrap())) {
                    let record = Arc::clone(&shared);
                    thread::spawn(move || copy(from, to, &record));
                }
            }
        });
        Wire { port, record }
    }

    /// Everything so far, both ways, in order of arrival.
    pub fn recorded(&self) -> Vec<u8> {
        self.record.lock().unwrap().clone()
    }

    /// Whether `needle` went over the wire as it stands.
    pub fn contains(&self, needle: &str) -> bool {
        memchr::memmem::find(&self.recorded(), needle.as_bytes()).is_some()
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, record: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 8 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        record.lock().unwrap().extend_from_slice(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
