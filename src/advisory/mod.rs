//! What the gateway files (stage 6): a report as fields and Markdown for GitHub, which cannot ping, forge or break out.

mod blocks;
mod draft;
mod neutral;
mod online;
mod pages;
mod shapes;
mod status;
#[cfg(test)]
mod tests;
mod versions;

pub use draft::draft;
pub use neutral::neutralise;
