//! File names from titles: safe on every file system that copies may lie on, unique in their folder, and stable.
//!
//! Of several items with the same title the oldest has the plain name. The others have a mark besides, made of the time
//! at which they came to be, which goes with an item into other courses. Every item can be reached by its marked name,
//! also when it is the only one of its title: whoever has listed a folder and then removes one name after the other finds
//! each under the name that was listed.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

/// The longest name without extension and mark, in bytes: a name with both, and with what programs such as rsync put
/// around it while they write, stays below 255.
const LONGEST: usize = 190;

/// What stands between title and mark.
const MARK: &str = "~";

/// A title as the stem of a file name: without markup, slashes, control characters, dots in front and blanks around.
pub fn stem(title: &[u8]) -> String {
    let text = plain(&String::from_utf8_lossy(title));
    let mut name = String::new();
    for letter in text.chars() {
        let letter = match letter {
            '/' => '-',
            letter if letter.is_control() || letter.is_whitespace() => ' ',
            // Marks that turn the direction of writing, and what is no character at all.
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => continue,
            letter => letter,
        };
        if letter == ' ' && (name.is_empty() || name.ends_with(' ')) {
            continue;
        }
        if name.len() + letter.len_utf8() > LONGEST {
            break;
        }
        name.push(letter);
    }
    let name = name.trim_matches(|letter| letter == ' ' || letter == '.');
    if name.is_empty() { "Untitled".into() } else { name.into() }
}

/// A name as a word of plain letters, digits and underlines, for what Chamilo names by such words.
pub fn plain_word(name: &str) -> String {
    let text = deunicode::deunicode(name);
    let word: String =
        text.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' }).collect();
    let word = word.trim_matches('_');
    if word.is_empty() { "untitled".into() } else { word.into() }
}

/// Text without the tags of HTML and with its entities as characters. What is no tag stays.
fn plain(text: &str) -> String {
    if !text.contains(['<', '&']) {
        return text.into();
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        result.push_str(before);
        let is_tag =
            tag[1..].starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '/' || letter == '!');
        match tag.find('>') {
            Some(end) if is_tag => rest = &tag[end + 1..],
            _ => {
                result.push('<');
                rest = &tag[1..];
            }
        }
    }
    result.push_str(rest);
    html_escape::decode_html_entities(&result).into_owned()
}

/// What is to be named.
pub struct Wanted {
    /// The stem.
    pub stem: String,
    /// What the name ends with.
    pub extension: String,
    /// What tells it apart from others of the same title, the same in every course: its time of creation first.
    pub origin: Vec<u8>,
    /// Its key, for those that are alike in all that.
    pub key: i64,
}

/// The name that is listed, and those that it can be reached by too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The name in listings.
    pub listed: String,
    /// The marked name.
    pub marked: String,
    /// The marked name with the key, for those that were made at the same time.
    pub keyed: String,
}

/// Names for everything in a folder, in the order given. `taken` are names that nothing else may have.
pub fn assign(wanted: &[Wanted], taken: &[&str]) -> Vec<Named> {
    let mut alike: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (place, wanted) in wanted.iter().enumerate() {
        alike.entry((&wanted.stem, &wanted.extension)).or_default().push(place);
    }
    let mut used: HashSet<String> = taken.iter().map(|name| (*name).to_owned()).collect();
    let mut named: Vec<Named> = wanted.iter().map(|_| Named::default()).collect();
    let mut order: Vec<(usize, bool)> = Vec::with_capacity(wanted.len());
    for places in alike.values_mut() {
        places.sort_by_key(|place| wanted.get(*place).map(|wanted| (&wanted.origin, wanted.key)));
        order.extend(places.iter().enumerate().map(|(rank, place)| (*place, rank == 0)));
    }
    // Plain names come first, so that none of them depends on marks; and all in an order of their own.
    order.sort_by_key(|(place, first)| (!first, wanted.get(*place).map(|wanted| (&wanted.origin, wanted.key))));
    let plain: Vec<usize> = order.iter().filter(|(_, first)| *first).map(|(place, _)| *place).collect();
    let mut plain_names: HashMap<usize, String> = HashMap::new();
    for place in plain {
        let Some(wanted) = wanted.get(place) else { continue };
        let name = format!("{}{}", wanted.stem, wanted.extension);
        if used.insert(name.clone()) {
            plain_names.insert(place, name);
        }
    }
    for (place, _) in order {
        let Some(wanted) = wanted.get(place) else { continue };
        let hash = xxh3_64(&wanted.origin) & 0xFF_FFFF;
        let with_key = |number: i64| format!("{}{MARK}{hash:06x}-{number}{}", wanted.stem, wanted.extension);
        let keyed = with_key(wanted.key);
        let mut marked = format!("{}{MARK}{hash:06x}{}", wanted.stem, wanted.extension);
        let mut number = wanted.key;
        while !used.insert(marked.clone()) {
            marked = with_key(number);
            number = number.wrapping_add(1);
        }
        let listed = plain_names.remove(&place).unwrap_or_else(|| marked.clone());
        if let Some(slot) = named.get_mut(place) {
            *slot = Named { listed, marked, keyed };
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wanted(stem: &str, origin: &str, key: i64) -> Wanted {
        Wanted { stem: stem.into(), extension: ".html".into(), origin: origin.into(), key }
    }

    #[test]
    fn titles_lose_what_no_name_can_hold() {
        let names = [
            ("Welcome", "Welcome"),
            ("a/b\\c", "a-b\\c"),
            ("  two \t words\r\n ", "two words"),
            ("<p>What is <b>lava</b>?</p>", "What is lava?"),
            ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
            ("Fish &amp; chips", "Fish & chips"),
            ("..hidden", "hidden"),
            ("", "Untitled"),
            ("...", "Untitled"),
            ("<p></p>", "Untitled"),
            ("a\0b", "a b"),
        ];
        for (title, name) in names {
            assert_eq!(stem(title.as_bytes()), name);
        }
        assert_eq!(stem(b"caf\xE9"), "caf\u{FFFD}");
    }

    #[test]
    fn the_oldest_of_a_title_has_the_plain_name_and_every_one_a_marked_one() {
        let three = [wanted("A", "2021", 1), wanted("A", "2020", 2), wanted("B", "2020", 3)];
        let names = assign(&three, &[]);
        assert_eq!(names[1].listed, "A.html");
        assert_eq!(names[2].listed, "B.html");
        assert_eq!(names[0].listed, names[0].marked);
        // When the older one is gone, the other is still found under the name that was listed.
        let [first, ..] = three;
        let left = assign(&[first], &[]);
        assert_eq!((left[0].listed.as_str(), &left[0].marked), ("A.html", &names[0].marked));
    }

    #[test]
    fn names_that_were_listed_lead_to_the_same_items_while_one_after_the_other_goes() {
        let origins = ["1", "2", "2", "2", "3"];
        let all = || origins.iter().zip(1..).map(|(origin, key)| wanted("A", origin, key));
        let listed: Vec<String> =
            assign(&all().collect::<Vec<_>>(), &[]).into_iter().map(|named| named.listed).collect();
        for gone in 0..listed.len() {
            let left: Vec<Wanted> = all().skip(gone).collect();
            let names = assign(&left, &[]);
            // The plain name is the only one that may pass on: it was removed first.
            for (name, key) in listed.iter().skip(gone).zip(left.iter().map(|wanted| wanted.key)) {
                let found = names.iter().zip(&left).filter(|(named, _)| named.keyed == *name || named.marked == *name);
                let found: Vec<i64> = found.map(|(_, wanted)| wanted.key).collect();
                assert!(found.contains(&key) || name == "A.html", "{name}: {found:?}");
            }
        }
    }

    #[test]
    fn items_made_at_the_same_time_have_names_of_their_own() {
        let names = assign(&[wanted("A", "x", 1), wanted("A", "x", 2), wanted("A", "x", 3)], &["A.html"]);
        let all: HashSet<&String> = names.iter().map(|named| &named.listed).collect();
        assert_eq!(all.len(), 3);
        assert!(!all.contains(&"A.html".to_owned()));
    }

    proptest! {
        #[test]
        fn every_title_gives_a_safe_name(title: Vec<u8>) {
            let name = stem(&title);
            prop_assert!(!name.is_empty() && name.len() <= LONGEST && !name.starts_with('.'));
            prop_assert!(!name.contains('/') && !name.chars().any(char::is_control));
            prop_assert_eq!(stem(name.as_bytes()).is_empty(), false);
        }

        #[test]
        fn names_are_unique_and_do_not_depend_on_the_order(
            items in proptest::collection::vec(("[ab~0]{0,2}", "[xy]{0,1}"), 0..12), turn in 0usize..12,
        ) {
            let all: Vec<Wanted> = items.iter().zip(1..).map(|((stem, origin), key)| wanted(stem, origin, key)).collect();
            let names = assign(&all, &["index.html"]);
            let mut seen = HashSet::new();
            for named in &names {
                prop_assert!(seen.insert(named.listed.clone()));
                prop_assert!(named.listed == named.marked || seen.insert(named.marked.clone()));
            }
            let mut turned: Vec<Wanted> =
                items.iter().zip(1..).map(|((stem, origin), key)| wanted(stem, origin, key)).collect();
            let by = turn % turned.len().max(1);
            turned.rotate_left(by);
            let mut again = assign(&turned, &["index.html"]);
            again.rotate_right(by);
            prop_assert_eq!(names, again);
        }
    }
}
