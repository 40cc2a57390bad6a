//! What the page of a test says, in the languages that it speaks. Words in braces are filled in by the script.

use serde_json::{Map, Value};

/// A language that Chamilo knows: its English name there, its tag (BCP 47), the column of [`STRINGS`] (English where
/// there is none of its own).
const LANGUAGES: &[(&str, &str, usize)] = &[
    ("english", "en", EN),
    ("french", "fr", FR),
    ("french2", "fr", FR),
    ("spanish", "es", ES),
    ("spanish_latin", "es", ES),
    ("arabic", "ar", EN),
    ("basque", "eu", EN),
    ("brazilian", "pt-BR", EN),
    ("bulgarian", "bg", EN),
    ("catalan", "ca", EN),
    ("croatian", "hr", EN),
    ("czech", "cs", EN),
    ("danish", "da", EN),
    ("dutch", "nl", EN),
    ("finnish", "fi", EN),
    ("galician", "gl", EN),
    ("german", "de", EN),
    ("greek", "el", EN),
    ("hebrew", "he", EN),
    ("hungarian", "hu", EN),
    ("indonesian", "id", EN),
    ("italian", "it", EN),
    ("japanese", "ja", EN),
    ("latvian", "lv", EN),
    ("lithuanian", "lt", EN),
    ("norwegian", "no", EN),
    ("persian", "fa", EN),
    ("polish", "pl", EN),
    ("portuguese", "pt", EN),
    ("quechua_cusco", "qu", EN),
    ("romanian", "ro", EN),
    ("russian", "ru", EN),
    ("serbian", "sr", EN),
    ("simpl_chinese", "zh-Hans", EN),
    ("slovak", "sk", EN),
    ("slovenian", "sl", EN),
    ("swedish", "sv", EN),
    ("trad_chinese", "zh-Hant", EN),
    ("turkish", "tr", EN),
    ("ukrainian", "uk", EN),
    ("vietnamese", "vi", EN),
];

const EN: usize = 0;
const FR: usize = 1;
const ES: usize = 2;

/// Name, English, French, Spanish.
const STRINGS: &[(&str, [&str; 3])] = &[
    ("about", ["About this test", "À propos de ce test", "Sobre este ejercicio"]),
    ("again", ["Try again", "Recommencer", "Intentar de nuevo"]),
    ("answer", ["Your answer", "Votre réponse", "Su respuesta"]),
    ("answers", ["Your answers", "Vos réponses", "Sus respuestas"]),
    (
        "at",
        [
            "{x} % from the left, {y} % from the top",
            "{x} % depuis la gauche, {y} % depuis le haut",
            "{x} % desde la izquierda, {y} % desde arriba",
        ],
    ),
    ("attempt", ["Attempt {n} of {of}", "Tentative {n} sur {of}", "Intento {n} de {of}"]),
    ("blank", ["Blank {n}", "Trou {n}", "Hueco {n}"]),
    ("check", ["Check", "Vérifier", "Comprobar"]),
    ("choose", ["Choose…", "Choisir…", "Elegir…"]),
    ("clear", ["Clear the line", "Effacer le tracé", "Borrar el trazo"]),
    ("colon", [": ", " : ", ": "]),
    ("comma", [".", ",", ","]),
    ("degree", ["How sure are you?", "Degré de certitude", "Grado de certeza"]),
    ("down", ["Move down", "Descendre", "Bajar"]),
    ("expected", ["Right answer", "Bonne réponse", "Respuesta correcta"]),
    (
        "expired",
        [
            "Time is up. What you had answered was handed in.",
            "Le temps est écoulé. Vos réponses ont été remises.",
            "Se acabó el tiempo. Sus respuestas se han entregado.",
        ],
    ),
    (
        "failed",
        [
            "You did not reach the pass mark.",
            "Vous n'avez pas atteint le score requis.",
            "No ha alcanzado la puntuación necesaria.",
        ],
    ),
    ("finish", ["Finish", "Terminer", "Terminar"]),
    ("goBack", ["Back to the questions", "Retour aux questions", "Volver a las preguntas"]),
    (
        "lineHint",
        [
            "Draw a line around the area: click its corners one after the other. With the keyboard: arrow keys move, Enter sets a corner, Backspace takes the last one back.",
            "Entourez la zone : cliquez ses sommets l'un après l'autre. Au clavier : les flèches déplacent, Entrée pose un sommet, Retour arrière retire le dernier.",
            "Rodee la zona: haga clic en sus vértices uno tras otro. Con el teclado: las flechas mueven, Intro pone un vértice, Retroceso quita el último.",
        ],
    ),
    ("minutes", ["{n} minutes", "{n} minutes", "{n} minutos"]),
    ("moved", ["Now at place {n}", "Maintenant à la place {n}", "Ahora en el lugar {n}"]),
    ("next", ["Next", "Suivant", "Siguiente"]),
    (
        "orderHint",
        [
            "Put these in order: drag them, or use the arrows.",
            "Remettez dans l'ordre : faites glisser, ou utilisez les flèches.",
            "Ordene: arrastre los elementos o use las flechas.",
        ],
    ),
    ("page", ["Step {n} of {of}", "Étape {n} sur {of}", "Paso {n} de {of}"]),
    ("passMark", ["{n} % to pass", "{n} % pour réussir", "{n} % para aprobar"]),
    ("passed", ["You passed.", "Vous avez réussi.", "Ha aprobado."]),
    ("place", ["place {n}", "place {n}", "lugar {n}"]),
    ("placed", ["Point {n} is set", "Point {n} placé", "Punto {n} colocado"]),
    ("points", ["{points} of {max} points", "{points} points sur {max}", "{points} de {max} puntos"]),
    ("previous", ["Previous", "Précédent", "Anterior"]),
    ("question", ["Question {n}", "Question {n}", "Pregunta {n}"]),
    ("questions", ["Questions: {n}", "Questions : {n}", "Preguntas: {n}"]),
    ("questionsHead", ["Questions", "Questions", "Preguntas"]),
    ("remove", ["Remove", "Retirer", "Quitar"]),
    ("result", ["Result", "Résultat", "Resultado"]),
    (
        "resumed",
        [
            "Welcome back: your answers are still here.",
            "Bon retour : vos réponses sont encore là.",
            "Bienvenido de nuevo: sus respuestas siguen aquí.",
        ],
    ),
    ("right", ["Right", "Juste", "Correcto"]),
    (
        "someUnscored",
        [
            "Free answers are not scored here; your teacher may look at them.",
            "Les réponses libres ne sont pas notées ici ; votre enseignant peut les lire.",
            "Las respuestas libres no se puntúan aquí; su profesor puede leerlas.",
        ],
    ),
    (
        "spotHint",
        [
            "Click the place in the picture for each of these. With the keyboard: go to the picture, arrow keys move, Enter sets the point.",
            "Cliquez dans l'image à l'endroit de chacun. Au clavier : allez sur l'image, les flèches déplacent, Entrée pose le point.",
            "Haga clic en la imagen en el lugar de cada uno. Con el teclado: vaya a la imagen, las flechas mueven, Intro pone el punto.",
        ],
    ),
    ("start", ["Start", "Commencer", "Empezar"]),
    ("submit", ["Hand in", "Remettre", "Entregar"]),
    ("sure", ["Hand in your answers?", "Remettre vos réponses ?", "¿Entregar sus respuestas?"]),
    (
        "thanks",
        [
            "Thank you: your answers were handed in.",
            "Merci : vos réponses ont été remises.",
            "Gracias: sus respuestas se han entregado.",
        ],
    ),
    (
        "unanswered",
        [
            "These questions have no answer yet:",
            "Ces questions sont encore sans réponse :",
            "Estas preguntas aún no tienen respuesta:",
        ],
    ),
    ("unscored", ["Not scored.", "Non noté.", "No puntúa."]),
    ("up", ["Move up", "Monter", "Subir"]),
    ("wrong", ["Wrong", "Faux", "Incorrecto"]),
];

/// What the page says without its script, and the names of the options of true/false questions.
const MORE: &[(&str, [&str; 3])] = &[
    (
        "noscript",
        ["This test needs JavaScript.", "Ce test a besoin de JavaScript.", "Este ejercicio necesita JavaScript."],
    ),
    ("True", ["True", "Vrai", "Verdadero"]),
    ("False", ["False", "Faux", "Falso"]),
    ("DoubtScore", ["Don't know", "Ne sais pas", "No sé"]),
];

/// A language of pages.
#[derive(Clone, Copy, Debug)]
pub struct Language {
    /// Its tag (BCP 47).
    pub tag: &'static str,
    column: usize,
}

impl Language {
    /// The language that Chamilo calls `name`; English texts under the tag `und` for one that it does not know.
    pub fn named(name: &str) -> Language {
        let known = LANGUAGES.iter().find(|(known, ..)| *known == name);
        known.map_or(Language { tag: "und", column: EN }, |(_, tag, column)| Language { tag, column: *column })
    }

    /// All strings of the script.
    pub fn strings(self) -> Map<String, Value> {
        let told = STRINGS.iter().map(|(name, texts)| ((*name).to_owned(), texts[self.column].into()));
        told.collect()
    }

    /// One of the strings beside the script's; `name` itself if there is none.
    pub fn text(self, name: &str) -> &str {
        let found = MORE.iter().find(|(known, _)| *known == name);
        found.map_or(name, |(_, texts)| texts[self.column])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_is_said_in_every_language_with_the_same_words_to_fill_in() {
        let words = |text: &str| -> Vec<String> {
            let mut words: Vec<_> =
                text.split('{').skip(1).filter_map(|part| part.split('}').next().map(str::to_owned)).collect();
            words.sort();
            words
        };
        for (name, texts) in STRINGS.iter().chain(MORE) {
            for text in texts {
                assert!(!text.is_empty(), "{name}");
                assert_eq!(words(text), words(texts[EN]), "{name}: {text}");
            }
        }
    }

    #[test]
    fn the_script_asks_for_no_string_that_is_not_there_and_none_is_idle() {
        let script = include_str!("../runtime/quiz.js");
        let asked: std::collections::BTreeSet<&str> = script
            .match_indices("T.")
            .filter(|(at, _)| !script[..*at].ends_with(|before: char| before.is_alphanumeric()))
            .map(|(at, _)| script[at + 2..].split(|next: char| !next.is_alphanumeric()).next().unwrap())
            .collect();
        let there: std::collections::BTreeSet<&str> = STRINGS.iter().map(|(name, _)| *name).collect();
        assert_eq!(asked, there);
    }
}
