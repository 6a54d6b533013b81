//! Hands finished mail to a mail server (stage 9; RFC 5321).
