//! A disk without room under the store.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::world::{ADDRESS, MAILBOX, World};

const COLLECTOR: &str = "open-telemetry/opentelemetry-collector";

/// A small file system of its own, gone when it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn below(folder: &Path) -> Self {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"]).arg(folder).status().unwrap();
        assert!(mounted.success(), "a tmpfs cannot be mounted: run the tests as root");
        SmallDisk(folder.to_owned())
    }

    /// Leaves no byte of room.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        // Writes until there is no room: that is no failure here.
        let _full = fs::write(&path, vec![0_u8; 8 << 20]);
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn report(number: usize) -> String {
    format!(
        "From: <reporter{number}@halden-labs.example>\r\nTo: <{ADDRESS}>\r\nMessage-ID: <disk-{number}@halden-labs.example>\r\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: Collector crash {number}\r\n\r\nHello,\r\n\r\n\
         the OTLP receiver of https://github.com/{COLLECTOR} v0.130.0 can be crashed by one unauthenticated request, TOKEN-{number}-END.\r\n\
         CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H, CWE-770.\r\n"
    )
}

#[test]
fn a_full_disk_stops_nothing_for_good() {
    let mut world = World::new("");
    let disk = SmallDisk::below(&world.gateway.folder().join("state"));
    world.dovecot.append(MAILBOX, "INBOX", report(0).as_bytes());
    world.gateway.start();
    world.wait_for("the first report", || (world.folder("Processed").len() == 1).then_some(()));

    let filler = disk.fill();
    for number in 1..4 {
        world.dovecot.append(MAILBOX, "INBOX", report(number).as_bytes());
    }
    world.wait_for("the operator to be told", || world.gateway.log().contains("disk is full").then_some(()));
    assert!(world.folder("INBOX").len() == 3, "nothing is moved that is not recorded");

    fs::remove_file(filler).unwrap();
    world.wait_for("the rest", || (world.folder("Processed").len() == 4).then_some(()));
    let advisories = world.github.advisories(COLLECTOR);
    for number in 0..4 {
        let token = format!("TOKEN-{number}-END");
        let found = advisories.iter().filter(|a| a["description"].as_str().unwrap().contains(&token)).count();
        assert_eq!(found, 1, "{token}");
    }
    assert_eq!(world.gateway.stop(), Some(0));
}
