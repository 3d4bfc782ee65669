//! Pictures made here, with everything in them that is no picture.

use super::*;

/// An EXIF block: which way up, when (with a zone or not), where.
fn exif(little: bool, way: u16, zone: Option<&str>, south: bool) -> Vec<u8> {
    let two = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let four = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        let mut entry = [two(tag), two(kind)].concat();
        entry.extend(four(count));
        entry.extend(value);
        entry
    };
    let short = |value: u16| [two(value), [0, 0]].concat().try_into().unwrap();
    // Places: header 0..8, first directory 8..50, EXIF 50..80, GPS 80..134, then what is longer than four bytes.
    let (taken, offset, latitude, longitude) = (134, 154, 161, 185);
    let mut all = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
    all.extend(four(8));
    all.extend(two(3));
    all.extend(entry(0x0112, 3, 1, short(way)));
    all.extend(entry(0x8769, 4, 1, four(50)));
    all.extend(entry(0x8825, 4, 1, four(80)));
    all.extend(four(0));
    all.extend(two(2));
    all.extend(entry(0x9003, 2, 20, four(taken)));
    let other = if zone.is_some() { 0x9011 } else { 0x9012 };
    all.extend(entry(other, 2, 7, four(offset)));
    all.extend(four(0));
    all.extend(two(4));
    all.extend(entry(1, 2, 2, if south { *b"S\0\0\0" } else { *b"N\0\0\0" }));
    all.extend(entry(2, 5, 3, four(latitude)));
    all.extend(entry(3, 2, 2, *b"E\0\0\0"));
    all.extend(entry(4, 5, 3, four(longitude)));
    all.extend(four(0));
    all.extend(b"2026:11:01 09:30:00\0");
    all.extend(zone.unwrap_or("+00:00").as_bytes());
    all.push(0);
    for (over, under) in [(25, 1), (2, 1), (1_500, 100), (121, 1), (30, 1), (4_500, 100)] {
        all.extend(four(over));
        all.extend(four(under));
    }
    all
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], length.as_slice(), body].concat()
}

fn chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let mut sum = flate2::Crc::new();
    sum.update(&kind);
    sum.update(body);
    [length.as_slice(), &kind, body, &sum.sum().to_be_bytes()].concat()
}

/// A scan with stuffed bytes and restarts, which are no markers.
const SCAN: &[u8] = b"\x12\xff\x00\x34\xff\xd0\x56\xff\xff\x00";

fn jpeg(block: &[u8]) -> Vec<u8> {
    let app1 = [b"Exif\0\0".as_slice(), block].concat();
    [
        b"\xff\xd8".to_vec(),
        segment(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
        segment(0xe0, b"JFXX\0a preview"),
        segment(0xe1, &app1),
        segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>secret</x:xmpmeta>"),
        segment(0xe2, b"ICC_PROFILE\0\x01\x01profile"),
        segment(0xe2, b"MPF\0secret"),
        segment(0xed, b"Photoshop 3.0\0secret"),
        segment(0xee, b"Adobe\0\x64\0\0\0\0\x01"),
        segment(0xfe, b"secret"),
        b"\xff\xff".to_vec(),
        segment(0xdb, &[1; 65])[1..].to_vec(),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        SCAN.to_vec(),
        segment(0xc4, &[0; 20]),
        segment(0xda, &[1, 1, 0, 0, 63, 0]),
        SCAN.to_vec(),
        b"\xff\xd9".to_vec(),
        b"secret behind the end".to_vec(),
    ]
    .concat()
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[test]
fn a_jpeg_keeps_its_picture_and_loses_what_its_camera_said() {
    for (little, zone, taken) in [
        (true, None, "2026-11-01T01:30:00Z"),
        (false, Some("+09:00"), "2026-11-01T00:30:00Z"),
        (true, Some("-05:30"), "2026-11-01T15:00:00Z"),
    ] {
        let file = jpeg(&exif(little, 6, zone, false));
        let bare = super::bare("image/jpeg", &file).unwrap();
        assert_eq!(bare.camera.taken_at.unwrap().to_string(), taken);
        assert_eq!(bare.camera.point, Wgs84::of("25.037500", "121.512500"));
        for gone in [b"secret".as_slice(), b"JFXX", b"2026:11:01", b"MPF", b"Photoshop", b"xmpmeta"] {
            assert!(holds(&file, gone) && !holds(&bare.content, gone), "{gone:?}");
        }
        for kept in [b"JFIF".as_slice(), b"ICC_PROFILE", b"Adobe", SCAN, &[1; 65]] {
            assert!(holds(&bare.content, kept), "{kept:?}");
        }
        assert!(bare.content.ends_with(b"\xff\xd9"));
        assert!(holds(&bare.content, b"\x01\x12\0\x03\0\0\0\x01\0\x06"), "it is still shown the right way up");
        // What is bare is not changed again, and says nothing.
        let again = super::bare("image/jpeg", &bare.content).unwrap();
        assert!(again.content == bare.content && again.camera == Camera::default());
    }
    let upright = super::bare("image/jpeg", &jpeg(&exif(true, 1, None, true))).unwrap();
    assert!(!holds(&upright.content, b"Exif"));
    assert_eq!(upright.camera.point, Wgs84::of("-25.037500", "121.512500"));
}

#[test]
fn a_png_keeps_its_picture_and_loses_its_texts() {
    let (header, data) = (chunk(*b"IHDR", &[1; 13]), chunk(*b"IDAT", b"pixels"));
    let file = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        header.clone(),
        chunk(*b"eXIf", &exif(false, 3, None, false)),
        chunk(*b"iCCP", b"profile"),
        chunk(*b"tEXt", b"Author\0secret"),
        chunk(*b"zTXt", b"secret"),
        chunk(*b"iTXt", b"secret"),
        chunk(*b"tIME", &[7; 7]),
        chunk(*b"prVt", b"secret"),
        data.clone(),
        chunk(*b"IEND", b""),
        b"secret".to_vec(),
    ]
    .concat();
    let bare = super::bare("image/png", &file).unwrap();
    let turn = chunk(*b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0");
    let expected =
        [b"\x89PNG\r\n\x1a\n".to_vec(), header, turn, chunk(*b"iCCP", b"profile"), data, chunk(*b"IEND", b"")];
    assert!(bare.content == expected.concat());
    assert_eq!(bare.camera.taken_at.unwrap().to_string(), "2026-11-01T01:30:00Z");
    assert!(super::bare("image/png", &bare.content).unwrap().content == bare.content);
}

#[test]
fn what_cannot_be_read_to_its_end_is_told_and_nothing_hostile_costs_much() {
    for (media_type, bytes) in [
        ("application/pdf", b"%PDF-1.7".to_vec()),
        ("image/jpeg", b"\x89PNG".to_vec()),
        ("image/jpeg", b"\xff\xd8\xff".to_vec()),
        ("image/jpeg", b"\xff\xd8\xff\xe1\xff\xff".to_vec()),
        ("image/jpeg", b"\xff\xd8garbage".to_vec()),
        ("image/png", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDAT".to_vec()),
        ("image/png", b"\x89PNG\r\n\x1a\n\0\0".to_vec()),
    ] {
        assert!(bare(media_type, &bytes).is_none(), "{media_type} {bytes:?}");
    }
    // Cut off anywhere, or with any byte changed, it ends all the same.
    let whole = jpeg(&exif(true, 6, Some("+08:00"), false));
    for end in 0..whole.len() {
        let _ = bare("image/jpeg", &whole[..end]);
        let mut changed = whole.clone();
        changed[end] ^= 0xff;
        let _ = bare("image/jpeg", &changed);
    }
    // Directories that point at themselves, counts and places beyond the end.
    for place in 0..exif(true, 6, None, false).len() {
        let mut block = exif(true, 6, None, false);
        block[place] = 0xff;
        let _ = bare("image/jpeg", &jpeg(&block));
    }
    let fill = [b"\xff\xd8".to_vec(), vec![0xff; 1 << 20]].concat();
    assert!(bare("image/jpeg", &fill).is_none());
}
