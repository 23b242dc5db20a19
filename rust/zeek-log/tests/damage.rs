//! Files that are empty, broken, or no logs at all.

mod common;
use common::{read, read_as};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use zeek_log::{Error, ErrorKind, Input, LogReader, Options};

fn log(rows: usize) -> String {
    let mut text =
        String::from("#separator \\x09\n#path\tx\n#fields\tn\ts\n#types\tcount\tstring\n");
    for i in 0..rows {
        // Text that does not compress away, so that cuts fall between rows.
        text.push_str(&format!(
            "{i}\t{:x}\n",
            i.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ));
    }
    text
}

fn gz(text: &str) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

#[test]
fn compression_is_told_by_content() {
    let zst = zstd::encode_all(log(100).as_bytes(), 3).unwrap();
    for bytes in [gz(&log(100)), zst] {
        let all = read_as("plain.log", bytes).unwrap();
        assert_eq!((all.rows.len(), all.stats.refused), (100, 0));
    }
}

#[test]
fn members_and_frames_put_together_are_all_read() {
    let (a, b) = (log(10), log(20));
    assert_eq!(read([gz(&a), gz(&b)].concat()).rows.len(), 30);
    let zst = |t: &str| zstd::encode_all(t.as_bytes(), 3).unwrap();
    assert_eq!(read([zst(&a), zst(&b)].concat()).rows.len(), 30);
}

#[test]
fn a_truncated_file_gives_what_it_held_and_says_so() {
    let zst = zstd::encode_all(log(100_000).as_bytes(), 3).unwrap();
    for whole in [gz(&log(100_000)), zst] {
        let all = read(&whole[..whole.len() / 2]);
        assert!(all.rows.len() > 10_000, "{}", all.rows.len());
        assert!(all.stats.refused <= 1);
        let end = all.end.expect("a problem");
        assert!(matches!(end, Error::Truncated { .. }), "{end}");
        assert_eq!(end.kind(), ErrorKind::Partial);
    }
}

#[test]
fn a_damaged_file_gives_what_came_before_and_says_so() {
    let mut whole = gz(&log(100_000));
    let middle = whole.len() / 2;
    for byte in &mut whole[middle..middle + 64] {
        *byte ^= 0x55;
    }
    let all = read(&whole);
    assert!(all.rows.len() > 10_000);
    let end = all.end.expect("a problem");
    assert!(
        matches!(end, Error::Corrupt { .. } | Error::Truncated { .. }),
        "{end}"
    );
}

#[test]
fn what_follows_a_gzip_member_and_is_none_is_a_problem_not_a_loss() {
    let all = read([gz(&log(50)), b"garbage".to_vec()].concat());
    assert_eq!(all.rows.len(), 50);
    assert_eq!(all.end.expect("a problem").kind(), ErrorKind::Partial);
}

#[test]
fn a_cut_off_header_of_gzip_is_unusable() {
    let err = read_as("x.gz", &gz("x")[..5]).unwrap_err();
    assert!(matches!(err, Error::Truncated { line: 0, .. }), "{err}");
    assert_eq!(err.kind(), ErrorKind::Unusable);
}

#[test]
fn a_header_without_rows_is_a_good_log_and_an_empty_file_is_none() {
    let all = read(log(0));
    assert_eq!((all.stats.headers, all.stats.rows), (4, 0));
    for empty in ["", "\n", "\n\r\n  \n"] {
        assert!(matches!(read_as("x.log", empty), Err(Error::Empty { .. })));
    }
    assert!(matches!(read_as("x.log", gz("")), Err(Error::Empty { .. })));
}

#[test]
fn what_is_no_log_is_named_for_what_it_is() {
    let binary: Vec<u8> = (0..4096u32).map(|i| (i * 7) as u8).collect();
    let says = |bytes: &[u8], word: &str| {
        let err = read_as("x.log", bytes).unwrap_err();
        assert!(err.to_string().contains(word), "{err}");
        assert_eq!(err.kind(), ErrorKind::Unusable);
    };
    says(&binary, "binary data");
    says(b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00", "packet capture");
    says(b"\xff\xfe#\0s\0e\0p\0", "UTF-16");
    says(
        &gz(std::str::from_utf8(b"plain").unwrap()),
        "neither Zeek TSV",
    );
    says(b"# a remark\n\nwords, words\n", "words, words");
    says("a,b,c\n1,2,3\n".as_bytes(), "neither Zeek TSV");
}

#[test]
fn files_that_cannot_be_opened_say_why() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default();
    let err = LogReader::open(&Input::new(dir.path()), &options).unwrap_err();
    assert!(matches!(err, Error::Directory { .. }), "{err}");
    let err = LogReader::open(&Input::new(dir.path().join("no.log")), &options).unwrap_err();
    assert!(matches!(err, Error::Open { .. }), "{err}");
}

#[test]
fn progress_counts_the_bytes_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log.gz");
    std::fs::write(&path, gz(&log(1000))).unwrap();
    let input = Input::new(&path);
    let mut reader = LogReader::open(&input, &Options::default()).unwrap();
    while reader.next().unwrap().is_some() {}
    assert_eq!(reader.bytes_read(), input.size);
}

fn xz(text: &str) -> Vec<u8> {
    let mut out = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::default()).unwrap();
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

fn bz2(text: &str) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

fn lz4(text: &str) -> Vec<u8> {
    // A block that is cut gives nothing, so the blocks are small.
    let info = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
    let mut out = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

type Pack<'a> = &'a dyn Fn(&str) -> Vec<u8>;

/// A skippable frame, as parallel compressors put it in front of frames.
const SKIPPABLE: &[u8] = b"\x50\x2a\x4d\x18\x04\0\0\0abcd";

#[test]
fn every_compression_is_read_in_one_piece_and_in_several_and_says_where_it_is_cut() {
    let zst = |t: &str| zstd::encode_all(t.as_bytes(), 3).unwrap();
    let all: [(&str, Pack<'_>); 5] = [
        ("gzip", &gz),
        ("zstd", &zst),
        ("xz", &xz),
        ("bzip2", &bz2),
        ("lz4", &lz4),
    ];
    for (name, pack) in all {
        let several = [pack(&log(10)), pack(&log(20))].concat();
        assert_eq!(read(&several).rows.len(), 30, "{name}");
        let whole = pack(&log(100_000));
        let cut = read(&whole[..whole.len() / 2]);
        assert!(cut.rows.len() > 1000, "{name}: {}", cut.rows.len());
        let end = cut.end.expect("a problem");
        assert!(
            matches!(end, Error::Truncated { format, .. } if format == name),
            "{end}"
        );
    }
}

#[test]
fn skippable_frames_are_passed_over() {
    let zst = |t: &str| zstd::encode_all(t.as_bytes(), 3).unwrap();
    for pack in [&zst as Pack<'_>, &lz4] {
        let parts = [
            SKIPPABLE,
            &pack(&log(10)),
            SKIPPABLE,
            &pack(&log(20)),
            SKIPPABLE,
        ]
        .concat();
        let all = read(parts);
        assert_eq!((all.rows.len(), all.end.is_none()), (30, true));
    }
    let err = read_as("x.zst", &SKIPPABLE[..10]).unwrap_err();
    assert!(err.to_string().contains("x.zst"), "{err}");
}

#[test]
fn text_that_begins_like_something_compressed_is_text() {
    for body in ["B", "BZ", "PK", "P*", "_x\n", "(\n"] {
        assert!(
            matches!(read_as("x.log", body), Err(Error::NotALog { .. })),
            "{body}"
        );
    }
}

#[test]
fn xz_that_asks_for_too_much_memory_says_what_to_do() {
    let mut options = lzma_rust2::XzOptions::default();
    options.lzma_options.dict_size = 256 << 20;
    let mut out = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    out.write_all(log(10).as_bytes()).unwrap();
    let err = read_as("x.log.xz", out.finish().unwrap()).unwrap_err();
    assert!(err.to_string().contains("xz -d"), "{err}");
}
