//! Chamilo's rules for course codes and file names.
//!
//! Chamilo stores no name as its owner typed it: letters are transliterated to ASCII, everything but letters, digits,
//! `_`, `-` and `.` is dropped, and what a web server might run is renamed. An archive's names go through the same mill
//! when Chamilo imports it, and a document whose name changes there is lost; hence [`survives_import`]. Nothing here
//! touches rows or files.

use crate::portal::Settings;

/// The longest name in bytes that Chamilo makes (Chamilo 1.11, file upload).
const MAX_NAME: usize = 250;

/// The longest course code in characters (`course.code`).
pub const MAX_CODE: usize = 40;

/// What Chamilo makes of these characters, where the transliteration library says otherwise.
const TRANSLITERATIONS: [(char, &str); 5] = [('Η', "H"), ('η', "h"), ('Ή', "H"), ('ή', "h"), ('Ī', "i")];

/// The characters beyond ASCII that Chamilo transliterates: Latin, Greek, Cyrillic, more Latin. All others vanish.
const TRANSLITERATED: [(char, char); 4] = [('\u{c0}', '\u{24f}'), ('Ͱ', 'Ͽ'), ('Ѐ', 'ӿ'), ('\u{1e00}', '\u{1eff}')];

/// The single symbol outside those ranges that has an ASCII form in Chamilo.
const COPYRIGHT: char = '©';

/// Entries that Chamilo leaves out when it unpacks an archive.
const SKIPPED: [&str; 3] = ["__MACOSX", "Thumbs.db", ".Thumbs.db"];

/// The extensions of scripts; a name is cut at the first of them.
const SCRIPTS: [&str; 3] = [".php", ".phtml", ".phar"];

/// What the extension of a script becomes: a listing that a web server shows and does not run.
const LISTING: &str = ".phps";

/// The name of a web server's per-folder configuration, and what it becomes.
const SERVER_CONFIGURATION: (&str, &str) = (".htaccess", "htaccess.txt");

/// The course code that Chamilo generates from a wanted code or a title, `None` if nothing is left of it (a title
/// without any letter that has an ASCII form).
pub fn course_code(wanted: &str) -> Option<String> {
    let mut code = clean(wanted.as_bytes()).to_ascii_uppercase();
    code.retain(|letter| letter.is_ascii_alphanumeric());
    code.truncate(MAX_CODE);
    (!code.is_empty()).then_some(code)
}

/// Whether `code` may become a course's code and folder: `[A-Z0-9]{1,40}`.
pub fn is_course_code(code: &str) -> bool {
    (1..=MAX_CODE).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// `name` in the characters that Chamilo stores: ASCII letters and digits, `_`, `-` and `.`, at most 250 of them, no
/// hyphens in a row or at the start, no dots at the end. Empty if nothing is left. Scripts are not renamed yet
/// ([`disable_scripts`]).
pub fn clean(name: &[u8]) -> String {
    let mut ascii = String::with_capacity(name.len());
    for letter in String::from_utf8_lossy(name).chars() {
        push_transliterated(letter, &mut ascii);
    }
    let mut cleaned = String::with_capacity(ascii.len());
    for letter in ascii.trim().chars() {
        let letter = if letter.is_ascii_whitespace() { '-' } else { letter };
        if letter != '-' || !cleaned.ends_with('-') {
            cleaned.push(letter);
        }
    }
    cleaned.truncate(MAX_NAME);
    cleaned.trim_matches('-').trim_end_matches('.').to_owned()
}

/// `name` such that no web server runs it: everything from the first `.php`, `.phtml` or `.phar` on becomes `.phps`,
/// `.htaccess` becomes `htaccess.txt`.
pub fn disable_scripts(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let script = SCRIPTS.iter().filter_map(|extension| lower.find(extension)).min();
    let safe = match script {
        Some(start) => format!("{}{LISTING}", name.get(..start).unwrap_or_default()),
        None => name.to_owned(),
    };
    let (dangerous, harmless) = SERVER_CONFIGURATION;
    match safe.to_ascii_lowercase().find(dangerous) {
        Some(start) => {
            let before = safe.get(..start).unwrap_or_default();
            let after = safe.get(start + dangerous.len()..).unwrap_or_default();
            format!("{before}{harmless}{after}")
        }
        None => safe,
    }
}

/// The name under which Chamilo stores an uploaded file. A name without extension ends in a dot, as in Chamilo.
pub fn stored_file_name(name: &[u8]) -> String {
    let mut stored = disable_scripts(&clean(name));
    if !stored.contains('.') {
        stored.push('.');
    }
    stored
}

/// The title that Chamilo gives to an uploaded file: its name as it was, without the extension.
pub fn upload_title(name: &str) -> String {
    let name = disable_scripts(name);
    let name = name.trim_end_matches('.');
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.trim_end_matches('.').to_owned()
}

/// Whether Chamilo's import leaves this component of an archive's path as it is. A document with a component that it
/// changes or skips is lost in the import, without a word to the user (Chamilo 1.11, CourseRestorer).
pub fn survives_import(component: &[u8]) -> bool {
    // Archives ask for every name of a course, and nearly all are of this kind.
    if is_plain(component) {
        return true;
    }
    let Ok(name) = std::str::from_utf8(component) else { return false };
    !name.is_empty() && !SKIPPED.contains(&name) && clean(component) == name && disable_scripts(name) == name
}

/// Whether a name is letters, digits and `_`, with at most one dot inside, and no script: quick to tell, never changed.
fn is_plain(name: &[u8]) -> bool {
    let plain = |part: &[u8]| !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let is_script = |extension: &[u8]| {
        let start = extension.get(..2).unwrap_or_default();
        start.eq_ignore_ascii_case(b"ph") || (start.eq_ignore_ascii_case(b"ht") && extension.len() > 4)
    };
    let (stem, extension) = match name.iter().position(|byte| *byte == b'.') {
        Some(dot) => (name.get(..dot).unwrap_or_default(), name.get(dot + 1..)),
        None => (name, None),
    };
    let skipped = SKIPPED.iter().any(|skipped| skipped.as_bytes() == name);
    let sound = extension.is_none_or(|extension| plain(extension) && !is_script(extension));
    plain(stem) && sound && !skipped && name.len() <= MAX_NAME
}

/// Appends what Chamilo makes of `letter`: nothing, itself or some ASCII letters.
fn push_transliterated(letter: char, ascii: &mut String) {
    let kept =
        |letter: &char| letter.is_ascii_alphanumeric() || "_-.".contains(*letter) || letter.is_ascii_whitespace();
    if letter.is_ascii() {
        ascii.extend(Some(letter).filter(kept));
    } else if let Some((_, letters)) = TRANSLITERATIONS.iter().find(|(from, _)| *from == letter) {
        ascii.push_str(letters);
    } else if letter == COPYRIGHT {
        ascii.push('c');
    } else if letter.is_whitespace() {
        ascii.push(' ');
    } else if TRANSLITERATED.iter().any(|(first, last)| (*first..=*last).contains(&letter)) {
        ascii.extend(deunicode::deunicode_char(letter).unwrap_or_default().chars().filter(kept));
    }
}

/// Why a file or folder may not have a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A web server might run it, or be configured by it.
    #[error("a web server might run a file of this name; Chamilo would call it {0}")]
    Script(String),
    /// The platform's list of extensions forbids it.
    #[error("the portal does not take files that end in .{0} (settings upload_extensions_*)")]
    Extension(String),
    /// Chamilo's database can't hold it.
    #[error(
        "Chamilo's database can't hold it: it has bytes that are no UTF-8, or characters beyond U+FFFF (such as emoji)"
    )]
    Unwritable,
    /// Chamilo takes what is called so for deleted and never shows it.
    #[error("Chamilo takes what has DELETED or _REPLACED_DATE_ in its name for deleted and does not show it")]
    LooksDeleted,
    /// Chamilo keeps users' own files under this name.
    #[error("Chamilo keeps its users' own folders or chats under this name, which are not the course's documents")]
    UsersOwn,
}

/// Why a file (or folder) called `name` may not lie in a course's documents, `None` if it may. `top` is whether it would
/// lie in the Document folder itself.
///
/// Chamilo renames most such uploads; whoever copies files means their names, so they are refused instead. Names of
/// files on their way to another name ([`is_passing`]) may have any extension.
pub fn refusal(name: &[u8], folder: bool, top: bool, extensions: &ExtensionFilter) -> Option<Refusal> {
    let users_own = name == b"shared_folder" || name.starts_with(b"shared_folder_session_") || name == b"chat_files";
    if top && users_own {
        return Some(Refusal::UsersOwn);
    }
    let Some(text) = std::str::from_utf8(name).ok().filter(|text| text.chars().all(|letter| letter <= '\u{ffff}'))
    else {
        return Some(Refusal::Unwritable);
    };
    // In Chamilo's patterns (`%_DELETED_%`) the underscores stand for any character; the slash before the name is one.
    let looks_deleted = |at: usize| folder || at + 7 < text.len();
    if text.match_indices("DELETED").any(|(at, _)| looks_deleted(at)) || text.contains("_REPLACED_DATE_") {
        return Some(Refusal::LooksDeleted);
    }
    let harmless = disable_scripts(text);
    if harmless != text {
        return Some(Refusal::Script(harmless));
    }
    if folder || is_passing(name) {
        return None;
    }
    match extensions.check(text) {
        Verdict::Allowed => None,
        Verdict::Refused(extension) => Some(Refusal::Extension(extension)),
        Verdict::Renamed(_) => text.rsplit('.').next().map(|extension| Refusal::Extension(extension.to_lowercase())),
    }
}

/// How names of passing files begin and end: lock files, copies and drafts of editors, file managers' own notes.
const PASSING: [(&str, &str); 25] = [
    ("", "~"),
    ("", ".part"),
    ("", ".filepart"),
    ("", ".crdownload"),
    ("", ".kate-swp"),
    ("~$", ""),
    (".~lock.", "#"),
    (".", ".swp"),
    (".", ".swo"),
    (".", ".swx"),
    (".", ".swpx"),
    ("#", "#"),
    (".#", ""),
    (".goutputstream-", ""),
    (".nfs", ""),
    (".fuse_hidden", ""),
    ("._", ""),
    (".DS_Store", ""),
    (".Trash-", ""),
    (".Trashes", ""),
    (".Spotlight-V100", ""),
    (".fseventsd", ""),
    ("lu", ".tmp"),
    ("~WRL", ".tmp"),
    (".~tmp~", ""),
];

/// Whole names of passing files.
const PASSING_NAMES: [&str; 6] = ["4913", "Thumbs.db", "ehthumbs.db", "desktop.ini", ".directory", "$RECYCLE.BIN"];

/// Whether a file of this name is on its way to another one or belongs to a program, and is no document for people:
/// editors' drafts and locks, `rsync`'s and `sed`'s temporary files, file managers' notes. Chamilo is not let know of such a
/// document until it gets another name, and when it is deleted it is gone.
pub fn is_passing(name: &[u8]) -> bool {
    let ends = PASSING.iter().any(|(start, end)| {
        name.len() >= start.len() + end.len() && name.starts_with(start.as_bytes()) && name.ends_with(end.as_bytes())
    });
    let random = |text: &[u8]| text.len() == 6 && text.iter().all(u8::is_ascii_alphanumeric);
    // `.name.AbC123`, `sedAbC123`
    let rsync = name.starts_with(b".")
        && name
            .iter()
            .rposition(|byte| *byte == b'.')
            .is_some_and(|dot| dot > 1 && random(name.get(dot + 1..).unwrap_or_default()));
    let sed = name.strip_prefix(b"sed").is_some_and(random);
    ends || rsync || sed || PASSING_NAMES.iter().any(|passing| passing.as_bytes().eq_ignore_ascii_case(name))
}

/// Whether a document of this path, or a folder that it lies in, is passing ([`is_passing`]).
pub fn is_passing_path(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(is_passing)
}

/// What the platform does with an uploaded file's extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The file may keep its name.
    Allowed,
    /// The file may not be stored; the extension at fault, in lower case.
    Refused(String),
    /// The file is stored under this name.
    Renamed(String),
}

/// The platform's rule for extensions of uploaded files (settings `upload_extensions_*`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionFilter {
    whitelist: bool,
    extensions: Vec<String>,
    refuse: bool,
    replacement: String,
}

impl ExtensionFilter {
    /// The rule in force. A portal that has no such settings forbids nothing.
    pub fn from_settings(settings: &Settings) -> ExtensionFilter {
        let setting = |variable: &str| settings.get(variable).unwrap_or_default();
        let whitelist = setting("upload_extensions_list_type") == "whitelist";
        let list = if whitelist { "upload_extensions_whitelist" } else { "upload_extensions_blacklist" };
        let extensions = setting(list).split(';').map(|extension| extension.trim().to_lowercase());
        ExtensionFilter {
            whitelist,
            extensions: extensions.filter(|extension| !extension.is_empty()).collect(),
            refuse: setting("upload_extensions_skip") != "false",
            replacement: settings.get("upload_extensions_replace_by").unwrap_or("dangerous").to_owned(),
        }
    }

    /// What becomes of a file called `name`. Only what follows the last dot counts; without a dot all is well.
    pub fn check(&self, name: &str) -> Verdict {
        let Some((stem, extension)) = name.rsplit_once('.') else { return Verdict::Allowed };
        let extension = extension.to_lowercase();
        if extension.is_empty() || self.extensions.contains(&extension) == self.whitelist {
            return Verdict::Allowed;
        }
        match self.refuse {
            true => Verdict::Refused(extension),
            false => Verdict::Renamed(format!("{stem}.REPLACED_{}", self.replacement)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_plain_name_is_one_that_the_import_leaves_alone(name in "[a-zA-Z0-9_.-]{0,12}(\\.(php|htm|html|htaccess|phar|pdf|db))?") {
            if is_plain(name.as_bytes()) {
                prop_assert_eq!(clean(name.as_bytes()), name.as_str());
                prop_assert_eq!(disable_scripts(&name), name.as_str());
            }
        }
    }

    fn refused(name: &str) -> Option<Refusal> {
        let extensions = ExtensionFilter {
            whitelist: false,
            extensions: vec!["exe".into()],
            refuse: true,
            replacement: "dangerous".into(),
        };
        refusal(name.as_bytes(), false, true, &extensions)
    }

    #[test]
    fn names_that_chamilo_can_not_have_are_refused() {
        for name in ["a.php", "a.PHP5", "x.phtml.txt", ".htaccess", "a.phar"] {
            assert!(matches!(refused(name), Some(Refusal::Script(_))), "{name}");
        }
        for name in ["a_DELETED_7", "DELETED!", "a.txt_REPLACED_DATE_2026"] {
            assert_eq!(refused(name), Some(Refusal::LooksDeleted), "{name}");
        }
        assert_eq!(refused("setup.EXE"), Some(Refusal::Extension("exe".into())));
        assert_eq!(refused("shared_folder"), Some(Refusal::UsersOwn));
        assert_eq!(refused("party \u{1f389}.txt"), Some(Refusal::Unwritable));
        for name in ["a.txt", ".gitignore", "exe", "été.pdf", "UNDELETED", ".~lock.setup.exe#", ".setup.exe.Ab12Cd"] {
            assert_eq!(refused(name), None, "{name}");
        }
    }

    #[test]
    fn passing_files_are_told_by_their_names() {
        for name in [
            ".a.txt.swp",
            "4913",
            "a.txt~",
            ".~lock.a.odt#",
            ".a.txt.Xy12aB",
            "sedAb12Cd",
            ".goutputstream-ABCDEF",
            ".DS_Store",
            "._a.txt",
            "Thumbs.db",
            "~$a.docx",
            "#a.txt#",
            "lu1234abcd.tmp",
        ] {
            assert!(is_passing(name.as_bytes()), "{name}");
        }
        for name in ["a.txt", ".gitignore", "4914", "sediment", "lune.tmpl", ".a.html", "HEAD", ".git"] {
            assert!(!is_passing(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn skipped_names_are_not_plain() {
        for name in SKIPPED {
            assert!(!is_plain(name.as_bytes()));
        }
        assert!(is_plain(b"page_1.html") && is_plain(b"Unit1") && !is_plain(b"x.php") && !is_plain(b""));
    }
}
