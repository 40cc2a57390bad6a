//! The grammar, and what hostile input meets.

use std::thread;

use proptest::prelude::*;

use super::*;

/// Every form the reader takes, nested, with references.
const RICH: &[u8] =
    b"a:9:{i:0;N;s:1:\"b\";b:1;i:-2;d:-1.5E-7;i:3;i:-42;i:4;S:3:\"a\\62\\63\";i:5;E:11:\"Suit:Hearts\";\
    i:6;C:3:\"Box\":6:{x;\"}{y}i:7;O:8:\"stdClass\":2:{s:4:\"\0*\0p\";r:1;s:1:\"q\";R:3;}i:8;s:7:\"a\";s:0:\";}";

fn parse(bytes: &[u8]) -> Result<Value<'_>, ReadError> {
    let (value, consumed) = read(bytes, &Limits::default())?;
    assert_eq!(consumed, bytes.len(), "{}", String::from_utf8_lossy(bytes));
    Ok(value)
}

fn refused(bytes: &[u8]) -> ReadError {
    read(bytes, &Limits::default()).expect_err(&String::from_utf8_lossy(bytes))
}

#[test]
fn scalars_are_read_in_every_spelling() {
    let table: [(&str, Value<'_>); 20] = [
        ("N;", Value::Null),
        ("b:0;", Value::Bool(false)),
        ("b:1;", Value::Bool(true)),
        ("i:0;", Value::Int(0)),
        ("i:+5;", Value::Int(5)),
        ("i:-0007;", Value::Int(-7)),
        ("i:-9223372036854775808;", Value::Int(i64::MIN)),
        ("d:5;", Value::Float(5.0)),
        ("d:5.0;", Value::Float(5.0)),
        ("d:5.;", Value::Float(5.0)),
        ("d:.5;", Value::Float(0.5)),
        ("d:-.5;", Value::Float(-0.5)),
        ("d:1e3;", Value::Float(1000.0)),
        ("d:1.0E-5;", Value::Float(1e-5)),
        ("d:1e999;", Value::Float(f64::INFINITY)),
        ("d:INF;", Value::Float(f64::INFINITY)),
        ("d:-INF;", Value::Float(f64::NEG_INFINITY)),
        ("s:4:\"\";s:\";", Value::from("\";s:")),
        ("S:3:\"a\\0Ab\";", Value::from("a\nb")),
        ("s:0:\"\";", Value::from("")),
    ];
    for (text, value) in table {
        assert_eq!(parse(text.as_bytes()).as_ref(), Ok(&value), "{text}");
    }
    assert!(matches!(parse(b"d:NAN;"), Ok(Value::Float(number)) if number.is_nan()));
}

#[test]
fn strings_are_borrowed_from_the_input() {
    let Ok(Value::String(Cow::Borrowed(text))) = parse(b"s:5:\"bytes\";") else { panic!("not borrowed") };
    assert_eq!(text, b"bytes");
}

#[test]
fn what_follows_the_value_is_left_to_the_caller() {
    assert_eq!(read(b"i:5;i:6;", &Limits::default()), Ok((Value::Int(5), 4)));
    assert_eq!(read(b"a:0:{};", &Limits::default()), Ok((Value::EMPTY_ARRAY, 6)));
}

#[test]
fn canonical_decimal_keys_of_arrays_become_integers_and_names_of_properties_do_not() {
    let array = parse(br#"a:3:{s:1:"5";N;s:2:"05";N;s:2:"-5";N;}"#).unwrap();
    let keys: Vec<_> = array.entries().iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(keys, [Key::Int(5), Key::String(Cow::Borrowed(b"05")), Key::Int(-5)]);
    let object = br#"O:1:"A":2:{s:1:"5";N;i:6;N;}"#;
    assert_eq!(parse(object).unwrap().to_bytes(), object);
}

#[test]
fn a_repeated_key_keeps_its_place_and_takes_the_last_value() {
    let array = parse(br#"a:4:{s:1:"b";i:1;i:5;i:2;s:1:"5";i:3;s:1:"b";i:4;}"#).unwrap();
    assert_eq!(array.to_bytes(), br#"a:2:{s:1:"b";i:4;i:5;i:3;}"#);
    let long: String = (0..100).map(|number| format!("i:{};i:{number};", number % 40)).collect();
    let array = parse(format!("a:100:{{{long}}}").as_bytes()).unwrap().into_owned();
    assert_eq!(array.entries().len(), 40);
    assert_eq!((array.get_int(0), array.get_int(39)), (Some(&Value::Int(80)), Some(&Value::Int(79))));
}

#[test]
fn a_repeated_key_in_data_with_references_is_refused() {
    let error = refused(b"a:2:{i:0;a:2:{i:7;i:1;i:7;i:2;}i:1;R:2;}");
    assert_eq!(error, fault(9, Problem::RepeatedKey));
}

#[test]
fn a_repeated_property_is_kept() {
    let object = br#"O:1:"A":2:{s:1:"n";i:1;s:1:"n";i:2;}"#;
    assert_eq!(parse(object).unwrap().get("n"), Some(&Value::Int(2)));
    assert_eq!(parse(object).unwrap().to_bytes(), object);
}

#[test]
fn references_stay_symbolic() {
    let cycle = b"a:2:{i:0;i:1;i:1;R:1;}";
    let value = parse(cycle).unwrap();
    assert_eq!(value.get_int(1), Some(&Value::Reference(Reference::Variable(1))));
    assert_eq!(value.to_bytes(), cycle);
}

#[test]
fn a_reference_must_lead_to_an_earlier_value() {
    let table: [(&[u8], usize, u64, usize); 8] = [
        (b"R:1;", 0, 1, 0),
        (b"r:1;", 0, 1, 0),
        (b"a:1:{i:0;r:2;}", 9, 2, 1),
        (b"a:1:{i:0;R:2;}", 9, 2, 1),
        (b"a:1:{i:0;R:0;}", 9, 0, 1),
        (b"a:2:{i:0;i:5;i:1;R:3;}", 17, 3, 2),
        (b"a:2:{i:0;R:1;i:1;R:2;}", 17, 2, 1),
        (b"a:1:{i:0;R:99999999999999999999;}", 9, u64::MAX, 1),
    ];
    for (bytes, offset, slot, known) in table {
        assert_eq!(refused(bytes), fault(offset, Problem::NoSuchSlot { slot, known }));
    }
}

#[test]
fn malformed_data_is_refused_with_its_offset() {
    let table: [(&[u8], usize); 34] = [
        (b"", 0),
        (b"x:1;", 0),
        (b"n;", 1),
        (b"N", 1),
        (b"N:", 1),
        (b"b:2;", 2),
        (b"b:10;", 3),
        (b"i:;", 2),
        (b"i:-;", 2),
        (b"i:--5;", 2),
        (b"i:5", 3),
        (b"i:5.0;", 3),
        (b"i: 5;", 2),
        (b"d:;", 2),
        (b"d:.;", 2),
        (b"d:1,5;", 3),
        (b"d:inf;", 2),
        (b"d:+INF;", 2),
        (b"d:1e;", 2),
        (b"d:0x10;", 2),
        (b"s:-1:\"\";", 2),
        (b"s:+1:\"a\";", 2),
        (b"s:1:a;", 4),
        (b"s:1:\"ab\";", 6),
        (b"s:2:\"ab\"}", 8),
        (b"S:1:\"\\6\";", 7),
        (b"a:1:{N;i:0;}", 5),
        (b"a:1:{d:1;N;}", 5),
        (b"a:0:{i:0;N;}", 5),
        (b"a:0:[]", 3),
        (b"O:8:\"stdClass\"", 14),
        (b"O:7:\"stdClass\":0:{}", 12),
        (b"E:4:\"Suit\";", 2),
        (b"C:1:\"A\":1:{ab}", 12),
    ];
    for (bytes, offset) in table {
        assert_eq!(refused(bytes).offset, offset, "{}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(refused(b"o:1:{}").problem, Problem::OldObject);
}

#[test]
fn integers_beyond_64_bits_are_refused() {
    for text in ["i:9223372036854775808;", "i:-9223372036854775809;", "i:999999999999999999999999;"] {
        assert_eq!(refused(text.as_bytes()), fault(2, Problem::IntegerRange));
    }
}

#[test]
fn a_length_beyond_the_data_is_refused_before_anything_is_allocated() {
    let table: [(&[u8], u64, usize); 4] = [
        (b"s:10:\"abc\";", 10, 6),
        (b"S:4294967295:\"abc\";", 4_294_967_295, 6),
        (b"s:18446744073709551615:\"\";", u64::MAX, 3),
        (b"s:99999999999999999999999999:\"\";", u64::MAX, 3),
    ];
    for (bytes, length, left) in table {
        assert_eq!(refused(bytes), fault(2, Problem::Length { length, left }));
    }
    assert_eq!(refused(b"C:1:\"A\":9:{}"), fault(8, Problem::Length { length: 9, left: 2 }));
}

#[test]
fn a_count_beyond_the_data_is_refused_before_anything_is_allocated() {
    for (text, count) in [("4294967295", 4_294_967_295), ("18446744073709551616", u64::MAX), ("2", 2)] {
        let array = format!("a:{text}:{{i:0;N;}}");
        assert_eq!(refused(array.as_bytes()), fault(2, Problem::Count { count, left: 7 }));
        let object = format!("O:1:\"A\":{text}:{{i:0;N;}}");
        assert_eq!(refused(object.as_bytes()), fault(8, Problem::Count { count, left: 7 }));
    }
}

#[test]
fn data_cut_at_any_byte_is_refused() {
    let whole = parse(RICH).unwrap();
    assert_eq!(whole.entries().len(), 9);
    for end in 0..RICH.len() {
        let error = refused(&RICH[..end]);
        assert!(error.offset <= end, "cut at {end}: {error}");
    }
}

#[test]
fn the_limits_hold_and_are_named() {
    let limits = Limits { depth: 2, values: 4, bytes: 64 };
    assert!(read(b"a:1:{i:0;a:2:{i:0;N;i:1;N;}}", &limits).is_ok());
    assert_eq!(read(b"a:1:{i:0;a:1:{i:0;a:0:{}}}", &limits), Err(fault(18, Problem::Depth(2))));
    assert_eq!(read(b"a:4:{i:0;N;i:1;N;i:2;N;i:3;N;}", &limits), Err(fault(27, Problem::Values(4))));
    assert_eq!(read(&[b'x'; 65], &limits), Err(fault(64, Problem::Bytes(64))));
    let message = refused(b"a:1:{i:0;R:7;}").to_string();
    assert_eq!(message, "serialized PHP data, byte 9: a reference to value 7, but only 1 values came before");
}

fn nested(depth: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for level in 0..depth {
        bytes.extend_from_slice(if level % 2 == 0 { b"a:1:{i:0;" } else { b"O:1:\"A\":1:{s:1:\"p\";" });
    }
    bytes.extend_from_slice(b"N;");
    bytes.extend(std::iter::repeat_n(b'}', depth));
    bytes
}

#[test]
fn the_deepest_tree_is_safe_to_use_on_a_thread_with_2_mib_of_stack() {
    let work = || {
        let bytes = nested(Limits::MAX_DEPTH);
        let value = parse(&bytes).unwrap();
        assert_eq!(value.to_bytes(), bytes);
        let copy = value.clone().into_owned();
        assert_eq!(copy, value);
        assert!(format!("{copy:?}").len() > Limits::MAX_DEPTH);
        assert!(crate::php::Slots::of(&value).resolve(&value).is_some());
    };
    thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

#[test]
fn a_depth_bomb_is_refused_whatever_the_limits_say() {
    let limits = Limits { depth: usize::MAX, ..Limits::default() };
    let error = read(&nested(1_000_000), &limits).unwrap_err();
    assert_eq!(error.problem, Problem::Depth(Limits::MAX_DEPTH));
}

/// Bytes that get past the first letter more often than chance would have it.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "N;",
            "b:1;",
            "i:",
            "d:",
            "s:",
            "S:",
            "a:",
            "O:",
            "C:",
            "E:",
            "r:",
            "R:",
            ":{",
            "}",
            "\"",
            ";",
            ":",
            "0",
            "1",
            "2",
            "9",
            "-",
            ".",
            "i:0;",
            "s:1:\"a\";",
            "a:1:{",
            "O:1:\"A\":1:{",
            "\\41",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic_and_what_is_read_can_be_written_and_read_again(bytes in likely_bytes()) {
        if let Ok((value, consumed)) = read(&bytes, &Limits::default()) {
            prop_assert!(consumed <= bytes.len());
            let written = value.to_bytes();
            let (again, _) = read(&written, &Limits::default()).unwrap();
            prop_assert_eq!(again.to_bytes(), written);
        }
    }

    #[test]
    fn damaged_data_never_panics(at in 0..RICH.len(), byte in any::<u8>(), cut in 0..RICH.len()) {
        let mut bytes = RICH.to_vec();
        bytes[at] = byte;
        bytes.remove(cut);
        let limits = Limits { depth: 3, values: 20, bytes: 1000 };
        if let Err(error) = read(&bytes, &limits) {
            prop_assert!(error.offset <= bytes.len());
        }
    }
}
