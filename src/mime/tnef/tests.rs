use super::*;

fn attribute(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
    let sum = data.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    let length = u32::try_from(data.len()).unwrap();
    [&[level][..], &id.to_le_bytes(), &length.to_le_bytes(), data, &sum.to_le_bytes()].concat()
}

fn container(attributes: &[Vec<u8>]) -> Vec<u8> {
    [&SIGNATURE[..], &[1, 0], &attributes.concat()].concat()
}

/// A string or bytes as the value of a property.
fn variable(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes =
        [&tag.to_le_bytes()[..], &[1, 0, 0, 0], &u32::try_from(value.len()).unwrap().to_le_bytes(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn listed(count: u32, values: &[Vec<u8>]) -> Vec<u8> {
    [&count.to_le_bytes()[..], &values.concat()].concat()
}

#[test]
fn text_html_and_files_come_out() {
    let utf16: Vec<u8> = "größe.asc\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let named = [&0x8001_0003_u32.to_le_bytes()[..], &[7; 16], &[0; 4], &[9; 4], &[5; 4]].concat();
    let bytes = container(&[
        attribute(1, 0x0008_9006, &[0, 0, 1, 0]),
        attribute(1, attribute::BODY, b"hello\0"),
        attribute(
            1,
            attribute::PROPERTIES,
            &listed(
                3,
                &[
                    named,
                    variable(0x1013_0102, b"<p>hello</p>"),
                    [&0x0e08_0003_u32.to_le_bytes()[..], &[1, 2, 3, 4]].concat(),
                ],
            ),
        ),
        attribute(2, attribute::FILE_BEGINS, &[0; 14]),
        attribute(2, attribute::FILE_TITLE, b"GRE~1.ASC\0"),
        attribute(2, attribute::FILE_DATA, b"content"),
        attribute(
            2,
            attribute::FILE_PROPERTIES,
            &listed(2, &[variable(0x3707_001f, &utf16), variable(0x370e_001e, b"Text/Plain\0")]),
        ),
        attribute(2, attribute::FILE_BEGINS, &[0; 14]),
        attribute(2, attribute::FILE_DATA, b"other"),
    ]);
    let found = tnef(&bytes).unwrap();
    assert_eq!((found.text, found.html, found.rtf), (Some(&b"hello"[..]), Some(&b"<p>hello</p>"[..]), false));
    let file = |name: Option<&str>, kind: Option<&str>, bytes| TnefFile {
        name: name.map(str::to_owned),
        media_type: kind.map(str::to_owned),
        bytes,
    };
    assert_eq!(found.files, [file(Some("größe.asc"), Some("text/plain"), b"content"), file(None, None, b"other")]);
}

#[test]
fn lengths_that_cannot_be_are_refused() {
    let whole =
        container(&[attribute(1, attribute::BODY, b"hello"), attribute(1, attribute::PROPERTIES, &listed(0, &[]))]);
    assert!(tnef(&whole).is_ok());
    for cut in 7..whole.len() {
        let at_an_end = cut == 6 || cut == 6 + 11 + 5;
        assert_eq!(tnef(&whole[..cut]).is_err(), !at_an_end, "cut after {cut}");
    }
    let mut huge = whole.clone();
    huge[11..15].copy_from_slice(&[0xff; 4]);
    let mut other_sum = whole.clone();
    other_sum[15] ^= 1;
    let bad_list = |data: Vec<u8>| container(&[attribute(1, attribute::PROPERTIES, &data)]);
    let cases = [
        ("an attribute of 4 GiB", huge),
        ("a wrong sum", other_sum),
        ("four billion properties", bad_list(vec![0xff; 4])),
        (
            "a property of 4 GiB",
            bad_list(listed(1, &[[&0x1013_0102_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 4]].concat()])),
        ),
        ("four billion values", bad_list(listed(1, &[[&0x1013_1003_u32.to_le_bytes()[..], &[0xff; 4]].concat()]))),
        ("an unknown type", bad_list(listed(1, &[0x1013_0fff_u32.to_le_bytes().to_vec()]))),
        ("no container", b"PK\x03\x04".to_vec()),
    ];
    for (name, bytes) in cases {
        assert_eq!(tnef(&bytes), Err(BrokenTnef), "{name}");
    }
    let many = vec![attribute(2, attribute::FILE_BEGINS, &[]); MOST_FILES + 1];
    assert_eq!(tnef(&container(&many)), Err(BrokenTnef));
}
