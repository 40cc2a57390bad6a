//! Reading the manifest of a package that somebody else made.
//!
//! Elements are known by their names whatever their prefixes, more patiently than Chamilo does it; what the package is
//! must be plain, though: a package of another standard is told by its own name.

use std::collections::HashMap;

use roxmltree::{Document, Node, ParsingOptions};

/// The most elements and pieces of text that are read.
const MOST_NODES: u32 = 4_000_000;

/// A manifest of SCORM 1.2.
#[derive(Debug, Default)]
pub struct Manifest {
    /// Name of its encoding.
    pub encoding: String,
    /// Its tables of contents, at least one.
    pub organizations: Vec<Organization>,
}

/// A table of contents.
#[derive(Debug, Default)]
pub struct Organization {
    /// Its identifier.
    pub identifier: String,
    /// Its title, empty if it has none.
    pub title: String,
    /// Its items, each after the one it lies in.
    pub items: Vec<ManifestItem>,
}

/// An item of a table of contents.
#[derive(Debug, Default)]
pub struct ManifestItem {
    /// Its identifier.
    pub identifier: String,
    /// The item that it lies in, by its number among the items.
    pub parent: Option<usize>,
    /// Its title, empty if it has none.
    pub title: String,
    /// What it shows; `None` for a folder.
    pub launch: Option<Launch>,
    /// What comes after the address.
    pub parameters: String,
    /// What must be done before, in AICC's script.
    pub prerequisites: String,
    /// The score that passes.
    pub mastery: Option<f64>,
    /// The highest score (an element of Chamilo's own).
    pub max_score: Option<f64>,
    /// Time allowed.
    pub max_time: String,
    /// What the page is given.
    pub data: String,
}

/// The page of an item.
#[derive(Debug)]
pub struct Launch {
    /// Its address as the resource has it.
    pub href: String,
    /// What the manifest puts in front of addresses.
    pub base: String,
    /// Whether it speaks with the platform.
    pub sco: bool,
}

/// Reads a manifest; the error says what is wrong with it, or what it is instead.
pub fn read(bytes: &[u8]) -> Result<Manifest, String> {
    let (text, encoding) = decoded(bytes);
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, options).map_err(|error| format!("no sound XML: {error}"))?;
    let root = document.root_element();
    if root.tag_name().name() != "manifest" {
        return Err(format!("a document of the type \"{}\" and no manifest", root.tag_name().name()));
    }
    check_version(&root)?;
    let resources = Resources::of(root);
    let organizations: Vec<Organization> = child(root, "organizations")
        .into_iter()
        .flat_map(|all| children(all, "organization"))
        .map(|organization| read_organization(&resources, organization))
        .filter(|organization| !organization.items.is_empty())
        .collect();
    if organizations.is_empty() {
        return Err("it has no organization with items: there is nothing to make a learning path of".into());
    }
    Ok(Manifest { encoding, organizations })
}

/// The text of a manifest, and the name of the encoding that it was in.
fn decoded(bytes: &[u8]) -> (String, String) {
    let by_mark = encoding_rs::Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let by_zeros = || match bytes {
        [b'<', 0, ..] => Some(encoding_rs::UTF_16LE),
        [0, b'<', ..] => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    let declared = || {
        let start = bytes.get(..bytes.len().min(200)).unwrap_or_default();
        let start = String::from_utf8_lossy(start);
        let (_, after) = start.split_once("?>").map_or("", |(start, _)| start).split_once("encoding")?;
        let name = after.trim_start_matches([' ', '=', '"', '\'']).split(['"', '\'']).next()?.trim().to_owned();
        encoding_rs::Encoding::for_label(name.as_bytes())
    };
    // Many manifests declare another encoding than they are in.
    let utf8 = || std::str::from_utf8(bytes).is_ok().then_some(encoding_rs::UTF_8);
    let encoding = by_mark.or_else(by_zeros).or_else(utf8).or_else(declared).unwrap_or(encoding_rs::WINDOWS_1252);
    let (text, encoding, _) = encoding.decode(bytes);
    (text.into_owned(), encoding.name().to_owned())
}

/// Says what the package is if it is not SCORM 1.2.
fn check_version(root: &Node<'_, '_>) -> Result<(), String> {
    let metadata = child(*root, "metadata");
    let told = |name| metadata.and_then(|metadata| child(metadata, name)).map(words).unwrap_or_default();
    let (schema, version) = (told("schema"), told("schemaversion"));
    let namespaces = || root.namespaces().map(|namespace| namespace.uri().to_ascii_lowercase());
    let has = |part: &str| namespaces().any(|uri| uri.contains(part));
    let lower = version.to_ascii_lowercase();
    if lower == "1.2" {
        return Ok(());
    }
    if ["2004", "cam", "1.3"].iter().any(|mark| lower.contains(mark)) || (lower.is_empty() && has("adlcp_v1p3")) {
        let named = if version.is_empty() { String::new() } else { format!(" (\"{version}\")") };
        return Err(format!("it is SCORM 2004{named}; export it as SCORM 1.2"));
    }
    if schema.to_ascii_lowercase().contains("common cartridge") || has("imsccv1") {
        return Err("it is an IMS Common Cartridge; export it as SCORM 1.2".into());
    }
    // Older programs name the version of the IMS manifest.
    if has("adlcp_rootv1p2") {
        return Ok(());
    }
    Err(match (schema.as_str(), version.as_str()) {
        ("", "") => "nothing in it says that it is SCORM 1.2".into(),
        _ => format!("it says that it is \"{schema}\" \"{version}\" and not SCORM 1.2"),
    })
}

/// The resources of a manifest by their identifiers; of several with the same the first counts.
struct Resources<'a, 'i> {
    /// What is put in front of the addresses of all.
    base: String,
    named: HashMap<&'a str, Node<'a, 'i>>,
}

impl<'a, 'i> Resources<'a, 'i> {
    fn of(root: Node<'a, 'i>) -> Resources<'a, 'i> {
        let all = child(root, "resources");
        let base = |node: Node<'a, 'i>| attribute(node, "base").unwrap_or_default();
        let mut named = HashMap::new();
        for resource in all.into_iter().flat_map(|all| children(all, "resource")) {
            if let Some(identifier) = resource.attribute("identifier") {
                named.entry(identifier).or_insert(resource);
            }
        }
        Resources { base: format!("{}{}", base(root), all.map(base).unwrap_or_default()), named }
    }

    /// What an item that refers to `identifier` shows.
    fn launch(&self, identifier: &str) -> Option<Launch> {
        let resource = *self.named.get(identifier)?;
        let href = resource.attribute("href").map(str::trim).filter(|href| !href.is_empty())?;
        let kind = attribute(resource, "scormtype").unwrap_or("sco");
        let base = format!("{}{}", self.base, attribute(resource, "base").unwrap_or_default());
        Some(Launch { href: href.to_owned(), base, sco: !kind.eq_ignore_ascii_case("asset") })
    }
}

fn read_organization(resources: &Resources<'_, '_>, organization: Node<'_, '_>) -> Organization {
    let mut items: Vec<ManifestItem> = Vec::new();
    let mut open: Vec<(Node<'_, '_>, Option<usize>)> =
        children(organization, "item").map(|item| (item, None)).collect();
    open.reverse();
    while let Some((node, parent)) = open.pop() {
        let text = |name| child(node, name).map(words).unwrap_or_default();
        let number =
            |name: &'static str| text(name).parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        items.push(ManifestItem {
            identifier: node.attribute("identifier").unwrap_or_default().to_owned(),
            parent,
            title: text("title"),
            launch: node.attribute("identifierref").and_then(|identifier| resources.launch(identifier)),
            parameters: node.attribute("parameters").unwrap_or_default().to_owned(),
            prerequisites: text("prerequisites"),
            mastery: number("masteryscore"),
            max_score: number("max_score"),
            max_time: text("maxtimeallowed"),
            data: child(node, "datafromlms").map(|node| all_text(node).trim().to_owned()).unwrap_or_default(),
        });
        let place = items.len() - 1;
        let inner: Vec<_> = children(node, "item").map(|item| (item, Some(place))).collect();
        open.extend(inner.into_iter().rev());
    }
    Organization {
        identifier: organization.attribute("identifier").unwrap_or_default().to_owned(),
        title: child(organization, "title").map(words).unwrap_or_default(),
        items,
    }
}

fn children<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.tag_name().name() == name)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// An attribute, whatever its prefix and capital letters.
fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|attribute| attribute.name().eq_ignore_ascii_case(name)).map(|attribute| attribute.value())
}

fn all_text(node: Node<'_, '_>) -> String {
    node.children().filter_map(|child| child.text().filter(|_| child.is_text())).collect()
}

/// The text of an element, blanks collapsed.
fn words(node: Node<'_, '_>) -> String {
    all_text(node).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn manifest(version: &str, namespaces: &str) -> String {
        format!(
            "<manifest {namespaces}><metadata><schema>ADL SCORM</schema><schemaversion>{version}</schemaversion></metadata>\
             <organizations><organization identifier='O'><title>A &amp;\n B</title>\
             <item identifier='I' identifierref='R'><title>One</title></item></organization></organizations>\
             <resources><resource identifier='R' href='a.html'/></resources></manifest>"
        )
    }

    fn error(xml: &str) -> String {
        read(xml.as_bytes()).unwrap_err()
    }

    #[test]
    fn other_standards_are_named() {
        assert!(error(&manifest("2004 3rd Edition", "")).contains("SCORM 2004 (\"2004 3rd Edition\")"));
        assert!(error(&manifest("CAM 1.3", "")).contains("SCORM 2004"));
        assert!(error(&manifest("", "xmlns:a='http://www.adlnet.org/xsd/adlcp_v1p3'")).contains("SCORM 2004"));
        assert!(error(&manifest("1.1", "")).contains("\"1.1\""));
        assert!(error(&manifest("", "").replace("ADL SCORM", "")).contains("nothing in it says"));
        assert!(error("<html/>").contains("no manifest"));
        assert!(error("<manifest").contains("no sound XML"));
        assert!(error(&manifest("1.2", "").replace("item", "items")).contains("no organization"));
        assert!(read(manifest("1.2", "").as_bytes()).is_ok());
        assert!(read(manifest("1.1", "xmlns:a='http://www.adlnet.org/xsd/adlcp_rootv1p2'").as_bytes()).is_ok());
    }

    #[test]
    fn a_manifest_is_read_in_its_encoding() {
        let xml = |encoding: &str| {
            format!("<?xml version='1.0' encoding='{encoding}'?>{}", manifest("1.2", "").replace("One", "Été"))
        };
        let title = |bytes: &[u8]| {
            let manifest = read(bytes).unwrap();
            (manifest.organizations[0].items[0].title.clone(), manifest.encoding)
        };
        assert_eq!(title(xml("utf-8").as_bytes()), ("Été".into(), "UTF-8".into()));
        assert_eq!(title(xml("iso-8859-1").as_bytes()), ("Été".into(), "UTF-8".into()), "declared wrongly");
        let latin: Vec<u8> = xml("iso-8859-1").chars().map(|letter| letter as u32 as u8).collect();
        assert_eq!(title(&latin), ("Été".into(), "windows-1252".into()));
        let wide: Vec<u8> = xml("utf-16").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(title(&wide), ("Été".into(), "UTF-16LE".into()));
        assert_eq!(read(manifest("1.2", "").as_bytes()).unwrap().organizations[0].title, "A & B");
    }

    #[test]
    fn of_several_resources_with_the_same_identifier_the_first_counts() {
        let xml = manifest("1.2", "").replace("</resources>", "<resource identifier='R' href='b.html'/></resources>");
        let read = read(xml.as_bytes()).unwrap();
        assert_eq!(read.organizations[0].items[0].launch.as_ref().unwrap().href, "a.html");
    }

    proptest! {
        #[test]
        fn a_damaged_manifest_is_read_or_refused(
            damages in prop::collection::vec((any::<prop::sample::Index>(), 0..9_usize, any::<Vec<u8>>()), 1..6)
        ) {
            let mut bytes = manifest("1.2", "xmlns:adlcp='http://www.adlnet.org/xsd/adlcp_rootv1p2'").into_bytes();
            for (place, length, new) in damages {
                let from = place.index(bytes.len());
                let to = (from + length).min(bytes.len());
                bytes.splice(from..to, new);
                if bytes.is_empty() {
                    break;
                }
            }
            if let Ok(manifest) = read(&bytes) {
                prop_assert!(manifest.organizations.iter().all(|organization| !organization.items.is_empty()));
            }
        }
    }

    #[test]
    fn entities_that_grow_and_items_that_lie_deep_do_no_harm() {
        let mut bomb = String::from("<!DOCTYPE manifest [<!ENTITY a0 'x'>");
        for level in 1..40 {
            let inner = level - 1;
            bomb.push_str(&format!("<!ENTITY a{level} '&a{inner};&a{inner};&a{inner};&a{inner};'>"));
        }
        bomb.push_str("]><manifest>&a39;</manifest>");
        assert!(read(bomb.as_bytes()).is_err());
        let deep = 20_000;
        let inner = format!("{}{}", "<item identifier='I'>".repeat(deep), "</item>".repeat(deep));
        let xml = manifest("1.2", "").replace("<title>One</title>", &inner);
        match read(xml.as_bytes()) {
            Ok(manifest) => assert_eq!(manifest.organizations[0].items.len(), deep + 1),
            Err(reason) => assert!(reason.contains("no sound XML"), "{reason}"),
        }
    }
}
