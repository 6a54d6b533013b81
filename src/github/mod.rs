//! Files advisories through GitHub's REST API (stage 7).
