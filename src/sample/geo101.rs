//! GEO101, in French: volcanoes and earthquakes. The fullest of the three: it uses every tool.

use super::content::{
    Announcement, Answers, Assignment, Attachment, Attendance, Document, Event, Forum, ForumCategory, Gradebook, Item,
    LearningPath, LinkCategory, Post, Question, SampleCourse, State, Survey, Target, Test, Theme, Thread, WikiPage,
    file, folder, item,
};

/// The course.
pub(super) static COURSE: SampleCourse = SampleCourse {
    code: "GEO101",
    title: "Géographie : volcans et séismes",
    language: "french",
    category: "PROJ",
    picture: include_bytes!("geo101/course-pic.png"),
    thumbnail: include_bytes!("geo101/course-pic85x85.png"),
    documents: DOCUMENTS,
    descriptions: &[
        (1, "Description", "<p>La Terre bouge, crache et tremble : apprenons à la lire.</p>"),
        (
            2,
            "Objectifs",
            "<ul><li>Distinguer volcans effusifs et explosifs.</li><li>Expliquer l'origine d'un séisme.</li></ul>",
        ),
        (7, "Évaluation", "<p>Un exposé, un devoir et un test de bilan. Le test peut être refait deux fois.</p>"),
    ],
    introductions: &[
        (
            "course_homepage",
            "<h2>Bienvenue !</h2><p><img src=\"/courses/GEO101/document/Le%C3%A7on%201/coupe-volcan.png\" \
             alt=\"Coupe d'un volcan\"></p><p>Le <a href=\"/courses/GEO101/document/Programme%20du%20cours.pdf\">\
             programme</a> est arrivé.</p>",
        ),
        ("forum", "<p>Ici on pose toutes les questions, surtout celles qu'on croit bêtes.</p>"),
    ],
    announcements: &[
        Announcement {
            title: "Sortie au puy de Dôme",
            content: "<p>Nous partons le 25 septembre à 8 h. Bonnes chaussures et gourde obligatoires ; la vue est \
                      offerte par la maison.</p>",
            attachment: Some(Attachment {
                name: "Autorisation de sortie.txt",
                comment: "À rendre signée",
                content: b"J'autorise mon enfant a participer a la sortie du 25 septembre.\nSignature :\n",
            }),
        },
        Announcement {
            title: "Le parcours « Volcans » est ouvert",
            content: "<p>Trois étapes, un petit test, et une page de fin qui vous félicite.</p>",
            attachment: None,
        },
    ],
    events: &[
        Event {
            title: "Sortie au puy de Dôme",
            content: "<p>Départ devant le collège. Retour vers 17 h.</p>",
            start: "2026-09-25 06:00:00",
            end: "2026-09-25 15:00:00",
            attachment: Some(Attachment {
                name: "Liste du matériel.txt",
                comment: "",
                content: "Gourde\nCarnet et crayon\nCoupe-vent : il souffle là-haut\n".as_bytes(),
            }),
        },
        Event {
            title: "Test de bilan",
            content: "<p>En salle informatique.</p>",
            start: "2026-10-09 07:00:00",
            end: "2026-10-09 08:00:00",
            attachment: None,
        },
    ],
    links: &[
        LinkCategory {
            title: "Observer en direct",
            description: "<p>Des capteurs et des caméras, jour et nuit.</p>",
            links: &[
                ("https://renass.unistra.fr/", "Réseau national de surveillance sismique", "Les séismes en France"),
                ("https://www.ipgp.fr/", "Institut de physique du globe de Paris", "Ses observatoires volcanologiques"),
            ],
        },
        LinkCategory {
            title: "",
            description: "",
            links: &[("https://www.brgm.fr/", "BRGM", "Le service géologique national")],
        },
    ],
    forums: FORUMS,
    glossary: &[
        ("Épicentre", "<p>Point de la surface situé à la verticale du foyer d'un séisme.</p>"),
        ("Faille", "<p>Cassure de la roche le long de laquelle deux blocs se déplacent.</p>"),
        ("Magma", "<p>Roche fondue et gaz, sous terre. Une fois sortie, elle s'appelle lave.</p>"),
        ("Nuée ardente", "<p>Nuage brûlant de gaz, de cendres et de blocs qui dévale un volcan explosif.</p>"),
    ],
    question_categories: &[("Volcans", "<p>Formes et éruptions</p>"), ("Séismes", "<p>Ondes, failles, mesures</p>")],
    tests: TESTS,
    orphans: &[Question {
        kind: 1,
        question: "Quel est le plus haut volcan de la chaîne des Puys ?",
        description: "",
        score: 5.0,
        picture: None,
        category: Some("Volcans"),
        answers: Answers::Choices(&[("Le puy de Dôme", true, "1 465 m", 5.0), ("Le Pariou", false, "", 0.0)]),
    }],
    surveys: &[Survey {
        code: "SORTIE",
        title: "<p>Votre avis sur la sortie</p>",
        introduction: "<p>Deux minutes, promis.</p>",
        thanks: "<p>Merci ! Nous en tiendrons compte, même pour le pique-nique.</p>",
        questions: &[
            ("yesno", "<p>Avez-vous vu un cratère ?</p>", &["Oui", "Non"]),
            ("multiplechoice", "<p>Le meilleur moment ?</p>", &["La montée", "Le sommet", "Le pique-nique"]),
            ("multipleresponse", "<p>Qu'avez-vous rapporté ?</p>", &["Des notes", "Des dessins", "Des ampoules"]),
            ("pagebreak", "<p>Suite</p>", &[]),
            ("score", "<p>Notez</p>", &["La visite guidée", "La météo"]),
            ("open", "<p>Que changeriez-vous ?</p>", &[]),
        ],
    }],
    wiki: &[
        WikiPage {
            reflink: "index",
            title: "Carnet de classe",
            links_to: "puy_de_dome",
            versions: &[
                "<p>Notre carnet commun. Première page : [[puy_de_dome|Le puy de Dôme]].</p>",
                "<p>Notre carnet commun, que chacun peut compléter. À lire : [[puy_de_dome|Le puy de Dôme]].</p>",
            ],
        },
        WikiPage {
            reflink: "puy_de_dome",
            title: "Le puy de Dôme",
            links_to: "index",
            versions: &["<p>Un dôme de lave âgé d'environ 11 000 ans. Retour au [[index|carnet]].</p>"],
        },
    ],
    progress: &[
        Theme {
            title: "Les volcans",
            content: "<p>Du magma au paysage.</p>",
            plan: &[
                (1, "Objectifs", "<p>Relier la lave, le gaz et la forme du volcan.</p>"),
                (3, "Méthode", "<p>Photos, cartes, et une bouteille d'eau gazeuse.</p>"),
            ],
            advances: &[
                ("2026-09-08 08:00:00", 2, "<p>Deux familles de volcans</p>", true),
                ("2026-09-15 08:00:00", 2, "<p>La chaîne des Puys</p>", false),
            ],
        },
        Theme {
            title: "Les séismes",
            content: "<p>Pourquoi le sol tremble.</p>",
            plan: &[(2, "Compétences", "<p>Lire un sismogramme.</p>")],
            advances: &[("2026-09-29 08:00:00", 2, "<p>Ondes P et ondes S</p>", false)],
        },
    ],
    attendances: &[Attendance {
        title: "Présence du mardi",
        description: "<p>L'appel se fait en début d'heure.</p>",
        dates: &["2026-09-08 08:00:00", "2026-09-15 08:00:00", "2026-09-22 08:00:00"],
    }],
    assignments: &[Assignment {
        directory: "Carnet-de-terrain",
        title: "Carnet de terrain",
        description: "<p>Dessinez un volcan de la sortie et légendez-le. Une page suffit, les taches de boue sont \
                      acceptées.</p>",
        qualification: 20.0,
        weight: 20.0,
        due: Some("2026-10-05 20:00:00"),
    }],
    paths: &[LearningPath {
        title: "Volcans",
        description: "<p>Du grondement au glossaire en une heure.</p>",
        category: Some("Module 1"),
        items: PATH,
    }],
    gradebook: Gradebook {
        certificate_score: 60,
        evaluations: &[("Exposé", "Cinq minutes sur le volcan de votre choix", 20.0, 20.0)],
        links: &[
            (Target::Test("Bilan : volcans et séismes"), 40.0),
            (Target::Assignment("Carnet de terrain"), 20.0),
            (Target::Path("Volcans"), 10.0),
            (Target::Attendance("Présence du mardi"), 10.0),
        ],
    },
};

static DOCUMENTS: &[Document] = &[
    file("/Lisez-moi.txt", "Lisez-moi", include_bytes!("geo101/lisez-moi.txt")),
    Document {
        comment: "Cinq semaines en une page",
        ..file("/Programme du cours.pdf", "Programme du cours", include_bytes!("geo101/programme.pdf"))
    },
    file("/cours.css", "cours.css", include_bytes!("geo101/cours.css")),
    folder("/Leçon 1", "Leçon 1"),
    file(
        "/Leçon 1/Les volcans d'Auvergne.html",
        "Les volcans d'Auvergne",
        include_bytes!("geo101/volcans-auvergne.html"),
    ),
    file(
        "/Leçon 1/Deux familles de volcans.html",
        "Deux familles de volcans",
        include_bytes!("geo101/deux-familles.html"),
    ),
    file("/Leçon 1/coupe-volcan.png", "Coupe d'un volcan", include_bytes!("geo101/coupe-volcan.png")),
    file("/Leçon 1/Grondement d'un volcan.wav", "Grondement d'un volcan", include_bytes!("geo101/grondement.wav")),
    folder("/Leçon 2", "Leçon 2"),
    file("/Leçon 2/Les séismes.html", "Les séismes", include_bytes!("geo101/seismes.html")),
    file("/Leçon 2/Ondes sismiques.svg", "Ondes P et S", include_bytes!("geo101/ondes-sismiques.svg")),
    Document {
        state: State::Invisible,
        ..file("/Corrigé (enseignant).html", "Corrigé", include_bytes!("geo101/corrige.html"))
    },
    Document {
        state: State::Deleted,
        ..file(
            "/Ancien plan.txt",
            "Ancien plan",
            "Plan de l'an passé, avant que le volcan ne change d'avis.\n".as_bytes(),
        )
    },
    Document { state: State::Invisible, ..folder("/learning_path", "Parcours") },
    folder("/learning_path/Volcans", "Volcans"),
    file("/learning_path/Volcans/Bravo.html", "Bravo !", include_bytes!("geo101/bravo.html")),
];

static FORUMS: &[ForumCategory] = &[
    ForumCategory {
        title: "Le cours",
        comment: "<p>Tout ce qui fume ou qui tremble.</p>",
        forums: &[Forum {
            title: "Questions sur les leçons",
            comment: "<p>Une question par sujet, s'il vous plaît.</p>",
            threads: &[
                Thread {
                    title: "Un volcan peut-il s'éteindre pour de bon ?",
                    posts: &[
                        Post {
                            author: 1,
                            date: "2026-09-09 16:12:00",
                            text: "<p>Les volcans d'Auvergne dorment ou sont-ils éteints ? J'habite à côté…</p>",
                            attachment: None,
                        },
                        Post {
                            author: 0,
                            date: "2026-09-09 18:40:00",
                            text: "<p>Ils dorment : dix mille ans de sommeil, c'est court. On les surveille, et on \
                                   aurait le temps de faire ses valises.</p>",
                            attachment: None,
                        },
                        Post {
                            author: 2,
                            date: "2026-09-10 07:05:00",
                            text: "<p>J'ai noté les plus jeunes, voir la pièce jointe.</p>",
                            attachment: Some(Attachment {
                                name: "volcans récents.txt",
                                comment: "",
                                content: "lac Pavin : environ 7 000 ans\npuy de Dôme : environ 11 000 ans\n".as_bytes(),
                            }),
                        },
                    ],
                },
                Thread {
                    title: "Magnitude ou intensité ?",
                    posts: &[Post {
                        author: 3,
                        date: "2026-09-30 15:00:00",
                        text: "<p>Pourquoi la magnitude ne change-t-elle pas d'une ville à l'autre ?</p>",
                        attachment: None,
                    }],
                },
            ],
        }],
    },
    ForumCategory {
        title: "Pause",
        comment: "",
        forums: &[Forum { title: "Café du cratère", comment: "<p>Servi très chaud.</p>", threads: &[] }],
    },
];

static TESTS: &[Test] = &[
    Test {
        title: "Premier réveil",
        description: "<p>Trois questions pour se chauffer.</p>",
        finished: "<p>Voilà, le moteur est chaud.</p>",
        active: false,
        max_attempts: 0,
        questions: &[
            Question {
                kind: 1,
                question: "Pourquoi le puy de Dôme n'a-t-il pas de cratère ?",
                description: "",
                score: 10.0,
                picture: None,
                category: Some("Volcans"),
                answers: Answers::Choices(&[
                    ("Sa lave était trop pâteuse pour couler", true, "Oui : elle s'est empilée en dôme.", 10.0),
                    ("Il a été rebouché pour le tramway", false, "Le train s'arrête à côté.", 0.0),
                    ("Il n'a jamais été un volcan", false, "", 0.0),
                ]),
            },
            Question {
                kind: 2,
                question: "Que peut rejeter un volcan explosif ?",
                description: "",
                score: 10.0,
                picture: None,
                category: Some("Volcans"),
                answers: Answers::Choices(&[
                    ("Des cendres", true, "", 5.0),
                    ("Des blocs de roche", true, "", 5.0),
                    ("De l'eau de mer", false, "", -5.0),
                ]),
            },
            Question {
                kind: 3,
                question: "Complétez",
                description: "",
                score: 10.0,
                picture: None,
                category: None,
                answers: Answers::Blanks("<p>Sous terre on parle de [magma], dehors de [lave].</p>::5,5:100,100:0@"),
            },
        ],
    },
    Test {
        title: "Bilan : volcans et séismes",
        description: "<p>Prenez votre temps ; la Terre en a pris beaucoup.</p>",
        finished: "<p>Bien joué. Relisez le glossaire si une réponse vous a échappé.</p>",
        active: true,
        max_attempts: 2,
        questions: &[
            Question {
                kind: 4,
                question: "Associez chaque volcan à son éruption",
                description: "",
                score: 10.0,
                picture: None,
                category: Some("Volcans"),
                answers: Answers::Pairs(&[
                    ("Piton de la Fournaise", "effusive : des coulées fluides"),
                    ("Montagne Pelée", "explosive : des nuées ardentes"),
                ]),
            },
            Question {
                kind: 6,
                question: "Montrez les parties du volcan",
                description: "<p>Cliquez dans l'image.</p>",
                score: 10.0,
                picture: Some("/Leçon 1/coupe-volcan.png"),
                category: Some("Volcans"),
                answers: Answers::Spots(&[
                    ("Le réservoir de magma", "circle", "160;191|64|18"),
                    ("Le cratère", "square", "140;56|40|20"),
                ]),
            },
            Question {
                kind: 11,
                question: "Vrai ou faux ?",
                description: "",
                score: 2.0,
                picture: None,
                category: Some("Séismes"),
                answers: Answers::Statements(&[
                    ("Les ondes P arrivent avant les ondes S.", true, "P comme premières."),
                    ("L'épicentre est en profondeur.", false, "En profondeur, c'est le foyer."),
                ]),
            },
            Question {
                kind: 16,
                question: "À quelle distance est le séisme, en kilomètres ?",
                description: "<p>Une seconde d'écart vaut environ 8 km.</p>",
                score: 5.0,
                picture: None,
                category: Some("Séismes"),
                answers: Answers::Calculated(&[
                    "<p>L'écart entre S et P est de 5 secondes.</p> [40]@@[x]*8",
                    "<p>L'écart entre S et P est de 12 secondes.</p> [96]@@[x]*8",
                ]),
            },
            Question {
                kind: 9,
                question: "Cochez exactement ce qui mesure un séisme",
                description: "",
                score: 5.0,
                picture: None,
                category: Some("Séismes"),
                answers: Answers::Choices(&[
                    ("La magnitude", true, "", 0.0),
                    ("L'intensité", true, "", 0.0),
                    ("La température", false, "", 0.0),
                ]),
            },
            Question {
                kind: 5,
                question: "Faut-il habiter près d'un volcan ?",
                description: "<p>Donnez un argument pour et un argument contre.</p>",
                score: 8.0,
                picture: None,
                category: None,
                answers: Answers::None,
            },
        ],
    },
];

static PATH: &[Item] = &[
    item(
        "Observer",
        Target::Chapter(&[
            Item {
                audio: Some("/Leçon 1/Grondement d'un volcan.wav"),
                ..item("Les volcans d'Auvergne", Target::Document("/Leçon 1/Les volcans d'Auvergne.html"))
            },
            Item {
                after: "Les volcans d'Auvergne",
                ..item("Deux familles", Target::Document("/Leçon 1/Deux familles de volcans.html"))
            },
        ]),
    ),
    Item { after: "Deux familles", ..item("Premier réveil", Target::Test("Premier réveil")) },
    Item {
        after: "Premier réveil",
        scores: Some((15.0, 30.0)),
        ..item("Les séismes en direct", Target::Link("Réseau national de surveillance sismique"))
    },
    item("En parler", Target::Forum("Questions sur les leçons")),
    item("Un sujet à débattre", Target::Thread("Un volcan peut-il s'éteindre pour de bon ?")),
    item("Le carnet de terrain", Target::Assignment("Carnet de terrain")),
    item("Bravo !", Target::FinalDocument("/learning_path/Volcans/Bravo.html")),
];
