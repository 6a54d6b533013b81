use tokio::sync::watch;

/// Wakes idle tasks when another one has made work for them.
#[derive(Debug, Default)]
pub(super) struct Bells {
    open: Bell,
    file: Bell,
    suspect: Bell,
    settle: Bell,
    mail: Bell,
}

#[derive(Debug)]
struct Bell(watch::Sender<()>);

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Open,
    File,
    /// Never rung: nobody is in haste there.
    Suspect,
    Settle,
    Mail,
}

impl Default for Bell {
    fn default() -> Self {
        Bell(watch::Sender::new(()))
    }
}

impl Bells {
    /// There is work for `room`.
    pub fn ring(&self, room: Room) {
        self.bell(room).0.send_replace(());
    }

    /// Hears of all rings from now on; one that comes between looking for work and waiting is not lost.
    pub fn listen(&self, room: Room) -> watch::Receiver<()> {
        self.bell(room).0.subscribe()
    }

    fn bell(&self, room: Room) -> &Bell {
        match room {
            Room::Open => &self.open,
            Room::File => &self.file,
            Room::Suspect => &self.suspect,
            Room::Settle => &self.settle,
            Room::Mail => &self.mail,
        }
    }
}
