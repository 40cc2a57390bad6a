//! Paths from a file's folder, and back.

/// `path`, below the course's folder, as it is reached from `folder`.
pub fn relative(folder: &[u8], path: &[u8]) -> Vec<u8> {
    let from: Vec<&[u8]> = names(folder).collect();
    let to: Vec<&[u8]> = names(path).collect();
    let common = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    let up = std::iter::repeat_n(b"..".as_slice(), from.len() - common);
    up.chain(to.into_iter().skip(common)).collect::<Vec<_>>().join(&b'/')
}

/// The path below the course's folder that `path` means in `folder`; `None` if it leads out of the course. A slash in
/// front stands for the course's folder.
pub fn absolute(folder: &[u8], path: &[u8]) -> Option<Vec<u8>> {
    let mut result: Vec<&[u8]> = if path.starts_with(b"/") { Vec::new() } else { names(folder).collect() };
    for name in names(path) {
        match name {
            b"." => {}
            b".." => drop(result.pop()?),
            name => result.push(name),
        }
    }
    Some(result.join(&b'/'))
}

fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_from_folder_to_file_and_back() {
        for (folder, path, wanted) in [
            ("Announcement", "Document/a/b", "../Document/a/b"),
            ("Forum/A/B", "Forum/A/C/x.html", "../C/x.html"),
            ("Link", "Link/x.url", "x.url"),
            ("Link/Maps", "Link/Maps", ""),
        ] {
            let relative = relative(folder.as_bytes(), path.as_bytes());
            assert_eq!(String::from_utf8_lossy(&relative), wanted);
            assert_eq!(absolute(folder.as_bytes(), &relative).as_deref(), Some(path.as_bytes()));
        }
        assert_eq!(absolute(b"Link", b"../../etc"), None);
        assert_eq!(absolute(b"Link", b"/Document/./x").as_deref(), Some(b"Document/x".as_slice()));
    }
}
