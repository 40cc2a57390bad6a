//! The launch page of a step: what it shows, and how the platform hears that it was seen.
//!
//! Every page is plain: a head that includes the shared script and style, and what the step shows. Pages of the course
//! lie untouched in a frame, so that following their links does not end the step. What works only on the portal gets
//! a page that says so. HTML of rows stands in the page as teachers wrote it; titles are text.

use crate::course::item::Item;

use super::PackageError;
use super::files::{Files, Rewritten, extension};
use super::load::CourseRows;
use super::names::relative;
use super::quiz::{self, QuizData};
use super::steps::Step;
use super::words::Language;

/// The style of the launch pages, by its name in the shared folder.
pub const STYLE: (&str, &[u8]) = ("page.css", include_bytes!("page.css"));

/// How a browser shows a file.
#[derive(Clone, Copy, PartialEq)]
enum Viewer {
    /// In a frame.
    Frame,
    /// In a frame, with a link besides for browsers that have no viewer.
    FrameOrDownload,
    Image,
    Audio,
    Video,
    /// Not at all.
    Download,
}

const VIEWERS: &[(Viewer, &[&str])] = &[
    (Viewer::Frame, &["html", "htm", "xhtml", "shtml", "txt"]),
    (Viewer::FrameOrDownload, &["pdf"]),
    (Viewer::Image, &["png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "bmp", "ico"]),
    (Viewer::Audio, &["mp3", "ogg", "oga", "wav", "m4a", "aac", "flac", "opus", "weba"]),
    (Viewer::Video, &["mp4", "m4v", "webm", "ogv", "mov"]),
];

/// Where pages of rows are shown, below the course's folder: addresses in them that are relative lead nowhere in the
/// course.
const GENERATED: &[u8] = b"../../main/exercise/page";

/// Types of steps that show a document.
const DOCUMENTS: [&str; 4] = ["document", "readout_text", "hotpotatoes", "video"];

/// What Chamilo puts into the page of a final step in place of these names in double brackets, and only it can make; each
/// is also the name of what the page says instead.
const LEFT_TO_THE_PORTAL: [&str; 2] = ["certificate", "skill"];

/// A launch page with the files it needs and, for a final step, the page in its frame.
#[derive(Debug)]
pub struct Page {
    /// Its path in the package.
    pub name: String,
    /// Its bytes and references.
    pub page: Rewritten,
    /// Another generated page that it shows: its path, bytes and references.
    pub inner: Option<(String, Rewritten)>,
    /// Whether what it shows is gone.
    pub missing: bool,
}

/// What pages of a package have in common.
pub struct Pages<'a> {
    /// The course.
    pub rows: &'a CourseRows,
    /// Its language.
    pub language: Language,
}

/// What is put into a page.
#[derive(Default)]
struct Body {
    /// HTML.
    html: String,
    /// Class of the body: how its parts share the window.
    class: &'static str,
    references: Vec<usize>,
    inner: Option<(String, Rewritten)>,
    missing: bool,
}

impl Pages<'_> {
    /// The page of `step`, called `title`; `mastery` is the score in percent with which a test is passed.
    pub fn page(
        &self,
        step: &Step<'_>,
        title: &str,
        mastery: Option<f64>,
        files: &mut Files<'_>,
    ) -> Result<Page, PackageError> {
        let name = format!("{}item_{}.html", super::PAGES, step.iid);
        let kind = step.kind();
        let key = step.record.int("path").unwrap_or(0);
        let mut body = match (kind.as_str(), self.rows.target(kind.as_bytes(), key)) {
            ("quiz", Some(test)) => {
                let html = self.test(test, title, mastery);
                let page = files.page(html, GENERATED, &name)?;
                return Ok(Page { name, page, inner: None, missing: false });
            }
            ("final_item", _) => self.last_page(step, key, title, &name, files)?,
            (kind, _) if DOCUMENTS.contains(&kind) => self.document(key, title, &name, files)?,
            ("link", Some(link)) => self.link(link, &name, files)?,
            (kind, target) => self.elsewhere(kind, key, target),
        };
        self.add_sound(step, &name, &mut body, files)?;
        let html = format!(
            "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
             <link rel=\"stylesheet\" href=\"{style}\">\n<script src=\"{script}\"></script>\n\
             <script>coursefs.page();</script>\n</head>\n<body class=\"{class}\">\n{html}\n</body>\n</html>\n",
            language = self.language.code,
            title = text(title),
            style = relative(&name, &format!("{}{}", super::SHARED, STYLE.0)),
            script = relative(&name, &format!("{}runtime.js", super::SHARED)),
            class = body.class,
            html = body.html,
        );
        Ok(Page {
            page: Rewritten { bytes: html.into_bytes(), references: body.references },
            name,
            inner: body.inner,
            missing: body.missing,
        })
    }

    fn test(&self, test: &Item, title: &str, mastery: Option<f64>) -> Vec<u8> {
        let questions = self
            .rows
            .questions(test)
            .into_iter()
            .map(|item| quiz::Question { item, picture: self.picture(&item.record.bytes("picture")) });
        let data = QuizData { quiz: test, questions: questions.collect(), categories: &self.rows.categories, mastery };
        quiz::page(&data, title, &self.rows.course.language)
    }

    /// The address of a question's picture: a document by its number, or in old rows a file of a fixed folder.
    fn picture(&self, picture: &[u8]) -> Option<String> {
        let name = std::str::from_utf8(picture).ok()?.trim();
        let place = match name.parse::<i64>() {
            Ok(0) => return None,
            Ok(iid) => [b"document/".as_slice(), &self.rows.documents.path(iid)?].concat(),
            Err(_) if name.is_empty() || name.contains('/') => return None,
            Err(_) => format!("document/images/{name}").into_bytes(),
        };
        Some(self.rows.addresses.as_chamilo_writes(&place))
    }

    /// Where the document `iid` lies in the course's folder; `None` if it is no file.
    fn place_of_file(&self, iid: i64) -> Option<Vec<u8>> {
        self.rows.documents.get(iid).filter(|document| !document.folder)?;
        Some([b"document/".as_slice(), &self.rows.documents.path(iid)?].concat())
    }

    fn document(&self, iid: i64, title: &str, name: &str, files: &mut Files<'_>) -> Result<Body, PackageError> {
        let place = self.place_of_file(iid);
        let packed = match &place {
            Some(place) => files.pack(place)?,
            None => None,
        };
        let Some((number, place)) = packed.zip(place) else { return Ok(self.missing()) };
        let file = files.file(number).map(|file| file.name.clone()).unwrap_or_default();
        let address = relative(name, &file);
        let shown = place.rsplit(|byte| *byte == b'/').next().map(String::from_utf8_lossy).unwrap_or_default();
        let (class, html) = self.viewer(&extension(&place), &address, title, &shown);
        Ok(Body { html, class, references: vec![number], ..Body::default() })
    }

    fn viewer(&self, extension: &str, address: &str, title: &str, file: &str) -> (&'static str, String) {
        let viewer = VIEWERS.iter().find(|(_, known)| known.contains(&extension));
        let viewer = viewer.map_or(Viewer::Download, |(viewer, _)| *viewer);
        let title = text(title);
        let download =
            format!("<p class=\"download\"><a href=\"{address}\" download>{}</a></p>", self.say("download", file));
        match viewer {
            Viewer::Frame => {
                ("whole", format!("<iframe src=\"{address}\" title=\"{title}\" allowfullscreen></iframe>"))
            }
            Viewer::FrameOrDownload => {
                ("whole", format!("{download}\n<iframe src=\"{address}\" title=\"{title}\"></iframe>"))
            }
            Viewer::Image => ("media", format!("<h1>{title}</h1>\n<img src=\"{address}\" alt=\"{title}\">")),
            Viewer::Audio => {
                ("media", format!("<h1>{title}</h1>\n<audio src=\"{address}\" controls></audio>\n{download}"))
            }
            Viewer::Video => (
                "media",
                format!(
                    "<h1>{title}</h1>\n<video src=\"{address}\" controls preload=\"metadata\"></video>\n{download}"
                ),
            ),
            Viewer::Download => {
                let note = self.language.say("not shown");
                ("text", format!("<h1>{title}</h1>\n<p>{}</p>\n{download}", self.note(note)))
            }
        }
    }

    /// The last step: a page in which Chamilo puts a certificate, which only it can make.
    fn last_page(
        &self,
        step: &Step<'_>,
        iid: i64,
        title: &str,
        name: &str,
        files: &mut Files<'_>,
    ) -> Result<Body, PackageError> {
        let Some(place) = self.place_of_file(iid) else { return Ok(self.missing()) };
        let Some(html) = files.read(&place)? else { return Ok(self.missing()) };
        let mut page = html;
        for tag in LEFT_TO_THE_PORTAL {
            let place = format!("(({tag}))");
            let told = in_any_encoding(&self.say(tag, &self.rows.course.title));
            page = crate::course::html::replaced(&page, place.as_bytes(), told.as_bytes(), |_| true).unwrap_or(page);
        }
        let inner = format!("{}last_page_{}.html", super::PAGES, step.iid);
        let rewritten = files.page(page, &place, &inner)?;
        let (class, html) = self.viewer("html", &relative(name, &inner), title, "");
        Ok(Body { html, class, inner: Some((inner, rewritten)), ..Body::default() })
    }

    fn missing(&self) -> Body {
        let html = format!("<p>{}</p>", self.note(self.language.say("missing")));
        Body { html, class: "text", missing: true, ..Body::default() }
    }

    /// What works only on the portal.
    fn elsewhere(&self, kind: &str, key: i64, target: Option<&Item>) -> Body {
        let Some(target) = target else {
            let known = ["quiz", "link", "forum", "thread", "student_publication", "survey"].contains(&kind);
            return if known { self.missing() } else { self.activity("other", None, String::new()) };
        };
        let shown = |column: &str| target.record.bytes(column);
        let code = String::from_utf8_lossy(&self.rows.course.code).into_owned();
        let code = percent_encoding::utf8_percent_encode(&code, percent_encoding::NON_ALPHANUMERIC).to_string();
        match kind {
            "forum" => {
                let path = format!("main/forum/viewforum.php?cidReq={code}&forum={key}");
                self.activity("forum", Some(path), plain(&shown("forum_title")))
            }
            "thread" => {
                let forum = target.record.int("forum_id").unwrap_or(0);
                let path = format!("main/forum/viewthread.php?cidReq={code}&forum={forum}&thread={key}");
                self.activity("thread", Some(path), plain(&shown("thread_title")))
            }
            "student_publication" => {
                let path = format!("main/work/work_list.php?cidReq={code}&id={key}");
                self.activity("student_publication", Some(path), plain(&shown("title")))
            }
            "survey" => self.activity("survey", None, plain(&shown("title"))),
            _ => self.activity("other", None, String::new()),
        }
    }

    /// A link; one that leads to a document of the course finds it in the package.
    fn link(&self, link: &Item, name: &str, files: &mut Files<'_>) -> Result<Body, PackageError> {
        let url = plain(&link.record.bytes("url"));
        let title = Some(plain(&link.record.bytes("title"))).filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| url.clone());
        let safe = ["http://", "https://", "mailto:", "ftp://", "/"];
        let leads =
            safe.iter().any(|start| url.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)));
        let shown = match leads {
            true => {
                format!("<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">{}</a>", text(&url), text(&title))
            }
            // Scripts and addresses that no browser opens.
            false => text(&url),
        };
        let note = self.note(self.language.say("open link"));
        let html = format!("<p>{note}</p>\n<p class=\"link\">{shown}</p>");
        let page = files.page(html.into_bytes(), GENERATED, name)?;
        let html = String::from_utf8_lossy(&page.bytes).into_owned();
        Ok(Body { html, class: "text", references: page.references, ..Body::default() })
    }

    /// A page that says what the step is and where it can be done; `path` is its address in the portal.
    fn activity(&self, word: &str, path: Option<String>, title: String) -> Body {
        let mut html = String::new();
        if !title.is_empty() {
            html.push_str(&format!("<h1>{}</h1>\n", text(&title)));
        }
        html.push_str(&format!("<p>{}</p>", self.say(word, &self.rows.course.title)));
        let portal = self.rows.addresses.portal_url();
        // A portal that was never told its address is not to be found under this one.
        if !portal.starts_with("http://localhost/") {
            let directory = String::from_utf8_lossy(&self.rows.course.directory).into_owned();
            let path = path.unwrap_or_else(|| format!("courses/{directory}/index.php"));
            html.push_str(&format!(
                "\n<p class=\"link\"><a href=\"{}\" target=\"_blank\" rel=\"noopener\">{}</a></p>",
                text(&format!("{portal}{path}")),
                self.note(self.language.say("go there"))
            ));
        }
        Body { html, class: "text", ..Body::default() }
    }

    /// A sound that Chamilo plays beside the step.
    fn add_sound(
        &self,
        step: &Step<'_>,
        name: &str,
        body: &mut Body,
        files: &mut Files<'_>,
    ) -> Result<(), PackageError> {
        let audio = step.record.bytes("audio");
        let Some(path) = audio.strip_prefix(b"/").or(Some(audio.as_slice())).filter(|path| !path.is_empty()) else {
            return Ok(());
        };
        let Some(number) = files.pack(&[b"document/".as_slice(), path].concat())? else { return Ok(()) };
        let address = files.file(number).map(|file| relative(name, &file.name)).unwrap_or_default();
        let label = self.language.say("listen");
        let player = format!("<audio class=\"voice\" src=\"{address}\" controls aria-label=\"{label}\"></audio>\n");
        body.html.insert_str(0, &player);
        body.references.push(number);
        Ok(())
    }

    /// Our words about `what`, marked with their language.
    fn say(&self, word: &str, what: &str) -> String {
        let marked = self.language.say(word).replace("{}", &text(what));
        self.note(&marked)
    }

    fn note(&self, html: &str) -> String {
        let (own, words) = (self.language.code, self.language.code_of_words());
        if own == words { html.to_owned() } else { format!("<span lang=\"{words}\">{html}</span>") }
    }
}

/// HTML in ASCII, for pages of any encoding.
fn in_any_encoding(html: &str) -> String {
    let letters = html.chars().map(|letter| match letter {
        letter if letter.is_ascii() => letter.to_string(),
        letter => format!("&#{};", u32::from(letter)),
    });
    letters.collect()
}

/// `text` for HTML, in elements and attributes.
pub fn text(text: &str) -> String {
    html_escape::encode_quoted_attribute(text).into_owned()
}

/// The text of a title: entities decoded, blanks collapsed, control characters dropped.
pub fn plain(title: &[u8]) -> String {
    let title = String::from_utf8_lossy(title);
    let decoded = html_escape::decode_html_entities(&title);
    let words: Vec<&str> = decoded.split(|letter: char| letter.is_whitespace() || letter.is_control()).collect();
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
