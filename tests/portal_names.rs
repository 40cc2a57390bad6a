//! Codes and file names come out as Chamilo makes them.
#![allow(clippy::unwrap_used)]

mod support;

use coursefs::course::names::{
    ExtensionFilter, Verdict, clean, course_code, disable_scripts, is_course_code, stored_file_name, survives_import,
    upload_title,
};
use coursefs::portal::Settings;
use support::portals;

/// Chamilo's own answers.
fn vectors() -> Vec<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_str(include_str!("data/filename-vectors.json")).unwrap()
}

#[test]
fn names_and_codes_are_those_that_chamilo_made() {
    let vectors = vectors();
    assert!(vectors.len() >= 33);
    for vector in vectors {
        let text = |key: &str| vector[key].as_str().unwrap().to_owned();
        let name = text("in");
        assert_eq!(clean(name.as_bytes()), text("replace_dangerous"), "{name:?} cleaned");
        assert_eq!(disable_scripts(&clean(name.as_bytes())), text("disable_dangerous"), "{name:?} made harmless");
        assert_eq!(stored_file_name(name.as_bytes()), text("stored_file_name"), "{name:?} stored");
        assert_eq!(upload_title(&name), text("title_other_modes"), "the title of {name:?}");
        assert_eq!(course_code(&name).unwrap_or_default(), text("course_code"), "the code of {name:?}");
    }
}

#[test]
fn only_short_codes_of_capitals_and_digits_are_codes() {
    for code in ["A", "GEO101", "0", &"Z".repeat(40)] {
        assert!(is_course_code(code), "{code}");
    }
    for code in ["", "geo101", "GEO 101", "GEO-101", "../A", "É", &"Z".repeat(41)] {
        assert!(!is_course_code(code), "{code}");
    }
}

#[test]
fn a_name_survives_the_import_if_it_is_a_fixed_point_of_its_cleaning() {
    for name in
        ["UPPER.TXT", "_under_", ".hidden", "a.b.c", "file..name.pdf", "trailing-.txt", "x__12__0.pdf", "a.phps"]
    {
        assert!(survives_import(name.as_bytes()), "{name}");
    }
    let long = "a".repeat(251);
    let lost = [
        "",
        ".",
        "..",
        "Hé llo (1).pdf",
        "a b",
        "a--b",
        "-foo-",
        "foo.",
        "日本語.txt",
        "x.php",
        "a.phps.txt",
        "a.PHPS",
        ".htaccess",
        "O'Reilly.txt",
        "100%.html",
        "__MACOSX",
        "Thumbs.db",
        &long,
    ];
    for name in lost {
        assert!(!survives_import(name.as_bytes()), "{name}");
    }
    assert!(!survives_import(b"caf\xe9"));
}

fn filter_with(changes: &[(&str, &str)]) -> ExtensionFilter {
    let folder = tempfile::tempdir().unwrap();
    let portal = portals::init(folder.path());
    use coursefs::portal::database::{DatabaseError, DatabaseExt};
    portal
        .database()
        .write(|session| {
            for (variable, value) in changes {
                let sql = "UPDATE settings_current SET selected_value = ? WHERE variable = ?";
                assert_eq!(session.execute(sql, &[(*value).into(), (*variable).into()])?, 1);
            }
            Ok::<_, DatabaseError>(())
        })
        .unwrap();
    ExtensionFilter::from_settings(&portal.settings().unwrap())
}

#[test]
fn a_new_portal_forbids_no_extension() {
    assert_eq!(filter_with(&[]).check("setup.exe"), Verdict::Allowed);
    assert_eq!(ExtensionFilter::from_settings(&Settings::default()).check("setup.exe"), Verdict::Allowed);
}

#[test]
fn a_forbidden_extension_is_refused_or_replaced_as_the_platform_says() {
    let blacklist = ("upload_extensions_blacklist", "exe; BAT");
    let refusing = filter_with(&[blacklist]);
    assert_eq!(refusing.check("setup.EXE"), Verdict::Refused("exe".into()));
    assert_eq!(refusing.check("run.bat"), Verdict::Refused("bat".into()));
    assert_eq!(refusing.check("exe"), Verdict::Allowed);
    assert_eq!(refusing.check("a.exe.txt"), Verdict::Allowed);
    let replacing = filter_with(&[blacklist, ("upload_extensions_skip", "false")]);
    assert_eq!(replacing.check("setup.exe"), Verdict::Renamed("setup.REPLACED_dangerous".into()));
    let white = filter_with(&[("upload_extensions_list_type", "whitelist")]);
    assert_eq!(white.check("map.PDF"), Verdict::Allowed);
    assert_eq!(white.check("map.kml"), Verdict::Refused("kml".into()));
    assert_eq!(white.check("README"), Verdict::Allowed);
}
