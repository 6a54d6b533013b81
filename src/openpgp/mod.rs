//! Keys, opening, verifying and sealing (RFC 9580).
