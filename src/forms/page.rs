//! HTML pages: the title, the text word for word in `main`, and the remaining fields as JSON in the head.
//!
//! The text stands in the page as the bytes that it is, so that `grep` and `sed` work on it and nothing of it is lost,
//! whatever it holds: it begins after the first `<main>` and ends before the last `</main>`, and nothing that this
//! module puts around it has either word. A page made elsewhere has no such JSON: its text is what its body holds, its
//! title the first that it has.

use std::borrow::Cow;

use memchr::memmem;

use super::error::FormError;
use super::json::{Json, Members};

/// What marks the JSON of a page.
const MARK: &str = "coursefs";

/// The member with a title that a page can't show as it is.
pub const TITLE: &str = "title";

/// What a page shows that has no title.
const UNTITLED: &str = "Untitled";

const STYLE: &str = "body{max-width:50rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 sans-serif}\
                     img{max-width:100%}article{border-top:1px solid;padding-top:1rem}";

/// A page to be written.
pub struct Page<'p> {
    /// The title, as the column has it.
    pub title: &'p [u8],
    /// The remaining fields.
    pub fields: Members,
    /// The text.
    pub body: Body<'p>,
    /// Files that belong to it: their addresses, percent-encoded, and names.
    pub files: Vec<(String, String)>,
}

/// The text of a page.
pub enum Body<'p> {
    /// One text.
    Text(Cow<'p, [u8]>),
    /// Articles, each with a heading and what is said under it.
    Articles {
        /// The word for one.
        word: &'static str,
        /// The articles.
        articles: Vec<Article<'p>>,
    },
}

/// An article.
pub struct Article<'p> {
    /// Its heading.
    pub title: Vec<u8>,
    /// Who wrote it and when.
    pub about: String,
    /// Its text.
    pub text: Cow<'p, [u8]>,
}

impl Page<'_> {
    /// The bytes of the page.
    pub fn write(mut self) -> Vec<u8> {
        let title = Some(shown(self.title)).filter(|title| !title.is_empty()).unwrap_or_else(|| UNTITLED.to_owned());
        let null = self.fields.iter().any(|(name, value)| name == TITLE && *value == Json::Null);
        if title.as_bytes() != self.title && !null {
            self.fields.insert(0, (TITLE.into(), Json::text(self.title)));
        }
        let title = escaped(&title);
        let fields = Json::Map(self.fields).pretty().replace('<', "\\u003c");
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
             <script type=\"application/json\" id=\"{MARK}\">\n{fields}\n</script>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<header><h1>{title}</h1></header>\n<main>\n"
        )
        .into_bytes();
        match self.body {
            Body::Text(text) => page.extend_from_slice(&text),
            Body::Articles { word, articles } => write_articles(word, &articles, &mut page),
        }
        page.extend_from_slice(b"\n</main>\n");
        if !self.files.is_empty() {
            page.extend_from_slice(b"<footer>\n<ul>\n");
            for (address, name) in &self.files {
                let address = html_escape::encode_double_quoted_attribute(address);
                let item = format!("<li><a href=\"{address}\">{}</a></li>\n", escaped(name));
                page.extend_from_slice(item.as_bytes());
            }
            page.extend_from_slice(b"</ul>\n</footer>\n");
        }
        page.extend_from_slice(b"</body>\n</html>\n");
        page
    }
}

fn write_articles(word: &str, articles: &[Article<'_>], page: &mut Vec<u8>) {
    let word = free_word(word, articles);
    for (number, article) in (1..).zip(articles) {
        let title = shown(&article.title);
        let heading = if title.is_empty() { format!("{word} {number}") } else { title };
        let head = format!(
            "<article id=\"{word}-{number}\">\n<h2>{}</h2>\n<p><small>{}</small></p>\n<!--{word}-{number}-->\n",
            escaped(&heading),
            escaped(&shown(article.about.as_bytes()))
        );
        page.extend_from_slice(head.as_bytes());
        page.extend_from_slice(&article.text);
        page.extend_from_slice(format!("\n<!--/{word}-{number}-->\n</article>\n").as_bytes());
    }
}

/// The word of the articles' marks; lengthened until no text has such a mark.
fn free_word(word: &str, articles: &[Article<'_>]) -> String {
    let mut free = word.to_owned();
    loop {
        let mark = format!("<!--/{free}-");
        if articles.iter().all(|article| memmem::find(&article.text, mark.as_bytes()).is_none()) {
            return free;
        }
        free.push('x');
    }
}

/// A text as a page can show it: characters only, blanks as one.
pub fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> Cow<'_, str> {
    html_escape::encode_text(text)
}

/// A page that was read.
#[derive(Debug, Default)]
pub struct Read {
    /// The title that it shows; `None` if it has none.
    pub title: Option<String>,
    /// The text of its JSON; `None` if it has none.
    pub fields: Option<(usize, Vec<u8>)>,
    /// The text.
    pub body: Vec<u8>,
}

impl Read {
    /// The title, where `exact` is the one that the JSON tells.
    pub fn title(&self, exact: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let read = self.title.clone().unwrap_or_default();
        match exact {
            Some(exact) if shown(&exact) == read || (shown(&exact).is_empty() && read == UNTITLED) => Some(exact),
            _ => self.title.clone().map(String::into_bytes),
        }
    }
}

/// Reads the page `bytes`.
pub fn read(bytes: &[u8]) -> Result<Read, FormError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Some((line, start, json, end)) = own_json(bytes) {
        let head = bytes.get(..start).unwrap_or_default();
        let rest = bytes.get(end..).unwrap_or_default();
        let title = element(head, b"title").or_else(|| element(rest, b"title"));
        let body = between(rest, b"<main>", b"</main>").or_else(|| between(rest, b"<body>", b"</body>"));
        let body = body.ok_or_else(|| {
            let line = line + json.iter().filter(|byte| **byte == b'\n').count();
            FormError::syntax(line, "after the JSON there is no <main>…</main> with the text; put one into the body")
        })?;
        return Ok(Read {
            title: title.map(text_of),
            fields: Some((line, json.to_vec())),
            body: one_break_less(body).to_vec(),
        });
    }
    let decoded = decoded(bytes);
    if decoded.contains(&0) {
        return Err(FormError::syntax(1, "this is no HTML page but some other file; put it into Document"));
    }
    let title = element(&decoded, b"title").map(text_of).filter(|title| !title.is_empty());
    let title = title.or_else(|| element(&decoded, b"h1").map(text_of).filter(|title| !title.is_empty()));
    Ok(Read { title, fields: None, body: foreign_body(&decoded).trim_ascii().to_vec() })
}

/// The articles in the body of a page of ours whose word is `word`: the texts between the marks. `None` if there are
/// no marks.
pub fn articles(body: &[u8], word: &str) -> Option<Vec<Vec<u8>>> {
    let start = memmem::find(body, format!("<!--{word}").as_bytes())? + 4;
    let mark = body.get(start..)?;
    let end = memmem::find(mark, b"-1-->")?;
    let word = mark.get(..end).filter(|word| word.iter().all(u8::is_ascii_alphanumeric))?;
    let word = String::from_utf8_lossy(word);
    let mut texts = Vec::new();
    let mut rest = body;
    for number in 1.. {
        let (open, close) = (format!("<!--{word}-{number}-->"), format!("<!--/{word}-{number}-->"));
        let Some(start) = memmem::find(rest, open.as_bytes()) else { break };
        let text = rest.get(start + open.len()..).unwrap_or_default();
        let Some(end) = memmem::find(text, close.as_bytes()) else { break };
        texts.push(one_break_less(text.get(..end).unwrap_or_default()).to_vec());
        rest = text.get(end + close.len()..).unwrap_or_default();
    }
    (!texts.is_empty()).then_some(texts)
}

/// The JSON that marks a page as ours: its line, where its element begins, the text, where the element ends.
fn own_json(bytes: &[u8]) -> Option<(usize, usize, &[u8], usize)> {
    let mut from = 0;
    loop {
        let start = from + find_ignoring_case(bytes.get(from..)?, b"<script")?;
        let tag_end = start + bytes.get(start..)?.iter().position(|byte| *byte == b'>')? + 1;
        let tag = String::from_utf8_lossy(bytes.get(start..tag_end)?).to_ascii_lowercase();
        let end = tag_end + find_ignoring_case(bytes.get(tag_end..)?, b"</script")?;
        if tag.contains("application/json") && tag.contains(MARK) {
            let line = bytes.get(..tag_end)?.iter().filter(|byte| **byte == b'\n').count() + 1;
            return Some((line, start, bytes.get(tag_end..end)?, end));
        }
        from = end;
    }
}

/// Where `part`, in small letters, begins in `text`, whatever letters it has there.
fn find_ignoring_case(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window.eq_ignore_ascii_case(part))
}

/// The content of the first element of this name.
fn element<'b>(bytes: &'b [u8], name: &[u8]) -> Option<&'b [u8]> {
    let open = [b"<".as_slice(), name].concat();
    let close = [b"</".as_slice(), name].concat();
    let mut from = 0;
    loop {
        let start = from + find_ignoring_case(bytes.get(from..)?, &open)?;
        let after = bytes.get(start + open.len()..)?;
        from = start + open.len();
        if after.first().is_none_or(|byte| byte.is_ascii_alphanumeric()) {
            continue;
        }
        let content = after.get(after.iter().position(|byte| *byte == b'>')? + 1..)?;
        return content.get(..find_ignoring_case(content, &close)?);
    }
}

/// The text of an element without the tags in it.
fn text_of(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content);
    let mut plain = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => inside = false,
            letter if !inside => plain.push(letter),
            _ => {}
        }
    }
    shown(html_escape::decode_html_entities(&plain).as_bytes())
}

/// What stands between the first `open` and the last `close`.
fn between<'b>(bytes: &'b [u8], open: &[u8], close: &[u8]) -> Option<&'b [u8]> {
    let start = memmem::find(bytes, open)? + open.len();
    let rest = bytes.get(start..)?;
    let end = rest.windows(close.len()).rposition(|window| window == close)?;
    rest.get(..end)
}

/// Without the line break that was put around the text on either side.
fn one_break_less(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b"\r\n").or_else(|| text.strip_prefix(b"\n")).unwrap_or(text);
    text.strip_suffix(b"\n").unwrap_or(text)
}

/// The body of a page that was made elsewhere. The tags of head and body may be missing, as HTML allows: what can only
/// stand in a head ends where anything else begins.
fn foreign_body(bytes: &[u8]) -> &[u8] {
    let Some(start) = find_ignoring_case(bytes, b"<body") else {
        let rest = match find_ignoring_case(bytes, b"</head>") {
            Some(end) => bytes.get(end + b"</head>".len()..).unwrap_or_default(),
            None => without_head(bytes),
        };
        let text = rest.trim_ascii_end();
        let close = b"</html>";
        let ends = text.len().checked_sub(close.len()).and_then(|at| text.split_at_checked(at));
        return ends.filter(|(_, end)| end.eq_ignore_ascii_case(close)).map_or(rest, |(text, _)| text);
    };
    let rest = bytes.get(start..).unwrap_or_default();
    let start = rest.iter().position(|byte| *byte == b'>').map_or(rest.len(), |end| end + 1);
    let rest = rest.get(start..).unwrap_or_default();
    let close = b"</body";
    let end = rest.windows(close.len()).rposition(|window| window.eq_ignore_ascii_case(close));
    rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
}

/// What follows the title and the like at the beginning of a page.
fn without_head(bytes: &[u8]) -> &[u8] {
    const TAGS: [&[u8]; 6] = [b"<!doctype", b"<html", b"<head", b"<meta", b"<base", b"<link"];
    let is_tag = |text: &[u8], tag: &[u8]| {
        let after = text.get(tag.len());
        text.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag))
            && after.is_none_or(|byte| !byte.is_ascii_alphanumeric())
    };
    let mut rest = bytes;
    loop {
        let text = rest.trim_ascii_start();
        let end = if is_tag(text, b"<title") {
            find_ignoring_case(text, b"</title")
        } else if TAGS.iter().any(|tag| is_tag(text, tag)) {
            Some(0)
        } else {
            return rest;
        };
        let tag = end.and_then(|end| text.get(end..)?.iter().position(|byte| *byte == b'>').map(|at| end + at + 1));
        match tag.and_then(|tag| text.get(tag..)) {
            Some(after) => rest = after,
            None => return rest,
        }
    }
}

/// The page in UTF-8: programs write pages in the encodings that they name at their beginning.
fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(bytes) {
        return Cow::Owned(encoding.decode(bytes).0.into_owned().into_bytes());
    }
    let head = String::from_utf8_lossy(bytes.get(..1024).unwrap_or(bytes)).to_ascii_lowercase();
    let named = head.split_once("charset=").map(|(_, rest)| rest.trim_start_matches(['"', '\'', ' ']));
    let label = named.and_then(|rest| rest.split(['"', '\'', ';', '>', ' ', '/']).next());
    let encoding = label.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    match encoding {
        _ if std::str::from_utf8(bytes).is_ok() => Cow::Borrowed(bytes),
        Some(encoding) if encoding != encoding_rs::UTF_8 => {
            Cow::Owned(encoding.decode(bytes).0.into_owned().into_bytes())
        }
        _ => Cow::Owned(encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned().into_bytes()),
    }
}
