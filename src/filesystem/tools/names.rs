//! Names under which programs write a file until it is whole.

/// What programs put behind the name of a file that they are writing, or of the copy that they keep of it.
const ENDINGS: [&[u8]; 8] = [b"~", b".part", b".filepart", b".tmp", b".temp", b".crdownload", b".swp", b".swx"];

/// Whether a program that writes a file may call it `name` until it is whole; `is_final` tells whether a name is one
/// that stays. Hidden names (`.x.html.AbC123` of rsync, `.x.swp`), `x.html~`, `x.html.part` and everything else behind a
/// final name, `#x.html#`, `4913` of vim, `sedAbC123`, `XXAbC123` of perl.
pub fn is_temporary(name: &[u8], is_final: &dyn Fn(&[u8]) -> bool) -> bool {
    let hidden = name.starts_with(b".") || name.starts_with(b"#") && name.ends_with(b"#");
    if hidden || ENDINGS.iter().any(|ending| name.len() > ending.len() && name.ends_with(ending)) {
        return true;
    }
    if is_final(name) {
        return false;
    }
    let number = !name.is_empty() && name.iter().all(u8::is_ascii_digit);
    let is_of = |program: &[u8]| {
        name.strip_prefix(program).is_some_and(|rest| rest.len() == 6 && rest.iter().all(u8::is_ascii_alphanumeric))
    };
    let (of_sed, of_perl) = (is_of(b"sed"), is_of(b"XX"));
    // `x.html.bak`, `x.html.AbC123`.
    let behind = || {
        let dot = name.iter().rposition(|byte| matches!(byte, b'.'));
        dot.and_then(|dot| name.get(..dot)).is_some_and(is_final)
    };
    number || of_sed || of_perl || is_random(name) || behind()
}

/// Whether `name` is one that no person would give: eight or more letters and digits in no order of a word, as perl and
/// `mkstemp` make them.
fn is_random(name: &[u8]) -> bool {
    let plain = (8..=12).contains(&name.len()) && name.iter().all(u8::is_ascii_alphanumeric);
    let kinds: [fn(&u8) -> bool; 3] = [u8::is_ascii_digit, u8::is_ascii_uppercase, u8::is_ascii_lowercase];
    plain && kinds.iter().filter(|kind| name.iter().skip(1).any(kind)).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_that_are_being_written_are_told_from_those_that_stay() {
        let is_final = |name: &[u8]| name.ends_with(b".html");
        let temporary = [
            ".Welcome.html.AbC123",
            ".goutputstream-X1Y2Z3",
            ".Welcome.html.swp",
            "Welcome.html~",
            "Welcome.html.part",
            "Welcome.html.bak",
            "Welcome.html.tmp",
            "Welcome.html.k3Xa9Q",
            "#Welcome.html#",
            "4913",
            "sedaB3xYz",
            "XbG4kQz1",
            "XXPMHADU",
        ];
        for name in temporary {
            assert!(is_temporary(name.as_bytes(), &is_final), "{name}");
        }
        for name in ["Welcome.html", "a~b.html", "notes.txt", "notes", "Announcements", "sediment.html", "12.html"] {
            assert!(!is_temporary(name.as_bytes(), &is_final), "{name}");
        }
    }
}
