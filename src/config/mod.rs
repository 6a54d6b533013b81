//! What the configuration file says, made into what the program uses.
