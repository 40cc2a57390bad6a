//! Saving from the programs that people use: afterwards the documents, their rows and nothing else are there.
#![allow(clippy::unwrap_used)]

mod documents_support;
mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use coursefs::course::Stamp;
use documents_support::{Setting, read, rows_follow_the_rules};
use support::{names, run, start, wait_for};

/// Ways of mounting: what is written is watched, or passed through, or goes plainly.
const WAYS: [&str; 3] = ["ttl=1", "ttl=1,passthrough", "ttl=1,nopassthrough"];

/// Runs `test` on a new course; rows, files and Chamilo's rules must fit together after it.
fn with_programs(test: impl Fn(&Setting)) {
    for options in WAYS {
        let begin = Stamp::now(0).datetime();
        let mut setting = Setting::new(options);
        test(&setting);
        setting.portal.check_finds_nothing();
        setting.mount.unmount();
        setting.portal.check_finds_nothing();
        rows_follow_the_rules(&setting.portal, "GEO101", 1, &begin);
        let log = setting.mount.log();
        assert!(!log.contains("ERROR"), "{options}: {log}");
    }
}

/// Paths of the documents that Chamilo shows.
fn shown(setting: &Setting) -> Vec<String> {
    setting.rows().into_iter().map(|(path, ..)| path).collect()
}

fn shell(setting: &Setting, script: &str) -> String {
    let folder = setting.documents();
    run("sh", &[&"-ec", &format!("cd '{}'; export HOME=/nonexistent; {script}", folder.display())])
}

/// Expects the same names, bytes, modes and times below two folders.
fn expect_same(wanted: &Path, found: &Path) {
    run("diff", &[&"-r", &wanted, &found]);
    let list = |top: &Path| {
        let script = format!("cd '{}' && find . -type f -printf '%p %m %s %T@ %U %G\\n' | sort", top.display());
        run("sh", &[&"-c", &script])
    };
    assert_eq!(list(wanted), list(found));
}

#[test]
fn vim_saves_a_document_which_keeps_its_row() {
    with_programs(|setting| {
        fs::write(setting.path("a.txt"), b"one\ntwo\n").unwrap();
        let before = setting.row("/a.txt").0.int("iid");
        for (number, options) in
            ["", "set backup", "set backupcopy=no", "set backupcopy=yes", "set nowritebackup", "set noswapfile"]
                .into_iter()
                .enumerate()
        {
            // Below /tmp vim would make no backups.
            let commands = format!("set backupskip=\n{options}\nnormal Go{number}\nwq\n");
            let script = setting.portal.aside("commands");
            fs::write(&script, commands).unwrap();
            let path = setting.path("a.txt");
            let arguments: [&dyn AsRef<OsStr>; 9] =
                [&"-u", &"NONE", &"-i", &"NONE", &"-N", &"-es", &"-S", &script, &path];
            let ended = start("vim", &arguments).output().unwrap();
            assert!(ended.status.success(), "{options}: {ended:?}");
            assert!(String::from_utf8(read(&path)).unwrap().ends_with(&format!("{number}\n")), "{options}");
            assert_eq!(setting.row("/a.txt").0.int("iid"), before, "{options}: learning paths would lose it");
            // A backup that was asked for is there, and Chamilo does not know of it.
            let wanted: &[&str] = if options == "set backup" { &["a.txt", "a.txt~"] } else { &["a.txt"] };
            assert_eq!(names(&setting.documents()), wanted, "{options}");
            assert_eq!(shown(setting), ["/a.txt"], "{options}");
            fs::remove_file(setting.path("a.txt~")).ok();
        }
    });
}

#[test]
fn sed_changes_documents_in_place() {
    with_programs(|setting| {
        fs::write(setting.path("a.txt"), b"old text\n").unwrap();
        fs::write(setting.path("b.txt"), b"old too\n").unwrap();
        let before = setting.row("/a.txt").0.int("iid");
        shell(setting, "sed -i s/old/new/ *.txt; sed -i.bak s/new/newer/ a.txt");
        assert_eq!(
            (read(&setting.path("a.txt")), read(&setting.path("b.txt"))),
            (b"newer text\n".into(), b"new too\n".into())
        );
        assert_eq!(setting.row("/b.txt").0.text("title"), "b.txt");
        assert_eq!(shown(setting), ["/a.txt", "/a.txt.bak", "/b.txt"]);
        // `sed -i.bak` renames the document away, as it says: the name is another document's then.
        assert_eq!(setting.row("/a.txt.bak").0.int("iid"), before);
    });
}

#[test]
fn git_clones_into_a_folder_and_works_there() {
    with_programs(|setting| {
        let origin = setting.portal.aside("origin");
        fs::create_dir(&origin).unwrap();
        let identity = "export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b \
                        GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null";
        let script = format!(
            "cd '{}'; {identity}; git init -q -b main; mkdir deep; for n in $(seq 40); do echo $n > deep/$n.txt; done; \
             echo readme > README; git add .; git commit -qm first",
            origin.display()
        );
        run("sh", &[&"-ec", &script]);
        shell(setting, &format!("{identity}; git clone -q --no-local '{}' course", origin.display()));
        run("diff", &[&"-r", &"--exclude=.git", &origin, &setting.path("course")]);
        let script = "cd course; git checkout -q -b other; echo more >> README; git mv deep/1.txt one.txt; git rm -q deep/2.txt; \
                      git commit -qam second; git gc -q; git checkout -q main; git merge -q other; git fsck --strict; \
                      test -z \"$(git status --porcelain)\"; cat README";
        assert_eq!(shell(setting, &format!("{identity}; {script}")), "readme\nmore\n");
    });
}

#[test]
fn libreoffice_converts_and_saves_a_document() {
    for options in WAYS {
        let setting = Setting::new(options);
        fs::write(setting.path("text.txt"), "Caf\u{e9} und Stra\u{df}e\n").unwrap();
        let profile = format!("-env:UserInstallation=file://{}", setting.portal.aside("office").display());
        let convert = |format: &str, name: &str| {
            let arguments: [&dyn AsRef<OsStr>; 7] = [
                &profile,
                &"--headless",
                &"--convert-to",
                &format,
                &"--outdir",
                &setting.documents(),
                &setting.path(name),
            ];
            run("soffice", &arguments);
        };
        convert("odt", "text.txt");
        // Over what is there already, too.
        convert("odt", "text.txt");
        convert("pdf", "text.odt");
        convert("docx", "text.odt");
        assert_eq!(shown(&setting), ["/text.docx", "/text.odt", "/text.pdf", "/text.txt"]);
        assert!(read(&setting.path("text.pdf")).starts_with(b"%PDF"));
        run("unzip", &[&"-tqq", &setting.path("text.odt")]);
        assert_eq!(names(&setting.documents()), ["text.docx", "text.odt", "text.pdf", "text.txt"]);
        setting.portal.check_finds_nothing();
    }
}

/// A folder of files with modes and times of their own.
fn source(setting: &Setting) -> std::path::PathBuf {
    let top = setting.portal.aside("source");
    for folder in ["", "maps", "maps/old", "empty"] {
        fs::create_dir_all(top.join(folder)).unwrap();
    }
    for (number, name) in ["a.txt", "maps/b.bin", "maps/old/\u{e9}.txt", "maps/.hidden"].into_iter().enumerate() {
        let path = top.join(name);
        fs::write(&path, support::noise(number as u64, 70_000 * number + 10)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600 + number as u32)).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_500_000_000 + number as u64, 123_456_789);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    }
    top
}

#[test]
fn rsync_writes_in_place_and_by_temporary_files() {
    with_programs(|setting| {
        let source = source(setting);
        let from = format!("{}/", source.display());
        let mut rows = Vec::new();
        for (round, options) in [&["-a"][..], &["-a", "--inplace"], &["-a", "--delay-updates"], &["-a", "--partial"]]
            .into_iter()
            .enumerate()
        {
            fs::write(source.join("maps/b.bin"), support::noise(round as u64, 200_000 + round)).unwrap();
            let target = setting.path("copy");
            let mut arguments: Vec<&dyn AsRef<OsStr>> =
                options.iter().map(|option| option as &dyn AsRef<OsStr>).collect();
            arguments.extend([&"--delete" as &dyn AsRef<OsStr>, &from, &target]);
            run("rsync", &arguments);
            expect_same(&source, &target);
            rows.push(setting.row("/copy/maps/b.bin").0.int("iid"));
            // Once more, and there is nothing to do.
            arguments.insert(0, &"-i");
            assert_eq!(run("rsync", &arguments), "");
        }
        assert!(rows.iter().all(|row| *row == rows[0]), "the document keeps its row: {rows:?}");
        fs::remove_file(source.join("a.txt")).unwrap();
        run("rsync", &[&"-a", &"--delete", &from, &setting.path("copy")]);
        expect_same(&source, &setting.path("copy"));
    });
}

#[test]
fn cp_and_tar_copy_folders_with_modes_and_times() {
    with_programs(|setting| {
        let source = source(setting);
        run("cp", &[&"-a", &source, &setting.path("by cp")]);
        expect_same(&source, &setting.path("by cp"));
        let archive = setting.portal.aside("archive.tar");
        run("tar", &[&"-C", &source, &"--format=posix", &"-cf", &archive, &"."]);
        fs::create_dir(setting.path("by tar")).unwrap();
        run("tar", &[&"-C", &setting.path("by tar"), &"-xpf", &archive]);
        expect_same(&source, &setting.path("by tar"));
        // Within the course, and once more over what is there.
        run("cp", &[&"-a", &setting.path("by cp"), &setting.path("again")]);
        run("cp", &[&"-a", &format!("{}/.", source.display()), &setting.path("again")]);
        expect_same(&source, &setting.path("again"));
        // To another course: `mv` copies and removes.
        setting.portal.course("HIST20");
        wait_for("the new course", 2, || setting.mount.join("HIST20/Document").is_dir().then_some(()));
        run("mv", &[&setting.path("again"), &setting.mount.join("HIST20/Document/")]);
        expect_same(&source, &setting.mount.join("HIST20/Document/again"));
        assert!(!setting.path("again").exists());
    });
}

#[test]
fn a_file_manager_copies_moves_and_removes_documents() {
    with_programs(|setting| {
        let source = source(setting);
        run("gio", &[&"copy", &source.join("maps/b.bin"), &setting.path("b.bin")]);
        run("gio", &[&"mkdir", &setting.path("maps")]);
        run("gio", &[&"move", &setting.path("b.bin"), &setting.path("maps")]);
        run("gio", &[&"copy", &setting.path("maps/b.bin"), &setting.path("c.bin")]);
        fs::write(source.join("a.txt"), b"other").unwrap();
        run("gio", &[&"copy", &source.join("a.txt"), &setting.path("c.bin")]);
        run("gio", &[&"rename", &setting.path("c.bin"), &"d.bin"]);
        assert_eq!(read(&setting.path("maps/b.bin")), read(&source.join("maps/b.bin")));
        assert_eq!(shown(setting), ["/d.bin", "/maps", "/maps/b.bin"]);
        // `gio save` writes as GNOME's editors do.
        let script = format!("printf saved | gio save '{}'", setting.path("d.bin").display());
        run("sh", &[&"-ec", &script]);
        assert_eq!(read(&setting.path("d.bin")), b"saved");
        // A portal has no trash of a desktop's kind: file managers offer to delete instead, and that works.
        let trashed = start("gio", &[&"trash", &setting.path("d.bin")]).output().unwrap();
        assert!(!trashed.status.success() && setting.path("d.bin").exists(), "{trashed:?}");
        assert_eq!(names(&setting.mount.path()), ["GEO101"]);
        run("gio", &[&"remove", &setting.path("d.bin")]);
        assert_eq!(shown(setting), ["/maps", "/maps/b.bin"]);
    });
}

#[test]
fn programs_that_write_another_file_and_rename_it_keep_the_row() {
    with_programs(|setting| {
        fs::write(setting.path("page.html"), b"<p>one</p>").unwrap();
        let before = (setting.row("/page.html").0.int("iid"), fs::metadata(setting.path("page.html")).unwrap().ino());
        // As Python's atomic writers, and as editors with a backup do.
        let program = "import os,sys,tempfile\n\
                       d, n = os.path.split(sys.argv[1])\n\
                       f, t = tempfile.mkstemp(dir=d)\n\
                       os.write(f, b'<p>two</p>'); os.fsync(f); os.close(f); os.replace(t, sys.argv[1])";
        run("python3", &[&"-c", &program, &setting.path("page.html")]);
        assert_eq!(read(&setting.path("page.html")), b"<p>two</p>");
        shell(setting, "mv page.html page.html~; printf '<p>three</p>' > page.html; rm page.html~");
        assert_eq!(read(&setting.path("page.html")), b"<p>three</p>");
        assert_eq!(setting.row("/page.html").0.int("iid"), before.0);
        assert_ne!(fs::metadata(setting.path("page.html")).unwrap().ino(), before.1, "it is another file");
        assert_eq!(shown(setting), ["/page.html"]);
    });
}
