//! The box: long-lived processes that hold the keys and do stages 3 to 6 and the sealing of stage 8.

pub mod open;
