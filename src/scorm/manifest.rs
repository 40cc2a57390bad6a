//! `imsmanifest.xml`: the table of contents and the list of files of a package (SCORM 1.2, content packaging).
//!
//! Only what the widest circle of importers reads the same way is written: no comments, no CDATA, no numeric character
//! references, default namespace and prefix `adlcp`, elements in the order of the schema, lengths within its limits.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// The longest title in characters.
const LONGEST_TITLE: usize = 200;

/// The longest expression of prerequisites in characters.
pub const LONGEST_PREREQUISITES: usize = 200;

/// The longest `datafromlms` in characters.
const LONGEST_DATA: usize = 255;

/// The longest `parameters` in characters.
const LONGEST_PARAMETERS: usize = 1000;

/// What stays as it is in an href.
const HREF: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'(').remove(b')');

/// A manifest.
#[derive(Debug, Default)]
pub struct Manifest {
    /// Identifier of the whole, other for every course and path.
    pub identifier: String,
    /// One for each learning path.
    pub organizations: Vec<Organization>,
    /// Launch pages with their files, then what they share.
    pub resources: Vec<Resource>,
}

/// A table of contents.
#[derive(Debug)]
pub struct Organization {
    /// Identifier.
    pub identifier: String,
    /// Title.
    pub title: String,
    /// Its items, each after the one it lies in.
    pub items: Vec<ManifestItem>,
}

/// An entry of a table of contents.
#[derive(Debug, Default)]
pub struct ManifestItem {
    /// Identifier.
    pub identifier: String,
    /// In how many others it lies.
    pub depth: usize,
    /// Title.
    pub title: String,
    /// Identifier of its resource, `None` for a folder.
    pub resource: Option<String>,
    /// What comes after its resource's address.
    pub parameters: String,
    /// What must be done before, in AICC's script.
    pub prerequisites: String,
    /// Time allowed, `HHHH:MM:SS.SS`.
    pub max_time: String,
    /// Given to the page by the platform.
    pub data: String,
    /// The score that passes, 0 to 100.
    pub mastery: Option<f64>,
}

/// A launch page, or files that several share.
#[derive(Debug)]
pub struct Resource {
    /// Identifier.
    pub identifier: String,
    /// The page that is launched, `None` for files that are only used.
    pub href: Option<Vec<u8>>,
    /// Whether the page speaks with the platform.
    pub sco: bool,
    /// Paths in the package.
    pub files: Vec<Vec<u8>>,
    /// Identifiers of other resources that it uses.
    pub dependencies: Vec<String>,
}

impl Manifest {
    /// The manifest as XML.
    pub fn write(&self) -> Vec<u8> {
        let mut xml = String::with_capacity(4096);
        xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        xml.push_str(&format!(
            "<manifest identifier=\"{}\" version=\"1.0\" xmlns=\"http://www.imsproject.org/xsd/imscp_rootv1p1p2\" \
             xmlns:adlcp=\"http://www.adlnet.org/xsd/adlcp_rootv1p2\">\n\
             <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>\n",
            self.identifier
        ));
        let default = self.organizations.first().map(|first| first.identifier.as_str()).unwrap_or_default();
        xml.push_str(&format!("<organizations default=\"{default}\">\n"));
        for organization in &self.organizations {
            organization.write(&mut xml);
        }
        xml.push_str("</organizations>\n<resources>\n");
        for resource in &self.resources {
            resource.write(&mut xml);
        }
        xml.push_str("</resources>\n</manifest>\n");
        xml.into_bytes()
    }
}

impl Organization {
    fn write(&self, xml: &mut String) {
        xml.push_str(&format!("<organization identifier=\"{}\">\n", self.identifier));
        element(xml, "title", &cut(&self.title, LONGEST_TITLE));
        let mut open: Vec<&ManifestItem> = Vec::new();
        for item in &self.items {
            while open.len() > item.depth {
                if let Some(last) = open.pop() {
                    last.close(xml);
                }
            }
            item.open(xml);
            open.push(item);
        }
        while let Some(last) = open.pop() {
            last.close(xml);
        }
        xml.push_str("</organization>\n");
    }
}

impl ManifestItem {
    fn open(&self, xml: &mut String) {
        xml.push_str(&format!("<item identifier=\"{}\"", self.identifier));
        if let Some(resource) = &self.resource {
            xml.push_str(&format!(" identifierref=\"{resource}\""));
        }
        xml.push_str(" isvisible=\"true\"");
        if !self.parameters.is_empty() {
            xml.push_str(&format!(" parameters=\"{}\"", escaped(&cut(&self.parameters, LONGEST_PARAMETERS))));
        }
        xml.push_str(">\n");
        element(xml, "title", &cut(&self.title, LONGEST_TITLE));
    }

    /// What comes after the items inside.
    fn close(&self, xml: &mut String) {
        if !self.prerequisites.is_empty() && self.prerequisites.chars().count() <= LONGEST_PREREQUISITES {
            xml.push_str("<adlcp:prerequisites type=\"aicc_script\">");
            xml.push_str(&escaped(&self.prerequisites));
            xml.push_str("</adlcp:prerequisites>\n");
        }
        if !self.max_time.is_empty() {
            element(xml, "adlcp:maxtimeallowed", &self.max_time);
            element(xml, "adlcp:timelimitaction", "exit,message");
        }
        if !self.data.is_empty() {
            element(xml, "adlcp:datafromlms", &cut(&self.data, LONGEST_DATA));
        }
        if let Some(mastery) = self.mastery {
            element(xml, "adlcp:masteryscore", &format!("{}", (mastery.clamp(0.0, 100.0) * 100.0).round() / 100.0));
        }
        xml.push_str("</item>\n");
    }
}

impl Resource {
    fn write(&self, xml: &mut String) {
        let kind = if self.sco { "sco" } else { "asset" };
        xml.push_str(&format!(
            "<resource identifier=\"{}\" type=\"webcontent\" adlcp:scormtype=\"{kind}\"",
            self.identifier
        ));
        if let Some(href) = &self.href {
            xml.push_str(&format!(" href=\"{}\"", percent_encode(href, HREF)));
        }
        xml.push_str(">\n");
        for file in &self.files {
            xml.push_str(&format!("<file href=\"{}\"/>\n", percent_encode(file, HREF)));
        }
        for other in &self.dependencies {
            xml.push_str(&format!("<dependency identifierref=\"{other}\"/>\n"));
        }
        xml.push_str("</resource>\n");
    }
}

fn element(xml: &mut String, name: &str, text: &str) {
    xml.push_str(&format!("<{name}>{}</{name}>\n", escaped(text)));
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

/// Text of XML 1.0: named entities only, and without the characters that no XML may hold.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}
