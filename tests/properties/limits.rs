//! Splitting a mail into parts, within limits.

use advisory_intake::mime::{self, Content, Entity};
use advisory_intake::model::Limits;

use super::small;

/// A mail is split within the limits, or not at all; parts lie inside of what holds them, in order, and between two of
/// them stands a boundary line and nothing else.
pub fn check(mail: &[u8]) {
    let limits = small();
    let Ok(entity) = mime::parse(mail, &limits) else {
        let beginning = Entity::headers_only(mail, &limits);
        assert!(beginning.header.values("from").count() <= limits.header_count);
        return;
    };
    assert!(entity.walk().len() <= limits.mime_parts, "{} parts", entity.walk().len());
    part(&entity, &limits, limits.mime_depth);
}

fn part(entity: &Entity, limits: &Limits, depth: usize) {
    assert!(entity.raw.ends_with(entity.body), "a body that is not the end of its part");
    let header = entity.raw.len() - entity.body.len();
    assert!(header <= limits.header_size + 2, "a header section of {header} bytes");
    assert!(entity.decoded().len() <= entity.body.len() + entity.body.len() / 2 + 64, "a transfer encoding that grows");
    if let Some(name) = entity.file_name() {
        assert!(super::is_one_line(&name) && !name.contains(['/', '\\']), "file name {name:?}");
    }
    let (children, boundary): (Vec<&Entity>, _) = match &entity.content {
        Content::Leaf => return,
        Content::Message(message) => (vec![message], None),
        // A boundary that the header lost is any.
        Content::Multipart(children) if entity.guessed => (children.iter().collect(), Some("")),
        Content::Multipart(children) => (children.iter().collect(), entity.content_type.parameter("boundary")),
    };
    assert!(depth > 0, "too deep");
    let mut from = None;
    for child in children {
        let (start, end) = place(entity.body, child.raw);
        if let (Some(from), Some(boundary)) = (from, boundary) {
            let between = entity.body.get(from..start).expect("parts in order");
            let line = String::from_utf8_lossy(between);
            let line = line.trim();
            assert!(line.starts_with("--") && line[2..].starts_with(boundary.trim_end()), "lost {line:?}");
            assert!(!line.contains('\n'), "lost lines {line:?}");
        }
        from = Some(end);
        part(child, limits, depth - 1);
    }
}

/// Where `inner` lies in `outer`, of which it is a part.
fn place(outer: &[u8], inner: &[u8]) -> (usize, usize) {
    let start = (inner.as_ptr() as usize).checked_sub(outer.as_ptr() as usize).expect("a part of the body");
    assert!(start + inner.len() <= outer.len(), "a part that reaches beyond the body");
    (start, start + inner.len())
}
