//! A mail server that takes everything at once and remembers to whom it went, and when.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

/// A listening sink. It ends with the process.
pub struct Sink {
    pub port: u16,
    taken: Arc<Mutex<Vec<(String, Instant)>>>,
}

impl Sink {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&taken);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let taken = Arc::clone(&shared);
                thread::spawn(move || serve(&client, &taken));
            }
        });
        Sink { port, taken }
    }

    /// Who got mail, in the order of taking.
    pub fn taken(&self) -> Vec<(String, Instant)> {
        self.taken.lock().unwrap().clone()
    }
}

fn serve(mut client: &TcpStream, taken: &Mutex<Vec<(String, Instant)>>) -> Option<()> {
    let mut lines = BufReader::new(client).lines();
    let mut to = String::new();
    client.write_all(b"220 sink.test\r\n").ok()?;
    while let Some(Ok(line)) = lines.next() {
        let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" => "250-sink.test\r\n250 8BITMIME",
            "RCPT" => {
                to = line.split_once('<')?.1.split_once('>')?.0.to_owned();
                "250 ok"
            }
            "DATA" => {
                client.write_all(b"354 go on\r\n").ok()?;
                while lines.next()?.ok()? != "." {}
                taken.lock().unwrap().push((to.clone(), Instant::now()));
                "250 2.0.0 Ok: queued as 1"
            }
            "QUIT" => {
                client.write_all(b"221 bye\r\n").ok()?;
                return None;
            }
            _ => "250 ok",
        };
        client.write_all(format!("{answer}\r\n").as_bytes()).ok()?;
    }
    None
}
