//! Mount options (`-o name,name=value`), as `mount` and `/etc/fstab` write them.

use std::time::Duration;

use crate::filesystem::TRASH_DAYS;
use crate::portal::configuration::Supplied;

/// What can be said with `-o`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountOptions {
    /// Whether nothing may be changed.
    pub read_only: bool,
    /// Let other users than the one who mounts in.
    pub allow_other: bool,
    /// Owner shown for everything.
    pub uid: Option<u32>,
    /// Group shown for everything.
    pub gid: Option<u32>,
    /// How long the kernel may rely on names and attributes.
    pub ttl: Duration,
    /// Login name or number of the Chamilo user in whose name documents are changed.
    pub user: Option<String>,
    /// Whether documents are passed through to the kernel where that is possible.
    pub passthrough: bool,
    /// What is said about the database of a Chamilo: names and values. No password.
    pub database: Vec<(String, String)>,
    /// Whether courses can't be deleted.
    pub keep_courses: bool,
    /// For how many days what is removed can be brought back.
    pub trash: u32,
}

impl Default for MountOptions {
    fn default() -> Self {
        MountOptions {
            read_only: false,
            allow_other: false,
            uid: None,
            gid: None,
            ttl: Duration::from_secs(1),
            user: None,
            passthrough: true,
            database: Vec::new(),
            keep_courses: false,
            trash: TRASH_DAYS,
        }
    }
}

/// Options of `mount` itself that ask for nothing that coursefs does not do anyway, or allow what there is nothing of
/// (`suid` and `dev`, which `mount.fuse` adds by itself: a course has no devices, and is always mounted without both).
const IGNORED: &[&str] = &[
    "defaults", "noauto", "auto", "nofail", "_netdev", "nosuid", "nodev", "noatime", "exec", "suid", "dev", "relatime",
];

impl MountOptions {
    /// Reads the values of all `-o`, the last word counting.
    pub fn parse(values: &[String]) -> Result<MountOptions, String> {
        let mut options = MountOptions::default();
        for word in values.iter().flat_map(|value| value.split(',')).filter(|word| !word.is_empty()) {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            match (name, value) {
                ("ro", None) => options.read_only = true,
                ("rw", None) => options.read_only = false,
                ("allow_other", None) => options.allow_other = true,
                ("passthrough", None) => options.passthrough = true,
                ("nopassthrough", None) => options.passthrough = false,
                ("keep_courses", None) => options.keep_courses = true,
                ("trash", Some(value)) => options.trash = number(name, value)?,
                ("uid", Some(value)) => options.uid = Some(number(name, value)?),
                ("gid", Some(value)) => options.gid = Some(number(name, value)?),
                ("user", Some(value)) if !value.is_empty() => options.user = Some(value.to_owned()),
                ("ttl", Some(value)) => options.ttl = seconds(value)?,
                (name, Some(value)) if Supplied::is_option(name) => {
                    options.database.push((name.to_owned(), value.to_owned()));
                }
                (name, None) if IGNORED.contains(&name) || name.starts_with("x-") => {}
                (name, Some(_)) if name.starts_with("x-") => {}
                _ => {
                    return Err(format!(
                        "there is no mount option {word:?}; there are ro, rw, allow_other, uid=N, gid=N, user=NAME, ttl=SECONDS, \
                         passthrough, nopassthrough, keep_courses, trash=DAYS, and for the database of a Chamilo credentials=FILE, \
                         db_host=, db_port=, db_socket=, db_name=, db_user= and db_tls="
                    ));
                }
            }
        }
        Ok(options)
    }
}

fn number(name: &str, value: &str) -> Result<u32, String> {
    value.parse().map_err(|_| format!("the mount option {name} wants a number, not {value:?}"))
}

fn seconds(value: &str) -> Result<Duration, String> {
    let seconds: f64 =
        value.parse().map_err(|_| format!("the mount option ttl wants a number of seconds, not {value:?}"))?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|ttl| *ttl <= Duration::from_secs(3600))
        .ok_or_else(|| format!("the mount option ttl goes from 0 to 3600 seconds, not {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<MountOptions, String> {
        MountOptions::parse(&[text.to_owned()])
    }

    #[test]
    fn options_are_read_as_mount_writes_them() {
        let options =
            parse("ro,allow_other,uid=33,gid=34,user=anna,ttl=0.5,nopassthrough,x-systemd.automount").unwrap();
        assert!(options.read_only && options.allow_other && !options.passthrough);
        assert_eq!((options.uid, options.gid, options.ttl), (Some(33), Some(34), Duration::from_millis(500)));
        assert_eq!(options.user.as_deref(), Some("anna"));
        assert_eq!(parse(""), Ok(MountOptions::default()));
        assert!(!parse("ro,rw").unwrap().read_only && parse("defaults,rw,ro").unwrap().read_only);
    }

    #[test]
    fn what_is_said_about_the_database_is_handed_on() {
        let options = parse("db_host=db.example.org,ro,credentials=/etc/coursefs").unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(options.database, [pair("db_host", "db.example.org"), pair("credentials", "/etc/coursefs")]);
    }

    #[test]
    fn an_option_that_does_not_exist_is_named() {
        for wrong in ["allow_others", "uid", "uid=www-data", "ttl=-1", "ttl=inf", "rw=1", "allow_other=yes"] {
            let message = parse(wrong).unwrap_err();
            assert!(message.contains(wrong.split('=').next().unwrap()), "{message}");
        }
    }
}
