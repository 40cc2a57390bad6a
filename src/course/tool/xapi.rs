//! xAPI activities (a plugin of Chamilo; its table exists only where it was installed).
//!
//! Whoever may read a backup should not get the credentials of a learning record store with it: they are left out. The
//! files of an activity lie in a package, the folder that its launch address leads into (see [`package`]).

use super::{Form, Kind, Object, Owner, Property, Role, Source, Table, Tool};

/// The tool.
pub const TOOL: Tool = Tool { name: "Xapi", kinds: &[ACTIVITY] };

const ACTIVITY: Kind = Kind {
    key: "xapi_tool",
    class: "XapiTool",
    table: Table {
        name: "xapi_tool_launch",
        primary: "id",
        roles: &[
            ("description", Role::Html),
            ("launch_url", Role::Html),
            ("lrs_auth_username", Role::Private),
            ("lrs_auth_password", Role::Private),
        ],
        children: &[Table {
            name: "xapi_cmi5_item",
            primary: "id",
            owner: Owner::Parent,
            parent: "tool_id",
            roles: &[
                ("tree_root", Role::Late("xapi_cmi5_item")),
                ("parent_id", Role::Late("xapi_cmi5_item")),
                ("description", Role::Html),
                ("url", Role::Html),
            ],
            ..Table::COURSE
        }],
        launch: "launch_url",
        of_plugin: true,
        ..Table::COURSE
    },
    condition: "",
    order: "",
    form: Form::Object(Object { own: &[Property("params", Source::Row)], ..Object::EMPTY }),
    property_tool: None,
    properties_archived: true,
    place: &[],
};

/// The folders of a course that hold packages (Chamilo 1.11, xAPI plugin).
const FOLDERS: [&str; 2] = ["cmi5", "tincan"];

/// The package that the address `url` leads into, below the course's folder: `cmi5/<name>` or `tincan/<name>`. `None`
/// if it leads elsewhere; only a course in the folder `directory` counts, if that is told.
pub fn package(url: &[u8], directory: Option<&[u8]>) -> Option<Vec<u8>> {
    const COURSES: &[u8] = b"/courses/";
    let at = url.windows(COURSES.len()).position(|part| part == COURSES)?;
    let path = url.get(at + COURSES.len()..)?;
    let path = path.split(|byte| matches!(byte, b'?' | b'#')).next()?;
    let decoded: Vec<u8> = percent_encoding::percent_decode(path).collect();
    let mut names = decoded.split(|byte| *byte == b'/');
    let (course, folder, name) = (names.next()?, names.next()?, names.next()?);
    // Without a page in it, it would be a file.
    names.next()?;
    let ours = directory.is_none_or(|directory| directory == course);
    let known = FOLDERS.iter().any(|known| known.as_bytes() == folder);
    let plain = !matches!(name, b"" | b"." | b"..") && !name.contains(&0);
    (ours && known && plain).then(|| [folder, b"/", name].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_into_the_course_names_its_package() {
        let of = |url: &str| package(url.as_bytes(), Some(b"GEO101")).map(|path| String::from_utf8(path).unwrap());
        assert_eq!(of("https://x.org/courses/GEO101/cmi5/abc/a/index.html?x=/y").unwrap(), "cmi5/abc");
        assert_eq!(of("https://x.org/app/courses/GEO101/tincan/a%20b/story.html").unwrap(), "tincan/a b");
        for elsewhere in [
            "https://x.org/cmi5/abc/index.html",
            "https://x.org/courses/BIO110/cmi5/abc/index.html",
            "https://x.org/courses/GEO101/document/abc/index.html",
            "https://x.org/courses/GEO101/cmi5/index.html",
            "https://x.org/courses/GEO101/cmi5/../index.html",
            "https://x.org/courses/GEO101/cmi5/%2e%2e/index.html",
            "",
        ] {
            assert_eq!(of(elsewhere), None, "{elsewhere}");
        }
        assert!(package(b"https://x.org/courses/BIO110/cmi5/abc/index.html", None).is_some());
    }
}
