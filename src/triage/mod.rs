//! Reads and judges (stages 4 and 5).
