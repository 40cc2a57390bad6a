//! PHP values, held against the real `php`: what we write it must read and write again alike, and what it writes
//! so must we.

// Helpers of tests, like tests, may unwrap.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use coursefs::php::{self, Key, Limits, Reference, Slots, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Answers every frame (a 32-bit little-endian length, then serialized bytes) with a frame of what PHP makes of it.
const ECHO: &str = r#"
    function frame(string $bytes): void { fwrite(STDOUT, pack('V', strlen($bytes)) . $bytes); fflush(STDOUT); }
    while (strlen($head = (string) fread(STDIN, 4)) === 4) {
        $len = unpack('V', $head)[1];
        $bytes = $len ? stream_get_contents(STDIN, $len) : '';
        $value = @unserialize($bytes);
        frame($value === false && $bytes !== 'b:0;' ? 'refused' : serialize($value));
    }
"#;

fn php(script: &str) -> Command {
    let mut command = Command::new("php");
    command.args(["-d", "serialize_precision=-1", "-d", "error_reporting=E_ALL & ~E_DEPRECATED", "-r", script]);
    command
}

fn is_there<T>(started: std::io::Result<T>) -> T {
    started.unwrap_or_else(|error| panic!("can't start `php` ({error}): run scripts/test, which provides it"))
}

/// A PHP process that unserializes and serializes again.
struct Php {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
}

impl Php {
    fn start() -> Php {
        let mut child = is_there(php(ECHO).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn());
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        Php { child, stdin, stdout }
    }

    fn rewritten(&mut self, bytes: &[u8]) -> Vec<u8> {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(&u32::try_from(bytes.len()).unwrap().to_le_bytes()).unwrap();
        stdin.write_all(bytes).unwrap();
        next_frame(&mut self.stdout).unwrap()
    }
}

impl Drop for Php {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

fn next_frame(from: &mut impl Read) -> Option<Vec<u8>> {
    let mut len = [0; 4];
    from.read_exact(&mut len).ok()?;
    let mut bytes = vec![0; u32::from_le_bytes(len) as usize];
    from.read_exact(&mut bytes).unwrap();
    Some(bytes)
}

fn read(bytes: &[u8]) -> Value<'_> {
    let (value, consumed) = php::read(bytes, &Limits::default())
        .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(bytes)));
    assert_eq!(consumed, bytes.len());
    value
}

fn same(ours: &[u8], theirs: &[u8]) {
    assert_eq!(String::from_utf8_lossy(ours), String::from_utf8_lossy(theirs));
    assert_eq!(ours, theirs);
}

fn any_float() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        any::<f64>(),
        (any::<i32>(), -25..25).prop_map(|(digits, power)| f64::from(digits) * 10f64.powi(power)),
        (any::<i64>(), 0..20).prop_map(|(digits, places)| digits as f64 / 10f64.powi(places)),
        // Many of these lie in the middle between two decimal numbers.
        (any::<u64>(), 0..12u32, 0..40)
            .prop_map(|(bits, zeros, power)| (bits >> 11 >> zeros) as f64 / 2f64.powi(power)),
        (-1074..1024).prop_map(|power| 2f64.powi(power)),
        (0..2000u32, 0..4).prop_map(|(digits, places)| f64::from(digits) / 10f64.powi(places)),
    ]
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        "\\PC{0,12}".prop_map(String::into_bytes),
        "[a-z\";:{}0-9]{0,12}".prop_map(String::into_bytes),
    ]
}

fn any_key() -> impl Strategy<Value = Key<'static>> {
    prop_oneof![
        any::<i64>().prop_map(Key::Int),
        (0..5i64).prop_map(Key::Int),
        any_bytes().prop_map(Key::of_array),
        "-?[0-9]{1,20}".prop_map(|digits| Key::of_array(digits.into_bytes())),
    ]
}

/// Names that PHP lets properties have: not with a NUL first, unless it marks protected or private ones.
fn any_name() -> impl Strategy<Value = Key<'static>> {
    let name = |bytes: Vec<u8>| Key::String(Cow::Owned(bytes));
    prop_oneof![
        any_bytes().prop_filter("mark", |bytes| bytes.first() != Some(&0)).prop_map(name),
        "[a-z_]{1,6}".prop_map(move |plain| name(format!("\0*\0{plain}").into_bytes())),
        "[a-z_]{1,6}".prop_map(move |plain| name(format!("\0Box\0{plain}").into_bytes())),
    ]
}

type Entry = (Key<'static>, Value<'static>);

fn without_repeats(entries: Vec<Entry>) -> Vec<Entry> {
    let mut kept: Vec<Entry> = Vec::new();
    for entry in entries {
        if !kept.iter().any(|(key, _)| *key == entry.0) {
            kept.push(entry);
        }
    }
    kept
}

fn any_value() -> impl Strategy<Value = Value<'static>> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any_float().prop_map(Value::Float),
        any_bytes().prop_map(|bytes| Value::String(Cow::Owned(bytes))),
    ];
    scalar.prop_recursive(5, 60, 8, |inner| {
        let class = prop_oneof![Just("stdClass"), Just("Not\\There")];
        prop_oneof![
            prop::collection::vec((any_key(), inner.clone()), 0..8)
                .prop_map(|entries| Value::Array(without_repeats(entries))),
            (class, prop::collection::vec((any_name(), inner), 0..8))
                .prop_map(|(class, properties)| Value::object(class.as_bytes(), without_repeats(properties))),
        ]
    })
}

#[test]
fn php_takes_any_tree_we_write_and_writes_it_alike() {
    let php = RefCell::new(Php::start());
    let mut runner = TestRunner::new(ProptestConfig { cases: 3000, failure_persistence: None, ..Default::default() });
    let outcome = runner.run(&any_value(), |value| {
        let ours = value.to_bytes();
        let theirs = php.borrow_mut().rewritten(&ours);
        prop_assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&theirs));
        prop_assert_eq!(&ours, &theirs);
        prop_assert_eq!(read(&ours).to_bytes(), ours);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn floats_are_spelled_as_php_spells_them() {
    // One value with many floats at a time: it is the floats that are to be many, not the round trips.
    let mut php = Php::start();
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..Default::default() });
    let floats = prop::collection::vec(any_float(), 5000);
    for _ in 0..10 {
        let mut floats = floats.new_tree(&mut runner).unwrap().current();
        floats.extend((-330..=308).map(|power| format!("1e{power}").parse::<f64>().unwrap()));
        floats.extend([5e-324, f64::MAX, f64::MIN_POSITIVE, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
        let entries = (0..).map(Key::Int).zip(floats.into_iter().map(Value::Float)).collect();
        let ours = Value::Array(entries).to_bytes();
        let theirs = php.rewritten(&ours);
        let (ours_each, theirs_each) = (ours.split(|&byte| byte == b';'), theirs.split(|&byte| byte == b';'));
        for (ours, theirs) in ours_each.zip(theirs_each) {
            same(ours, theirs);
        }
        assert_eq!(ours, theirs);
    }
}

#[test]
fn keys_become_integers_where_php_makes_them_integers() {
    let mut php = Php::start();
    let names = [
        "0",
        "-0",
        "00",
        "5",
        "-5",
        "+5",
        "05",
        " 5",
        "5.0",
        "",
        "-",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775807",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "99999999999999999999",
    ];
    for name in names {
        let bytes = format!("a:1:{{s:{}:\"{name}\";N;}}", name.len());
        same(&read(bytes.as_bytes()).to_bytes(), &php.rewritten(bytes.as_bytes()));
    }
}

#[test]
fn odd_spellings_mean_what_they_mean_to_php() {
    let mut php = Php::start();
    let samples = [
        "i:+5;",
        "i:-0;",
        "i:007;",
        "d:5.0;",
        "d:5.;",
        "d:.5;",
        "d:-.5;",
        "d:+.5;",
        "d:1e3;",
        "d:1E-7;",
        "d:1.5e+3;",
        "d:1e999;",
        "d:-0.0;",
        "S:4:\"a\\0A\\zz\";",
        "S:3:\"a\\0Ab\";",
        "a:2:{i:1;i:1;i:1;i:2;}",
        "a:3:{s:1:\"b\";i:1;i:0;i:2;s:1:\"b\";i:3;}",
        "a:1:{S:2:\"\\61b\";N;}",
        "d:1,5;",
        "d:inf;",
        "d:1e;",
        "d:;",
        "i:;",
        "i:5",
        "b:2;",
        "s:2:\"a\";",
        "a:1:{N;N;}",
        "a:-1:{}",
        "a:2:{i:0;N;}",
        "O:3:\"Not\":1:{i:5;N;}",
        "R:1;",
        "r:1;",
        "a:1:{i:0;R:2;}",
        "a:1:{i:0;r:2;}",
        "a:1:{i:0;R:0;}",
        "n;",
        "N:;",
        "x",
        "",
        "i:5 ;",
        "s:+1:\"a\";",
    ];
    for sample in samples {
        let theirs = php.rewritten(sample.as_bytes());
        match php::read(sample.as_bytes(), &Limits::default()) {
            Ok((value, _)) if sample.starts_with("O:") => {
                // PHP turns an integer name into a string, we keep it.
                assert_ne!(theirs, b"refused");
                assert_eq!(value.to_bytes(), sample.as_bytes());
            }
            Ok((value, _)) => same(&value.to_bytes(), &theirs),
            Err(error) => assert_eq!(String::from_utf8_lossy(&theirs), "refused", "{sample}: {error}"),
        }
    }
}

/// Values of every kind that PHP writes, as frames.
const MADE_BY_PHP: &str = r#"
    class Base { private $own = 'base'; protected $kept = [1, 2]; public $open = null; }
    class Derived extends Base { private $own = 'derived'; public $more; protected $child; }
    class Modern { function __construct(private array $data) {}
        function __serialize(): array { return $this->data; } function __unserialize(array $data): void {} }
    class Sleeper { public $a = 1; private $b = 2; protected $c = 3; function __sleep() { return ['c', 'b']; } }
    class Chosen implements Serializable { function __construct(private string $data = '') {}
        function serialize() { return $this->data; } function unserialize($data) { $this->data = $data; } }
    enum Suit: string { case Hearts = 'H'; case Spades = 'S'; }
    function frame($value): void { $bytes = serialize($value); fwrite(STDOUT, pack('V', strlen($bytes)) . $bytes); }

    foreach ([null, true, false, 0, -1, PHP_INT_MAX, PHP_INT_MIN, 0.1, -0.0, 1e100, INF, -INF, NAN, '', "a\0\"b", 'été'] as $scalar) frame($scalar);
    frame([]); frame(['a' => 1, 5 => 2, -5 => 3, '05' => 4, '' => 5]); frame(new stdClass); frame((object) ['7' => 'x', 'é' => [1.5]]);
    frame(new Base); $derived = new Derived; $derived->dynamic = new Base; frame($derived);
    frame([new Modern([3 => 'x', 'y' => new stdClass]), new Sleeper, new Chosen('a;"}{b'), Suit::Hearts, Suit::Spades, Suit::Hearts]);
    frame([new ArrayObject(['a', 'b']), new DateTime('2026-11-24', new DateTimeZone('UTC')), new SplStack]);
    $store = new SplObjectStorage; $store[new stdClass] = 'info'; frame($store);
    $shared = new stdClass; $shared->n = 1; frame([$shared, [$shared], 'k' => $shared, 'after' => $shared]);
    $text = 'twice'; frame(['x' => &$text, 'y' => &$text, 'z' => [&$text, $text]]);
    $loop = []; $loop['n'] = 1; $loop['self'] = &$loop; frame($loop);
    $node = new stdClass; $node->me = $node; $node->also = &$node->me; $node->list = [&$node->list2, $node]; frame($node);
    $a = new Derived; $b = new Derived; $a->more = $b; $b->more = $a; $a->open = &$b->open; frame([$a, $b, &$a->open]);
    mt_srand(7);
    for ($round = 0; $round < 300; $round++) {
        $pool = [new stdClass, [], 1, 'text', new Derived];
        for ($step = 0; $step < 12; $step++) {
            $from = mt_rand(0, count($pool) - 1); $to = mt_rand(0, count($pool) - 1);
            if (is_object($pool[$to])) { if (mt_rand(0, 1)) $pool[$to]->{"p$step"} = $pool[$from]; else $pool[$to]->{"p$step"} = &$pool[$from]; }
            elseif (is_array($pool[$to])) { if (mt_rand(0, 1)) $pool[$to][] = $pool[$from]; else $pool[$to]["k$step"] = &$pool[$from]; }
            else $pool[] = mt_rand(0, 1) ? new Base : [$step];
        }
        frame($pool);
    }
"#;

#[test]
fn what_php_writes_is_read_and_written_alike_with_all_its_references() {
    let output = is_there(php(MADE_BY_PHP).output());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut frames = output.stdout.as_slice();
    let (mut count, mut references) = (0, 0);
    while let Some(bytes) = next_frame(&mut frames) {
        let value = read(&bytes);
        same(&value.to_bytes(), &bytes);
        same(&value.clone().into_owned().to_bytes(), &bytes);
        let slots = Slots::of(&value);
        references += all_references(&value, &slots);
        count += 1;
    }
    assert_eq!(count, 330);
    assert!(references > 1000, "{references} references met");
}

/// How many references the tree holds. Each must lead to a value, and `r:` to an object.
fn all_references<'v>(value: &'v Value<'v>, slots: &Slots<'v, 'v>) -> usize {
    match value {
        Value::Reference(reference) => {
            let target = slots.resolve(value).expect("a value in the slot");
            if let Reference::Object(_) = reference {
                assert!(matches!(target, Value::Object(_) | Value::Enum(_) | Value::Custom(_)), "{target:?}");
            }
            1
        }
        Value::Array(entries) => entries.iter().map(|(_, value)| all_references(value, slots)).sum(),
        Value::Object(object) => object.properties.iter().map(|(_, value)| all_references(value, slots)).sum(),
        _ => 0,
    }
}
