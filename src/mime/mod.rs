//! Parses and builds mail (RFC 5322, RFC 2045 to 2049).
