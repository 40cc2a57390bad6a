#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;

/// What a portal cannot do without.
const WHOLE: &str = "<?php
$_configuration['db_host'] = 'db.example.org';
$_configuration['db_port'] = '3307';
$_configuration['main_database'] = 'campus';
$_configuration['db_user'] = 'reader';
$_configuration['db_password'] = 'pa55\\'word';
";

fn read(source: &str) -> Result<Configuration, ConfigurationError> {
    read_with(source, &Supplied::default())
}

fn read_with(source: &str, supplied: &Supplied) -> Result<Configuration, ConfigurationError> {
    Configuration::from_php(Path::new("/portal/app/config/configuration.php"), source.as_bytes(), supplied)
}

fn supplied(options: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<Supplied, SuppliedError> {
    let options: Vec<(String, String)> =
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Supplied::new(&options, |wanted| {
        environment.iter().find(|(name, _)| *name == wanted).map(|(_, value)| OsString::from(value))
    })
}

/// What `value`, written in PHP, is as the setting `x`.
fn value_of(value: &str) -> Value {
    let source = format!("<?php $_configuration['x'] = {value};");
    Assignments::read(source.as_bytes()).get("x").unwrap().value
}

fn host(name: &str, port: Option<u16>) -> Address {
    Address::Host { name: name.to_owned(), port }
}

#[test]
fn a_plain_file_is_read() {
    let found = read(WHOLE).unwrap();
    assert_eq!(found.address, host("db.example.org", Some(3307)));
    assert_eq!((found.database.as_str(), found.user.as_str()), ("campus", "reader"));
    assert_eq!(found.password.reveal(), "pa55'word");
    assert_eq!((found.tls, found.folder_mode, found.file_mode), (None, None, None));
}

#[test]
fn comments_quotes_line_breaks_and_foreign_code_do_not_matter() {
    let found = read(
        r#"<html><?php // $_configuration['db_host'] = 'wrong'; ?><?php
        # $_configuration['db_host'] = 'wrong';
        /* $_configuration['db_host'] = 'wrong'; */
        define('DEBUG', E_ALL & ~E_NOTICE); ini_set("memory_limit", '1G');
        $text = "$_configuration[db_host] = 'wrong'; {$_configuration['db_host']}";
        $help = <<<'END'
        $_configuration['db_host'] = 'wrong';
        END;
        $_configuration ["db_host"]
            = /* here */ "db\x2e\145xample.\u{6f}rg" // there
            ;
        $_configuration['db_port'] = 0x0cEB;
        $_configuration['main_database'] = 'first';
        $_configuration['main_database'] = 'campus';
        $_configuration['nested'] = array('db_host' => 'wrong', 'a' => ['b' => [1, 2.5, PHP_EOL]]);
        $_configuration['nested']['db_user'] = 'wrong';
        $_configuration['db_user'] = 'C:\new\\'; $_configuration['db_password'] = NULL;
        $_configuration['permissions_for_new_files'] = '0640';
        $_configuration['permissions_for_new_directories'] = 0750;
        $_configuration[DB_HOST_KEY] = 'left alone';
        return; $_configuration['db_host'] = 'wrong';"#,
    )
    .unwrap();
    assert_eq!(found.address, host("db.example.org", Some(3307)));
    assert_eq!((found.database.as_str(), found.user.as_str()), ("campus", r"C:\new\"));
    assert_eq!(found.password.reveal(), "");
    assert_eq!((found.folder_mode, found.file_mode), (Some(0o750), Some(0o640)));
}

#[test]
fn hosts_ports_and_sockets_are_told_apart() {
    let cases = [
        ("db", "", host("db", None)),
        ("db", "3310", host("db", Some(3310))),
        ("db:3311", "3306", host("db", Some(3311))),
        ("::1", "3312", host("::1", Some(3312))),
        ("[::1]:3313", "", host("::1", Some(3313))),
        ("[::1]", "", host("::1", None)),
        ("/run/db.sock", "3306", Address::Socket("/run/db.sock".into())),
        ("localhost:/run/db.sock", "", Address::Socket("/run/db.sock".into())),
    ];
    for (name, port, expected) in cases {
        let source = format!("{WHOLE} $_configuration['db_host'] = '{name}'; $_configuration['db_port'] = '{port}';");
        assert_eq!(read(&source).unwrap().address, expected, "{name} {port}");
    }
    let wrong = read(&format!("{WHOLE} $_configuration['db_port'] = 'mysql';")).unwrap_err().to_string();
    assert!(wrong.contains("line 7") && wrong.contains("db_port") && wrong.contains("65535"), "{wrong}");
}

#[test]
fn what_php_would_have_to_compute_is_never_guessed() {
    for value in [
        "getenv('DB')",
        "'a' . 'b'",
        "DB_HOST",
        "\"$host\"",
        "\"{$host}\"",
        "\"${host}\"",
        "$host",
        "`hostname`",
        "(string) 'a'",
        "true ? 'a' : 'b'",
        "\\Env::get('x')",
        "include 'x.php'",
        "1 + 1",
        "'a'[0]",
        "['a'][0]",
        "<<<END\na\nEND",
        "1.5",
        "fn() => 'a'",
        "$other = 'a'",
    ] {
        assert_eq!(value_of(value), Value::Computed, "{value}");
    }
    for statement in [
        "if (DEBUG) $_configuration['x'] = 'b';",
        "if (DEBUG) { $_configuration['x'] = 'b'; }",
        "if (DEBUG): echo 1; $_configuration['x'] = 'b'; endif;",
        "if (DEBUG) { } else $_configuration['x'] = 'b';",
        "foreach ([] as $a): ; $_configuration['x'] = 'b'; endforeach;",
        "function f() { $_configuration['x'] = 'b'; }",
        "$_configuration['x'] .= 'b';",
        "$_configuration['x'] ??= 'b';",
        "isset($a) or $_configuration['x'] = 'b';",
        "unset($_configuration['x']);",
        "$_configuration['x'] = &$other;",
        "$_configuration = load();",
        "$_configuration += ['x' => 'b'];",
        "$_configuration['x'][] = 'b'; ",
    ] {
        let source = format!("<?php $_configuration['x'] = 'a';\n{statement}");
        let found = Assignments::read(source.as_bytes()).get("x").unwrap();
        assert_eq!((found.value, found.line), (Value::Computed, 2), "{statement}");
        let after = format!("{source}\n$_configuration['x'] = 'c';");
        let found = Assignments::read(after.as_bytes()).get("x").unwrap();
        assert_eq!((found.value, found.line), (Value::Text(b"c".to_vec()), 3), "{statement}");
    }
}

#[test]
fn a_setting_that_is_not_known_is_named_with_its_line_and_the_remedy() {
    let source = format!("{WHOLE}\n\n$_configuration['db_password'] = getenv('SECRET');");
    let error = read(&source).unwrap_err().to_string();
    for part in ["configuration.php, line 9", "db_password", "computed", "COURSEFS_DB_PASSWORD", "credentials file"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains("-o db_password"), "{error}");
    let error = read(&format!("{WHOLE} $_configuration['main_database'] = DB;")).unwrap_err().to_string();
    assert!(error.contains("main_database") && error.contains("-o db_name=…"), "{error}");
    let error = read("<?php\n\nrequire 'database.php';").unwrap_err().to_string();
    assert!(error.contains("does not set db_host") && error.contains("line 3 runs another file"), "{error}");
    let error = read("").unwrap_err().to_string();
    assert!(error.contains("does not set db_host; give it with -o db_host=…"), "{error}");
    for (value, reason) in [("''", "empty"), ("array()", "no text"), ("true", "no text"), ("\"\\xff\"", "UTF-8")] {
        let error = read(&format!("{WHOLE} $_configuration['db_user'] = {value};")).unwrap_err().to_string();
        assert!(error.contains("line 7") && error.contains("db_user") && error.contains(reason), "{error}");
    }
    // What coursefs can do without may be computed.
    assert!(read(&format!("{WHOLE} $_configuration['root_sys'] = dirname(__DIR__, 2).'/';")).is_ok());
}

#[test]
fn options_count_more_than_the_environment_and_that_more_than_the_file() {
    let given = supplied(
        &[("db_host", "first"), ("db_host", "option"), ("db_name", "named")],
        &[("COURSEFS_DB_HOST", "environment"), ("COURSEFS_DB_USER", "somebody"), ("COURSEFS_DB_PASSWORD", "open")],
    );
    let found = read_with(WHOLE, &given.unwrap()).unwrap();
    assert_eq!(found.address, host("option", Some(3307)));
    assert_eq!((found.database.as_str(), found.user.as_str()), ("named", "somebody"));
    assert_eq!(found.password.reveal(), "open");
    // A socket instead of a host, and a host instead of a socket.
    let given = supplied(&[("db_socket", "/run/a.sock")], &[("COURSEFS_DB_HOST", "b")]).unwrap();
    assert_eq!(read_with(WHOLE, &given).unwrap().address, Address::Socket("/run/a.sock".into()));
    let given = supplied(&[("db_host", "b:4000"), ("db_port", "4001")], &[("COURSEFS_DB_SOCKET", "/run/a.sock")]);
    assert_eq!(read_with(WHOLE, &given.unwrap()).unwrap().address, host("b", Some(4001)));
    // Nothing of the file is needed then.
    let all = [("db_host", "h"), ("db_name", "n"), ("db_port", ""), ("db_user", "u"), ("db_tls", "required")];
    let found = read_with("<?php $_configuration = load();", &supplied(&all, &[("COURSEFS_DB_PASSWORD", "")]).unwrap());
    assert_eq!(found.unwrap().tls.as_deref(), Some("required"));
    let error = read_with(WHOLE, &supplied(&[("db_port", "x")], &[]).unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("options: the setting db_port"), "{error}");
}

#[test]
fn a_password_is_no_option() {
    let error = supplied(&[("db_password", "pa55word")], &[]).unwrap_err().to_string();
    assert!(error.contains("arguments of a process") && error.contains("credentials"), "{error}");
    assert!(!error.contains("pa55word"));
    assert!(Supplied::is_option("db_password") && Supplied::is_option("credentials") && !Supplied::is_option("ttl"));
}

#[test]
fn a_credentials_file_is_used_if_it_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    let write = |text: &str, mode| {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        supplied(&[("credentials", path.to_str().unwrap())], &[("COURSEFS_DB_NAME", "counts")])
    };
    let text = "# for coursefs\n\n db_user = writer \ndb_password= a=b \ndb_name=less\ndb_host=db:3400\n";
    for mode in [0o600, 0o400] {
        let found = read_with(WHOLE, &write(text, mode).unwrap()).unwrap();
        assert_eq!((found.user.as_str(), found.password.reveal()), ("writer", " a=b "));
        assert_eq!((found.database.as_str(), found.address), ("counts", host("db", Some(3400))));
    }
    for mode in [0o640, 0o604, 0o660, 0o602] {
        let error = write(text, mode).unwrap_err().to_string();
        assert!(error.contains(&format!("{mode:o}")) && error.contains("chmod 600"), "{error}");
    }
    let error = write("db_user=a\ndb_pasword=secret", 0o600).unwrap_err().to_string();
    assert!(error.contains("line 2") && error.contains("db_password") && !error.contains("secret"), "{error}");
    let error = write("secret", 0o600).unwrap_err().to_string();
    assert!(error.contains("line 1") && !error.contains("secret"), "{error}");
    let error = supplied(&[], &[("COURSEFS_CREDENTIALS", "/nowhere/file")]).unwrap_err().to_string();
    assert!(error.contains("/nowhere/file"), "{error}");
    let error = supplied(&[("credentials", folder.path().to_str().unwrap())], &[]).unwrap_err().to_string();
    assert!(error.contains("is not a file"), "{error}");
    if rustix::process::geteuid().is_root() {
        write(text, 0o600).unwrap();
        std::os::unix::fs::chown(&path, Some(0), Some(0)).unwrap();
        assert!(supplied(&[("credentials", path.to_str().unwrap())], &[]).is_ok());
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        let error = supplied(&[("credentials", path.to_str().unwrap())], &[]).unwrap_err().to_string();
        assert!(error.contains("user 12345"), "{error}");
    }
}

#[test]
fn nothing_that_is_printed_holds_a_password() {
    let given = supplied(&[], &[("COURSEFS_DB_PASSWORD", "t0psecret"), ("COURSEFS_DB_USER", "u")]).unwrap();
    let found = read_with(WHOLE, &given).unwrap();
    assert_eq!(found.password.reveal(), "t0psecret");
    for text in [format!("{given:?}"), format!("{found:?}"), format!("{found:#?}")] {
        assert!(!text.contains("t0psecret"), "{text}");
    }
    // Not in an error about it either.
    let error = read(&format!("{WHOLE} $_configuration['db_password'] = \"t0psecret\\xff\";")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("t0psecret"), "{error}");
}

/// A literal as somebody may write it.
fn php_literal() -> impl Strategy<Value = String> {
    let quoted = prop_oneof![
        Just("\\'"),
        Just("\\\\"),
        Just("\\n"),
        Just("é"),
        Just("$"),
        Just("{"),
        Just("?>"),
        Just("//"),
        Just("\""),
        Just("\n"),
        Just(" "),
        Just("a"),
        Just("0"),
        Just("\\\"")
    ];
    let double = prop_oneof![
        Just("\\\""),
        Just("\\\\"),
        Just("\\n"),
        Just("\\t\\r\\v\\e\\f"),
        Just("\\$"),
        Just("\\x4"),
        Just("\\x41f"),
        Just("\\X41"),
        Just("\\101"),
        Just("\\1018"),
        Just("\\777"),
        Just("\\0"),
        Just("\\u{e9}"),
        Just("\\u{1F600}"),
        Just("\\q"),
        Just("\\'"),
        Just("'"),
        Just("$"),
        Just("$1"),
        Just("{"),
        Just("}"),
        Just("?>"),
        Just("/*"),
        Just("é"),
        Just("\n"),
        Just("a"),
        Just("\\xg"),
        Just(" ")
    ];
    let number = prop_oneof![
        any::<i32>().prop_map(|number| number.to_string()),
        any::<u16>().prop_map(|number| format!("0{number:o}")),
        any::<u16>().prop_map(|number| format!("0x{number:X}")),
        any::<u16>().prop_map(|number| format!("0B{number:b}")),
        any::<u16>().prop_map(|number| format!("1_{number:03}")),
    ];
    let word = proptest::sample::select(vec!["true", "FALSE", "null", "Null", "True"]).prop_map(ToOwned::to_owned);
    let texts = prop_oneof![
        proptest::collection::vec(quoted, 0..8).prop_map(|parts| format!("'{}'", parts.concat())),
        proptest::collection::vec(double, 0..8).prop_map(|parts| {
            // A dollar before a letter or a brace is a variable.
            let text =
                parts.concat().replace("$a", "$ a").replace("$é", "$ é").replace("{$", "{ $").replace("${", "$ {");
            format!("\"{text}\"")
        }),
    ];
    prop_oneof![4 => texts, 2 => number, 1 => word]
}

/// A statement: an assignment that is known, or something that is not.
fn php_statement() -> impl Strategy<Value = String> {
    let setting = proptest::sample::select(vec!["a", "b", "c"]);
    (setting, php_literal(), php_literal(), 0..16_u8).prop_map(|(setting, value, other, form)| {
        let variable = format!("$_configuration['{setting}']");
        match form {
            0..=3 => format!("{variable} = {value};"),
            4 => format!("// {variable} = 1;\n{variable}/**/=\n#\n{value}//\n;"),
            5 => format!("$_configuration[\"{setting}\"]={value} ?> {variable} = 7; <?php "),
            6 => format!("if (mt_rand(0, 1) < 2) {{ {variable} = {value}; }}"),
            7 => format!("if (mt_rand(0, 1) > 2) {variable} = {value};"),
            8 => format!("{variable} = array({value}, 'x' => [{other}, 'y' => {value}], 2 => {other});"),
            9 => format!("{variable} = ['x' => {value}, ]; {variable}['z'] = {other};"),
            10 => format!("{variable} = {value} . {other};"),
            11 => format!("$text = <<<'END'\n  {variable} = 5;\n  END;\n {variable} = {value};"),
            12 => format!("function f_{setting}() {{ {variable} = {value}; }}"),
            13 => format!("$_configuration = ['{setting}' => {value}, 'c' => {other}];"),
            14 => format!("if (false): ; {variable} = {value}; else: {variable} = {other}; endif;"),
            _ => format!("unset({variable});"),
        }
    })
}

/// What PHP makes of it, in a form that this test can read: texts as base64.
const PHP: &str = r#"<?php
function shown($value) {
    if (is_string($value)) { return ['text' => base64_encode($value)]; }
    if (is_array($value)) { return ['array' => (object) array_map('shown', $value)]; }
    return ['plain' => $value];
}
function load($__file) {
    $_configuration = [];
    try { ob_start(); include $__file; } catch (Throwable $error) { ob_end_clean(); return ['failed' => $error->getMessage()]; }
    ob_end_clean();
    return array_map('shown', $_configuration);
}
error_reporting(0);
foreach (file($argv[1], FILE_IGNORE_NEW_LINES) as $file) { echo json_encode((object) load($file)), "\n"; }
"#;

/// Whether our value is what PHP has; a value that we do not know is not wrong.
fn agrees(ours: &Value, php: &serde_json::Value) -> bool {
    match ours {
        Value::Computed => true,
        Value::Text(text) => php["text"] == serde_json::json!(STANDARD.encode(text)),
        Value::Int(number) => php["plain"] == serde_json::json!(number),
        Value::Bool(value) => php["plain"] == serde_json::json!(value),
        Value::Null => php.get("plain").is_some_and(serde_json::Value::is_null),
        Value::Array(elements) => elements.iter().all(|(name, value)| {
            php["array"].get(String::from_utf8_lossy(name).as_ref()).is_some_and(|php| agrees(value, php))
        }),
    }
}

#[test]
fn php_reads_the_same_values() {
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::deterministic();
    let statements = proptest::collection::vec(php_statement(), 1..6);
    let mut list = std::fs::File::create(folder.path().join("list")).unwrap();
    let mut sources = Vec::new();
    for number in 0..1500 {
        // Functions are declared once a process.
        let source = statements.new_tree(&mut runner).unwrap().current().join("\n");
        let source = format!("<?php\n{source}\n").replace("function f_", &format!("function f{number}_"));
        let functions = source.matches("function ").count();
        if functions > 1 {
            continue;
        }
        let path = folder.path().join(format!("{number}.php"));
        std::fs::write(&path, &source).unwrap();
        writeln!(list, "{}", path.display()).unwrap();
        sources.push(source);
    }
    std::fs::write(folder.path().join("read.php"), PHP).unwrap();
    let php = Command::new("php").arg(folder.path().join("read.php")).arg(folder.path().join("list")).output().unwrap();
    assert!(php.status.success(), "{}", String::from_utf8_lossy(&php.stderr));
    let answers: Vec<serde_json::Value> =
        String::from_utf8(php.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), sources.len());
    let mut known = BTreeMap::new();
    for (source, php) in sources.iter().zip(&answers) {
        assert!(php.get("failed").is_none(), "PHP: {php}\n{source}");
        let ours = Assignments::read(source.as_bytes());
        for name in ["a", "b", "c"] {
            let found = ours.get(name).map(|assigned| assigned.value);
            let agreed = match (&found, php.get(name)) {
                (None, None) | (Some(Value::Computed), _) => true,
                (Some(ours), Some(php)) => agrees(ours, php),
                _ => false,
            };
            assert!(agreed, "{name}: {found:?}, PHP: {:?}\n{source}", php.get(name));
            *known
                .entry(found.map(|value| std::mem::discriminant(&value) == std::mem::discriminant(&Value::Computed)))
                .or_insert(0) += 1;
        }
    }
    // Most of what is assigned is known: the comparison means something.
    assert!(known[&Some(false)] > known[&Some(true)] && known[&Some(false)] > 1000, "{known:?}");
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        Assignments::read(&bytes);
        Assignments::read(&[b"<?php $_configuration['a']=".as_slice(), &bytes].concat());
    }

    #[test]
    fn no_piece_of_php_makes_the_reader_fail(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "<?php ", "?>", "$_configuration", "[", "]", "(", ")", "{", "}", "'", "\"", "\\", "=", "=>", ";", ",", "array",
            "<<<A\n", "A", "\n", "#", "/*", "*/", "'a'", "if", "endif", ":", "-", "9", "$", "`", "unset", "return", "\\u{", "}",
        ]), 0..60),
    ) {
        Assignments::read(format!("<?php {}", pieces.concat()).as_bytes());
    }

    #[test]
    fn a_text_comes_back_from_either_quotes(text in "\\PC*") {
        let single = format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        let double = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"));
        prop_assert_eq!(value_of(&single), Value::Text(text.clone().into_bytes()));
        prop_assert_eq!(value_of(&double), Value::Text(text.into_bytes()));
    }
}
