//! BIO110, in English: plants and light. A small course with the less common kinds of questions.

use super::content::{
    Announcement, Answers, Assignment, Attendance, Document, Event, Forum, ForumCategory, Gradebook, Item,
    LearningPath, LinkCategory, Post, Question, SampleCourse, State, Survey, Target, Test, Theme, Thread, WikiPage,
    file, folder, item,
};

/// The course.
pub(super) static COURSE: SampleCourse = SampleCourse {
    code: "BIO110",
    title: "Biology: plants and light",
    language: "english",
    category: "PROJ",
    picture: include_bytes!("bio110/course-pic.png"),
    thumbnail: include_bytes!("bio110/course-pic85x85.png"),
    documents: &[
        folder("/images", "Pictures"),
        file("/images/leaf.png", "A leaf in the sun", include_bytes!("bio110/leaf.png")),
        folder("/Unit 1", "Unit 1"),
        file("/Unit 1/Photosynthesis.html", "How leaves eat light", include_bytes!("bio110/photosynthesis.html")),
        file("/Unit 1/Inside a stoma #1.html", "Inside a stoma", include_bytes!("bio110/stoma.html")),
        folder("/Lab", "Lab"),
        file("/Lab/Starch in a leaf.pdf", "Starch in a leaf", include_bytes!("bio110/lab-sheet.pdf")),
        Document {
            state: State::Invisible,
            ..file(
                "/Lab/What should happen.txt",
                "Notes",
                b"The half in the light turns blue-black. The cat is not a control group.\n",
            )
        },
    ],
    descriptions: &[
        (1, "Description", "<p>How plants live on air, water and light, and feed everybody else.</p>"),
        (5, "Material", "<p>A hand lens, a notebook, and one pot plant that you promise to water.</p>"),
    ],
    introductions: &[("course_homepage", "<p>Open the blinds: today's guest speaker is the sun.</p>")],
    announcements: &[Announcement {
        title: "Goggles on Thursday",
        content: "<p>We look for starch with iodine. Wear something that may turn brown.</p>",
        attachment: None,
    }],
    events: &[Event {
        title: "Lab: starch in a leaf",
        content: "<p>Room 12, second bench.</p>",
        start: "2026-09-17 09:00:00",
        end: "2026-09-17 10:30:00",
        attachment: None,
    }],
    links: &[LinkCategory {
        title: "Gardens to visit",
        description: "",
        links: &[("https://www.kew.org/", "Royal Botanic Gardens, Kew", "Plants of the whole world, near London")],
    }],
    forums: &[ForumCategory {
        title: "Class",
        comment: "",
        forums: &[Forum {
            title: "Greenhouse talk",
            comment: "<p>Ask, and somebody will have killed the same plant.</p>",
            threads: &[Thread {
                title: "My basil bends to the window",
                posts: &[
                    Post { author: 2, date: "2026-09-12 17:20:00", text: "<p>Is it ill?</p>", attachment: None },
                    Post {
                        author: 3,
                        date: "2026-09-12 19:02:00",
                        text: "<p>It grows towards the light. Turn the pot every day and it will nod to you.</p>",
                        attachment: None,
                    },
                ],
            }],
        }],
    }],
    glossary: &[
        ("Chlorophyll", "<p>The green pigment that catches light for photosynthesis.</p>"),
        ("Stoma", "<p>A pore of a leaf, opened and closed by two guard cells. Plural: stomata.</p>"),
    ],
    question_categories: &[("Leaves", "")],
    tests: &[Test {
        title: "Leaf check",
        description: "<p>Five short questions.</p>",
        finished: "<p>Well grown!</p>",
        active: false,
        max_attempts: 3,
        questions: &[
            Question {
                kind: 14,
                question: "What does a leaf need to make sugar?",
                description: "",
                score: 6.0,
                picture: None,
                category: Some("Leaves"),
                answers: Answers::Choices(&[
                    ("Light", true, "", 2.0),
                    ("Water", true, "", 2.0),
                    ("Carbon dioxide", true, "", 2.0),
                    ("Sugar", false, "Then there would be nothing to do.", 0.0),
                ]),
            },
            Question {
                kind: 12,
                question: "True or false?",
                description: "",
                score: 4.0,
                picture: None,
                category: None,
                answers: Answers::Choices(&[
                    ("Plants breathe at night, too.", true, "", 0.0),
                    ("Green light is what chlorophyll absorbs best.", false, "It reflects it.", 0.0),
                ]),
            },
            Question {
                kind: 10,
                question: "Which gas leaves the leaf in sunlight?",
                description: "",
                score: 3.0,
                picture: None,
                category: None,
                answers: Answers::Choices(&[
                    ("Oxygen", true, "", 3.0),
                    ("Carbon dioxide", false, "", -1.0),
                    ("Don't know", false, "", 0.0),
                ]),
            },
            Question {
                kind: 19,
                question: "Bring together what belongs together",
                description: "",
                score: 4.0,
                picture: None,
                category: Some("Leaves"),
                answers: Answers::Pairs(&[("Root", "takes up water"), ("Stoma", "lets gases in and out")]),
            },
            Question {
                kind: 17,
                question: "Which picture shows a leaf?",
                description: "",
                score: 1.0,
                picture: None,
                category: None,
                answers: Answers::Choices(&[
                    ("<img src=\"/courses/BIO110/document/images/leaf.png\" alt=\"A\">", true, "", 1.0),
                    ("<p>None of them</p>", false, "", 0.0),
                ]),
            },
            Question {
                kind: 13,
                question: "Explain in one minute how a stoma opens",
                description: "<p>Record yourself. Hands may help.</p>",
                score: 5.0,
                picture: None,
                category: None,
                answers: Answers::None,
            },
        ],
    }],
    orphans: &[],
    surveys: &[Survey {
        code: "LAB1",
        title: "<p>How was the lab?</p>",
        introduction: "<p>Anonymous, like the leaf.</p>",
        thanks: "<p>Thank you!</p>",
        questions: &[
            ("dropdown", "<p>How much time did you need?</p>", &["Too much", "Just right", "There was time left"]),
            ("percentage", "<p>How much of your shirt is brown now?</p>", &["0", "25", "50", "75", "100"]),
            ("comment", "<p>That was all about the lab.</p>", &[]),
        ],
    }],
    wiki: &[WikiPage {
        reflink: "index",
        title: "Window sill diary",
        links_to: "",
        versions: &["<p>Day 1: planted beans.</p>", "<p>Day 1: planted beans. Day 6: the beans disagree.</p>"],
    }],
    progress: &[Theme {
        title: "Light",
        content: "<p>From the sun to the sugar.</p>",
        plan: &[(1, "Objectives", "<p>Explain photosynthesis to a younger pupil.</p>")],
        advances: &[("2026-09-10 09:00:00", 1, "<p>How leaves eat light</p>", false)],
    }],
    attendances: &[Attendance {
        title: "Thursdays",
        description: "",
        dates: &["2026-09-10 09:00:00", "2026-09-17 09:00:00"],
    }],
    assignments: &[Assignment {
        directory: "Lab-report",
        title: "Lab report",
        description: "<p>One page: question, method, what you saw, what it means.</p>",
        qualification: 0.0,
        weight: 0.0,
        due: None,
    }],
    paths: &[LearningPath {
        title: "Plants and light",
        description: "",
        category: None,
        items: &[
            item("How leaves eat light", Target::Document("/Unit 1/Photosynthesis.html")),
            item("Inside a stoma", Target::Document("/Unit 1/Inside a stoma #1.html")),
            Item { after: "Inside a stoma", ..item("Leaf check", Target::Test("Leaf check")) },
        ],
    }],
    gradebook: Gradebook {
        certificate_score: 50,
        evaluations: &[("Pot plant", "Is it alive at the end of term?", 40.0, 10.0)],
        links: &[
            (Target::Test("Leaf check"), 40.0),
            (Target::Thread("My basil bends to the window"), 10.0),
            (Target::Survey("<p>How was the lab?</p>"), 10.0),
        ],
    },
};
