//! A DNS server on loopback that knows TXT records, over UDP and TCP (RFC 1035).

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What it does about a name; every other name does not exist.
#[derive(Clone)]
pub enum Zone {
    /// Records, in strings of 255 bytes.
    Txt(Vec<String>),
    /// SERVFAIL.
    Fails,
    /// No answer at all.
    Silent,
}

/// The server; it ends when it is dropped.
pub struct DnsServer {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl DnsServer {
    pub fn start(zones: &[(&str, Zone)]) -> Self {
        let zones: BTreeMap<String, Zone> =
            zones.iter().map(|(name, zone)| ((*name).to_owned(), zone.clone())).collect();
        let (tcp, udp) = sockets();
        let address = udp.local_addr().unwrap();
        let (asked, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (known, seen, ended) = (zones.clone(), asked.clone(), stop.clone());
        let over_udp = std::thread::spawn(move || {
            let mut bytes = [0; 2_048];
            while !ended.load(Ordering::Relaxed) {
                let Ok((length, from)) = udp.recv_from(&mut bytes) else { continue };
                let (name, reply) = answer(&bytes[..length], &known, 1_200);
                seen.lock().unwrap().push(name);
                reply.map(|reply| udp.send_to(&reply, from));
            }
        });
        let ended = stop.clone();
        let over_tcp = std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                let Ok((mut stream, _)) = tcp.accept() else {
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                };
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
                let mut length = [0; 2];
                while stream.read_exact(&mut length).is_ok() {
                    let mut bytes = vec![0; u16::from_be_bytes(length).into()];
                    if stream.read_exact(&mut bytes).is_err() {
                        break;
                    }
                    if let Some(reply) = answer(&bytes, &zones, usize::MAX).1 {
                        stream.write_all(&[&(reply.len() as u16).to_be_bytes()[..], &reply].concat()).unwrap();
                    }
                }
            }
        });
        DnsServer { address, asked, stop, threads: vec![over_udp, over_tcp] }
    }

    /// The names that it was asked for over UDP, each once.
    pub fn asked(&self) -> Vec<String> {
        let mut names = self.asked.lock().unwrap().clone();
        names.sort();
        names.dedup();
        names
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

/// Both kinds on one port.
fn sockets() -> (TcpListener, UdpSocket) {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()) {
            tcp.set_nonblocking(true).unwrap();
            udp.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            return (tcp, udp);
        }
    }
}

/// The name asked for, and what is answered within `room` bytes.
fn answer(query: &[u8], zones: &BTreeMap<String, Zone>, room: usize) -> (String, Option<Vec<u8>>) {
    let (mut at, mut labels) = (12, Vec::new());
    while query[at] != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..at + 1 + length]).to_lowercase());
        at += length + 1;
    }
    let (name, question) = (labels.join("."), &query[12..at + 5]);
    let (code, records) = match zones.get(&name) {
        Some(Zone::Txt(records)) => (0, records.clone()),
        Some(Zone::Fails) => (2, Vec::new()),
        Some(Zone::Silent) => return (name, None),
        None => (3, Vec::new()),
    };
    let data: Vec<u8> = records.iter().flat_map(|record| resource(record)).collect();
    let cut = 12 + question.len() + data.len() > room;
    let flags: u16 = 0x8180 | code | if cut { 0x0200 } else { 0 };
    let count = if cut { 0 } else { records.len() as u16 };
    let header: Vec<u8> = [1, count, 0, 0].iter().flat_map(|number: &u16| number.to_be_bytes()).collect();
    let reply = [&query[..2], &flags.to_be_bytes(), &header, question, if cut { &[] } else { &data }].concat();
    (name, Some(reply))
}

/// A TXT record for the name in the question, which holds for a minute.
fn resource(text: &str) -> Vec<u8> {
    let strings: Vec<u8> = text.as_bytes().chunks(255).flat_map(|part| [&[part.len() as u8], part].concat()).collect();
    [&[0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60][..], &(strings.len() as u16).to_be_bytes(), &strings].concat()
}
