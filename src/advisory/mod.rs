//! What the gateway files (stage 6): a report as fields and Markdown for GitHub, which cannot ping, forge or break out.

mod draft;
mod neutral;
mod pages;
mod shapes;
mod status;
#[cfg(test)]
mod tests;

pub use draft::draft;
pub use neutral::neutralise;
