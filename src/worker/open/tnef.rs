use super::ciphertext::File;
use super::walk::{Place, Walk};
use crate::mime;
use crate::model::Doubt;

impl Walk<'_> {
    /// Outlook's winmail.dat: its text and files as if they were parts of the mail. A damaged one is passed on as a file, and a
    /// person looks.
    pub(super) fn winmail(&mut self, file: &File, place: &Place) {
        if self.used_up() {
            return self.doubt(Doubt::BrokenContainer);
        }
        let within = Place { root: false, ..place.clone() };
        let Ok(found) = mime::tnef(file.bytes) else {
            self.doubt(Doubt::BrokenContainer);
            let name = file.name.unwrap_or("winmail.dat").to_owned();
            return self.file(name, "application/ms-tnef", file.bytes, &within);
        };
        let before = self.seen.len() + self.tried;
        match (found.text, found.html) {
            (Some(text), _) if !text.trim_ascii().is_empty() => self.text(text, None, &within),
            (_, Some(html)) => self.hypertext(&mime::charset(None, html), &within),
            _ => {}
        }
        for packed in &found.files {
            let name = packed.name.as_deref().and_then(mime::file_name);
            let media_type = packed.media_type.as_deref().unwrap_or("application/octet-stream");
            self.unshown(&File { name: name.as_deref(), media_type, bytes: packed.bytes }, &within);
        }
        // Rich text alone: nothing of what it says was read.
        if found.rtf && self.seen.len() + self.tried == before {
            self.doubt(Doubt::BrokenContainer);
            self.file("winmail.dat".to_owned(), "application/ms-tnef", file.bytes, &within);
        }
    }
}
