//! What a sample course is made of: plain data, written down by the courses and turned into rows by the writers.
//!
//! Things refer to each other by what people call them: a document by its path, everything else by its title.

/// A course with all its tools.
pub(super) struct SampleCourse {
    pub code: &'static str,
    pub title: &'static str,
    /// Chamilo's English name of the language.
    pub language: &'static str,
    pub category: &'static str,
    /// `course-pic.png`.
    pub picture: &'static [u8],
    /// `course-pic85x85.png`.
    pub thumbnail: &'static [u8],
    pub documents: &'static [Document],
    /// Chamilo's number of the section (1 general to 8 other), title, text.
    pub descriptions: &'static [(i64, &'static str, &'static str)],
    /// Tool and text.
    pub introductions: &'static [(&'static str, &'static str)],
    pub announcements: &'static [Announcement],
    pub events: &'static [Event],
    pub links: &'static [LinkCategory],
    pub forums: &'static [ForumCategory],
    /// Term and meaning.
    pub glossary: &'static [(&'static str, &'static str)],
    /// Title and description.
    pub question_categories: &'static [(&'static str, &'static str)],
    pub tests: &'static [Test],
    /// Questions that no test uses.
    pub orphans: &'static [Question],
    pub surveys: &'static [Survey],
    pub wiki: &'static [WikiPage],
    pub progress: &'static [Theme],
    pub attendances: &'static [Attendance],
    pub assignments: &'static [Assignment],
    pub paths: &'static [LearningPath],
    pub gradebook: Gradebook,
}

/// What a document is and who sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Visible,
    Invisible,
    /// In the recycle bin, as Chamilo's soft delete leaves it.
    Deleted,
}

/// A folder (`content` is `None`) or a file.
pub(super) struct Document {
    pub path: &'static str,
    pub title: &'static str,
    pub comment: &'static str,
    pub content: Option<&'static [u8]>,
    pub state: State,
}

/// A visible folder.
pub(super) const fn folder(path: &'static str, title: &'static str) -> Document {
    Document { path, title, comment: "", content: None, state: State::Visible }
}

/// A visible file.
pub(super) const fn file(path: &'static str, title: &'static str, content: &'static [u8]) -> Document {
    Document { path, title, comment: "", content: Some(content), state: State::Visible }
}

/// A file that goes with an announcement, an event or a forum post.
pub(super) struct Attachment {
    pub name: &'static str,
    pub comment: &'static str,
    pub content: &'static [u8],
}

pub(super) struct Announcement {
    pub title: &'static str,
    pub content: &'static str,
    pub attachment: Option<Attachment>,
}

pub(super) struct Event {
    pub title: &'static str,
    pub content: &'static str,
    pub start: &'static str,
    pub end: &'static str,
    pub attachment: Option<Attachment>,
}

/// Links under a heading; an empty title stands for no category.
pub(super) struct LinkCategory {
    pub title: &'static str,
    pub description: &'static str,
    /// Address, title, description.
    pub links: &'static [(&'static str, &'static str, &'static str)],
}

pub(super) struct ForumCategory {
    pub title: &'static str,
    pub comment: &'static str,
    pub forums: &'static [Forum],
}

pub(super) struct Forum {
    pub title: &'static str,
    pub comment: &'static str,
    pub threads: &'static [Thread],
}

pub(super) struct Thread {
    pub title: &'static str,
    /// The first opens the thread, the others answer the one before.
    pub posts: &'static [Post],
}

pub(super) struct Post {
    /// Whose words these are: an index into the sample's people, 0 is the teacher.
    pub author: usize,
    pub date: &'static str,
    pub text: &'static str,
    pub attachment: Option<Attachment>,
}

pub(super) struct Test {
    pub title: &'static str,
    pub description: &'static str,
    pub finished: &'static str,
    /// Hidden tests are those that a learning path holds.
    pub active: bool,
    pub max_attempts: i64,
    pub questions: &'static [Question],
}

pub(super) struct Question {
    /// Chamilo's number of the question type.
    pub kind: i64,
    pub question: &'static str,
    pub description: &'static str,
    pub score: f64,
    /// Path of the picture's document, for hot spots.
    pub picture: Option<&'static str>,
    /// Title of a question category.
    pub category: Option<&'static str>,
    pub answers: Answers,
}

pub(super) enum Answers {
    /// The teacher reads what was handed in.
    None,
    /// Text, right or wrong, remark, score.
    Choices(&'static [(&'static str, bool, &'static str, f64)]),
    /// Text with blanks and its weights, in Chamilo's own notation.
    Blanks(&'static str),
    /// Left and right side.
    Pairs(&'static [(&'static str, &'static str)]),
    /// Statements that are true or false.
    Statements(&'static [(&'static str, bool, &'static str)]),
    /// What to click at, shape, coordinates.
    Spots(&'static [(&'static str, &'static str, &'static str)]),
    /// Variants of a text with numbers, result and formula, in Chamilo's own notation.
    Calculated(&'static [&'static str]),
}

pub(super) struct Survey {
    pub code: &'static str,
    pub title: &'static str,
    pub introduction: &'static str,
    pub thanks: &'static str,
    /// Chamilo's question type, question, options.
    pub questions: &'static [(&'static str, &'static str, &'static [&'static str])],
}

pub(super) struct WikiPage {
    /// The page's name in links; the home page is `index`.
    pub reflink: &'static str,
    pub title: &'static str,
    /// Names of the pages it links to, separated by spaces.
    pub links_to: &'static str,
    /// From the first version to the latest.
    pub versions: &'static [&'static str],
}

/// A theme of the course progress.
pub(super) struct Theme {
    pub title: &'static str,
    pub content: &'static str,
    /// Chamilo's number of the section, title, text.
    pub plan: &'static [(i64, &'static str, &'static str)],
    /// Start, hours, text, done.
    pub advances: &'static [(&'static str, i64, &'static str, bool)],
}

pub(super) struct Attendance {
    pub title: &'static str,
    pub description: &'static str,
    pub dates: &'static [&'static str],
}

pub(super) struct Assignment {
    /// Its folder below `work/`.
    pub directory: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub qualification: f64,
    pub weight: f64,
    pub due: Option<&'static str>,
}

pub(super) struct LearningPath {
    pub title: &'static str,
    pub description: &'static str,
    pub category: Option<&'static str>,
    pub items: &'static [Item],
}

/// One step of a learning path.
pub(super) struct Item {
    pub title: &'static str,
    pub target: Target,
    /// The title of the step that must be done before, empty for none.
    pub after: &'static str,
    /// The scores in which that step, a test, counts as done.
    pub scores: Option<(f64, f64)>,
    /// Path of a sound's document.
    pub audio: Option<&'static str>,
}

/// A step without conditions.
pub(super) const fn item(title: &'static str, target: Target) -> Item {
    Item { title, target, after: "", scores: None, audio: None }
}

/// What something in the course refers to.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Chapter(&'static [Item]),
    Document(&'static str),
    /// The page shown at a path's end.
    FinalDocument(&'static str),
    Test(&'static str),
    Link(&'static str),
    Forum(&'static str),
    Thread(&'static str),
    Assignment(&'static str),
    Path(&'static str),
    Survey(&'static str),
    Attendance(&'static str),
}

pub(super) struct Gradebook {
    pub certificate_score: i64,
    /// Name, description, weight, greatest mark.
    pub evaluations: &'static [(&'static str, &'static str, f64, f64)],
    /// What counts, and with which weight.
    pub links: &'static [(Target, f64)],
}
