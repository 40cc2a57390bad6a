//! Any serialized course, in an archive that is sound otherwise.
#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code)]
mod checks;

use std::cell::OnceCell;

thread_local! {
    static PLACE: OnceCell<checks::Place> = const { OnceCell::new() };
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    PLACE.with(|place| place.get_or_init(checks::Place::new).restore(&checks::archive_of(bytes)));
});
