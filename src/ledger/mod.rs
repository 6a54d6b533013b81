//! A folder of advisories in place of GitHub, for the demo and for those who file by hand.
