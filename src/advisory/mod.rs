//! Report and verdict to the text and fields of a GitHub advisory (stage 6).
