//! HIST20, in Spanish: Roman Hispania.

use super::content::{
    Announcement, Answers, Assignment, Attachment, Attendance, Document, Event, Forum, ForumCategory, Gradebook, Item,
    LearningPath, LinkCategory, Post, Question, SampleCourse, State, Survey, Target, Test, Theme, Thread, WikiPage,
    file, folder, item,
};

/// The course.
pub(super) static COURSE: SampleCourse = SampleCourse {
    code: "HIST20",
    title: "Historia: la Hispania romana",
    language: "spanish",
    category: "PROJ",
    picture: include_bytes!("hist20/course-pic.png"),
    thumbnail: include_bytes!("hist20/course-pic85x85.png"),
    documents: &[
        file("/Guía de la visita.pdf", "Guía de la visita", include_bytes!("hist20/guia.pdf")),
        file("/hoja.css", "hoja.css", include_bytes!("hist20/hoja.css")),
        folder("/Unidad 1", "Unidad 1"),
        file("/Unidad 1/El acueducto.html", "El acueducto de Segovia", include_bytes!("hist20/acueducto.html")),
        file("/Unidad 1/acueducto.png", "Los arcos", include_bytes!("hist20/acueducto.png")),
        folder("/Unidad 2", "Unidad 2"),
        file("/Unidad 2/La vía de la Plata.html", "La vía de la Plata", include_bytes!("hist20/via-plata.html")),
        Document {
            state: State::Deleted,
            ..file("/Unidad 2/Borrador.txt", "Borrador", "Los romanos no tenían impresora. Yo tampoco.\n".as_bytes())
        },
    ],
    descriptions: &[
        (1, "Descripción", "<p>Seis siglos de calzadas, acueductos y latín en la península ibérica.</p>"),
        (4, "Metodología", "<p>Fuentes, mapas y una excursión con bocadillo.</p>"),
    ],
    introductions: &[("course_homepage", "<h2>Salvete!</h2><p>Todos los caminos llevan a este curso.</p>")],
    announcements: &[Announcement {
        title: "Excursión a Segovia",
        content: "<p>El 16 de octubre. Traed la <a href=\"/courses/HIST20/document/Gu%C3%ADa%20de%20la%20visita.pdf\">\
                  guía</a> impresa.</p>",
        attachment: Some(Attachment {
            name: "Lista de autobús.txt",
            comment: "Horario",
            content: "Salida: 9:00\nVuelta: 18:30 (quien llegue tarde vuelve por la calzada)\n".as_bytes(),
        }),
    }],
    events: &[Event {
        title: "Excursión a Segovia",
        content: "<p>Punto de encuentro: la puerta principal.</p>",
        start: "2026-10-16 07:00:00",
        end: "2026-10-16 16:30:00",
        attachment: None,
    }],
    links: &[LinkCategory {
        title: "Museos",
        description: "<p>Para ir, o para mirar desde casa.</p>",
        links: &[
            ("https://www.man.es/", "Museo Arqueológico Nacional", "Madrid"),
            ("https://www.cultura.gob.es/mnromano/", "Museo Nacional de Arte Romano", "Mérida"),
        ],
    }],
    forums: &[ForumCategory {
        title: "Foro",
        comment: "<p>Como en Roma, pero sin toga.</p>",
        forums: &[Forum {
            title: "Dudas",
            comment: "",
            threads: &[Thread {
                title: "¿Por qué no se cae el acueducto?",
                posts: &[
                    Post {
                        author: 3,
                        date: "2026-09-14 10:30:00",
                        text: "<p>Si no lleva argamasa, ¿qué lo sujeta?</p>",
                        attachment: None,
                    },
                    Post {
                        author: 0,
                        date: "2026-09-14 12:00:00",
                        text: "<p>Su propio peso: las dovelas se aprietan unas contra otras y la clave cierra el \
                               arco.</p>",
                        attachment: None,
                    },
                ],
            }],
        }],
    }],
    glossary: &[
        ("Calzada", "<p>Camino empedrado romano.</p>"),
        ("Clave", "<p>Piedra central que cierra un arco.</p>"),
        ("Miliario", "<p>Columna que marca cada milla de una calzada.</p>"),
    ],
    question_categories: &[("Ingeniería", "<p>Arcos y calzadas</p>")],
    tests: &[Test {
        title: "Piedra a piedra",
        description: "<p>Sin prisa: el acueducto espera desde hace siglos.</p>",
        finished: "<p>Optime!</p>",
        active: true,
        max_attempts: 0,
        questions: &[
            Question {
                kind: 1,
                question: "¿Qué une los sillares del acueducto de Segovia?",
                description: "",
                score: 5.0,
                picture: None,
                category: Some("Ingeniería"),
                answers: Answers::Choices(&[
                    ("Nada: se sostienen por su peso", true, "Exacto.", 5.0),
                    ("Cemento", false, "", 0.0),
                    ("La fe", false, "También ayuda.", 0.0),
                ]),
            },
            Question {
                kind: 3,
                question: "Completa",
                description: "",
                score: 10.0,
                picture: None,
                category: None,
                answers: Answers::Blanks("<p>La vía de la Plata une [Mérida] con [Astorga].</p>::5,5:120,120:0@"),
            },
            Question {
                kind: 4,
                question: "Relaciona el nombre romano con el actual",
                description: "",
                score: 9.0,
                picture: None,
                category: None,
                answers: Answers::Pairs(&[
                    ("Caesaraugusta", "Zaragoza"),
                    ("Hispalis", "Sevilla"),
                    ("Tarraco", "Tarragona"),
                ]),
            },
            Question {
                kind: 23,
                question: "Sube tu dibujo de un arco",
                description: "<p>Señala la clave y las dovelas.</p>",
                score: 6.0,
                picture: None,
                category: Some("Ingeniería"),
                answers: Answers::None,
            },
        ],
    }],
    orphans: &[],
    surveys: &[Survey {
        code: "SEGOVIA",
        title: "<p>¿Qué tal la excursión?</p>",
        introduction: "",
        thanks: "<p>¡Gracias!</p>",
        questions: &[
            ("yesno", "<p>¿Contaste los arcos?</p>", &["Sí", "No"]),
            ("open", "<p>¿Cuántos te salieron?</p>", &[]),
        ],
    }],
    wiki: &[WikiPage {
        reflink: "index",
        title: "Cuaderno de viaje",
        links_to: "",
        versions: &[
            "<p>Kilómetro 0: Mérida.</p>",
            "<p>Milla 0: Mérida. (Corregido: los romanos contaban en millas.)</p>",
        ],
    }],
    progress: &[Theme {
        title: "Ingeniería romana",
        content: "<p>Agua y caminos.</p>",
        plan: &[(1, "Objetivos", "<p>Entender cómo trabaja un arco.</p>")],
        advances: &[("2026-09-11 08:00:00", 1, "<p>El acueducto</p>", true)],
    }],
    attendances: &[Attendance { title: "Viernes", description: "", dates: &["2026-09-11 08:00:00"] }],
    assignments: &[Assignment {
        directory: "Diario-de-un-legionario",
        title: "Diario de un legionario",
        description: "<p>Una página desde la calzada. Se permite quejarse de las sandalias.</p>",
        qualification: 10.0,
        weight: 40.0,
        due: Some("2026-10-30 22:00:00"),
    }],
    paths: &[LearningPath {
        title: "Agua y caminos",
        description: "<p>Dos lecturas y un repaso.</p>",
        category: Some("Trimestre 1"),
        items: &[
            item("El acueducto", Target::Document("/Unidad 1/El acueducto.html")),
            Item {
                after: "El acueducto",
                ..item("La vía de la Plata", Target::Document("/Unidad 2/La vía de la Plata.html"))
            },
            item("Museo Nacional de Arte Romano", Target::Link("Museo Nacional de Arte Romano")),
        ],
    }],
    gradebook: Gradebook {
        certificate_score: 50,
        evaluations: &[("Cuaderno", "Orden y buena letra, o al menos una de las dos", 20.0, 10.0)],
        links: &[(Target::Test("Piedra a piedra"), 40.0), (Target::Assignment("Diario de un legionario"), 40.0)],
    },
};
