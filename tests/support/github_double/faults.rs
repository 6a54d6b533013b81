use std::time::Duration;

/// A failure that waits for its request.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The endpoint, by the names of `way::Endpoint`.
    pub on: &'static str,
    pub what: What,
    /// How many requests it hits.
    pub times: usize,
}

impl Fault {
    /// Hits the next request to `endpoint`.
    pub fn on(endpoint: &'static str, what: What) -> Self {
        Fault { on: endpoint, what, times: 1 }
    }

    /// Hits that many requests.
    pub fn times(self, times: usize) -> Self {
        Fault { times, ..self }
    }
}

/// How a request fails. `stored`: after it has been carried out.
#[derive(Debug, Clone)]
pub enum What {
    /// Answers this.
    Answer { stored: bool, status: u16, headers: Vec<(&'static str, String)>, body: String },
    /// Closes the connection without an answer.
    Drop { stored: bool },
    /// Carries it out, waits, and then answers properly.
    Delay(Duration),
}

impl What {
    /// An answer without headers, before anything was carried out.
    pub fn status(status: u16, body: &str) -> Self {
        What::Answer { stored: false, status, headers: vec![], body: body.to_owned() }
    }

    /// The same with headers.
    pub fn with_headers(status: u16, headers: &[(&'static str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        What::Answer { stored: false, status, headers, body: body.to_owned() }
    }

    /// An answer after the request was carried out.
    pub fn after_storing(status: u16, body: &str) -> Self {
        What::Answer { stored: true, status, headers: vec![], body: body.to_owned() }
    }

    pub(super) fn stored(&self) -> bool {
        match self {
            What::Answer { stored, .. } | What::Drop { stored } => *stored,
            What::Delay(_) => true,
        }
    }
}
