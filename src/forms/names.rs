//! File names from titles: safe on every file system that copies may lie on, unique in their folder, and stable.
//!
//! Of several items with the same title, whatever letters are capital in it, the oldest has the plain name. The others have a mark besides, made of the time
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

impl Wanted {
    /// Which of several is the older: of those made at the same time one that is so in every course, if there is any.
    fn age(&self) -> (&[u8], &str, i64) {
        (&self.origin, &self.stem, self.key)
    }
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
    let mut alike: HashMap<(String, String), Vec<usize>> = HashMap::new();
    for (place, wanted) in wanted.iter().enumerate() {
        alike.entry((wanted.stem.to_lowercase(), wanted.extension.to_lowercase())).or_default().push(place);
    }
    // A disk that does not tell capital letters from small ones has room for one of those that are listed.
    let mut listed: HashSet<String> = taken.iter().map(|name| name.to_lowercase()).collect();
    let mut used: HashSet<String> = taken.iter().map(|name| (*name).to_owned()).collect();
    let mut named: Vec<Named> = wanted.iter().map(|_| Named::default()).collect();
    let mut order: Vec<(usize, bool)> = Vec::with_capacity(wanted.len());
    for places in alike.values_mut() {
        places.sort_by_key(|place| wanted.get(*place).map(Wanted::age));
        order.extend(places.iter().enumerate().map(|(rank, place)| (*place, rank == 0)));
    }
    // Plain names come first, so that none of them depends on marks; and all in an order of their own.
    order.sort_by_key(|(place, first)| (!first, wanted.get(*place).map(Wanted::age)));
    let plain: Vec<usize> = order.iter().filter(|(_, first)| *first).map(|(place, _)| *place).collect();
    let mut plain_names: HashMap<usize, String> = HashMap::new();
    for place in plain {
        let Some(wanted) = wanted.get(place) else { continue };
        let name = format!("{}{}", wanted.stem, wanted.extension);
        if listed.insert(name.to_lowercase()) {
            used.insert(name.clone());
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
        let plain = plain_names.remove(&place);
        let is_free = |name: &String, used: &HashSet<String>, listed: &HashSet<String>| {
            !used.contains(name) && (plain.is_some() || !listed.contains(&name.to_lowercase()))
        };
        while !is_free(&marked, &used, &listed) {
            marked = with_key(number);
            number = number.wrapping_add(1);
        }
        used.insert(marked.clone());
        let own = plain.unwrap_or_else(|| marked.clone());
        listed.insert(own.to_lowercase());
        if let Some(slot) = named.get_mut(place) {
            *slot = Named { listed: own, marked, keyed };
        }
    }
    named
}
