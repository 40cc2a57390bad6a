//! What generated pages say, in the language of the course: English, French and Spanish; English for all others.

/// A language that pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// Its code in HTML, for the course's own words.
    pub code: &'static str,
    column: usize,
}

/// Chamilo's English names of languages (also with a suffix, `french2`), their codes, and the column of [`WORDS`].
const LANGUAGES: &[(&str, &str, usize)] = &[
    ("english", "en", 0),
    ("french", "fr", 1),
    ("spanish", "es", 2),
    ("arabic", "ar", 0),
    ("asturian", "ast", 0),
    ("basque", "eu", 0),
    ("brazilian", "pt-BR", 0),
    ("bulgarian", "bg", 0),
    ("catalan", "ca", 0),
    ("croatian", "hr", 0),
    ("czech", "cs", 0),
    ("danish", "da", 0),
    ("dutch", "nl", 0),
    ("finnish", "fi", 0),
    ("galician", "gl", 0),
    ("german", "de", 0),
    ("greek", "el", 0),
    ("hebrew", "he", 0),
    ("hungarian", "hu", 0),
    ("indonesian", "id", 0),
    ("italian", "it", 0),
    ("japanese", "ja", 0),
    ("korean", "ko", 0),
    ("norwegian", "no", 0),
    ("persian", "fa", 0),
    ("polish", "pl", 0),
    ("portuguese", "pt", 0),
    ("romanian", "ro", 0),
    ("russian", "ru", 0),
    ("simpl_chinese", "zh-CN", 0),
    ("slovak", "sk", 0),
    ("slovenian", "sl", 0),
    ("swedish", "sv", 0),
    ("trad_chinese", "zh-TW", 0),
    ("turkish", "tr", 0),
    ("ukrainian", "uk", 0),
    ("vietnamese", "vi", 0),
];

impl Language {
    /// The language with Chamilo's English name `name`.
    pub fn named(name: &str) -> Language {
        let known = LANGUAGES.iter().find(|(known, ..)| name.starts_with(known));
        known.map_or(Language { code: "en", column: 0 }, |(_, code, column)| Language { code, column: *column })
    }

    /// The code of the language that [`say`](Language::say) answers in.
    pub fn code_of_words(self) -> &'static str {
        ["en", "fr", "es"].get(self.column).copied().unwrap_or("en")
    }

    /// The text for `word`; `{}` stands for what the page fills in.
    pub fn say(self, word: &str) -> &'static str {
        let texts = WORDS.iter().find(|(known, _)| *known == word).map(|(_, texts)| texts);
        texts.and_then(|texts| texts.get(self.column)).copied().unwrap_or_default()
    }
}

/// Texts by word: English, French, Spanish.
const WORDS: &[(&str, [&str; 3])] = &[
    ("download", ["Download the file “{}”", "Télécharger le fichier « {} »", "Descargar el archivo «{}»"]),
    (
        "not shown",
        [
            "Your browser cannot show this file itself.",
            "Votre navigateur ne peut pas afficher ce fichier lui-même.",
            "Su navegador no puede mostrar este archivo por sí mismo.",
        ],
    ),
    ("listen", ["Listen", "Écouter", "Escuchar"]),
    (
        "open link",
        [
            "This step is a link. It opens in a new window:",
            "Cette étape est un lien. Il s’ouvre dans une nouvelle fenêtre :",
            "Este paso es un enlace. Se abre en una ventana nueva:",
        ],
    ),
    (
        "forum",
        [
            "This step is a forum. It lives in the course “{}” on its learning platform and can be read and written only there.",
            "Cette étape est un forum. Il se trouve dans le cours « {} » sur sa plateforme et ne peut être lu et complété que là.",
            "Este paso es un foro. Se encuentra en el curso «{}» de su plataforma y solo allí se puede leer y escribir.",
        ],
    ),
    (
        "thread",
        [
            "This step is a discussion in a forum. It lives in the course “{}” on its learning platform and can be read and written only there.",
            "Cette étape est une discussion d’un forum. Elle se trouve dans le cours « {} » sur sa plateforme et ne peut être lue et complétée que là.",
            "Este paso es un debate de un foro. Se encuentra en el curso «{}» de su plataforma y solo allí se puede leer y escribir.",
        ],
    ),
    (
        "student_publication",
        [
            "This step is an assignment. Work is handed in on the learning platform, in the course “{}”.",
            "Cette étape est un travail à remettre. Il se remet sur la plateforme, dans le cours « {} ».",
            "Este paso es una tarea. Se entrega en la plataforma, en el curso «{}».",
        ],
    ),
    (
        "survey",
        [
            "This step is a survey. It is answered on the learning platform, in the course “{}”.",
            "Cette étape est une enquête. On y répond sur la plateforme, dans le cours « {} ».",
            "Este paso es una encuesta. Se responde en la plataforma, en el curso «{}».",
        ],
    ),
    (
        "other",
        [
            "This step is an activity of the course “{}” that works only on its learning platform.",
            "Cette étape est une activité du cours « {} » qui ne fonctionne que sur sa plateforme.",
            "Este paso es una actividad del curso «{}» que solo funciona en su plataforma.",
        ],
    ),
    (
        "missing",
        [
            "What this step showed was no longer in the course when this package was made.",
            "Ce que montrait cette étape n’était plus dans le cours quand ce paquet a été fait.",
            "Lo que mostraba este paso ya no estaba en el curso cuando se hizo este paquete.",
        ],
    ),
    (
        "certificate",
        [
            "Your certificate is on the learning platform, in the course “{}”.",
            "Votre certificat se trouve sur la plateforme, dans le cours « {} ».",
            "Su certificado está en la plataforma, en el curso «{}».",
        ],
    ),
    (
        "skill",
        [
            "Skills that you gained are on the learning platform, in the course “{}”.",
            "Les compétences acquises se trouvent sur la plateforme, dans le cours « {} ».",
            "Las competencias adquiridas están en la plataforma, en el curso «{}».",
        ],
    ),
    ("go there", ["Open it there (new window)", "L’ouvrir là-bas (nouvelle fenêtre)", "Abrirlo allí (ventana nueva)"]),
    ("untitled", ["Untitled", "Sans titre", "Sin título"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_known_by_chamilos_names() {
        assert_eq!(Language::named("french").say("listen"), "Écouter");
        assert_eq!(Language::named("spanish_latin").say("listen"), "Escuchar");
        assert_eq!(Language::named("german").code, "de");
        assert_eq!(Language::named("german").say("listen"), "Listen");
        assert_eq!(Language::named("").code, "en");
    }
}
