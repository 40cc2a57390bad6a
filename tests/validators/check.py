"""Reads the files of a course as other programs do. Run by tests/forms_validators.rs.

check.py json SCHEMAS FILE…   each FILE keeps to the schema in SCHEMAS that its member "form" names
check.py ics FILE…            each FILE is read by the module icalendar; prints summary, start and rule as JSON
check.py url FILE…            each FILE is read by GLib, as gio does; prints the address
"""

import ctypes
import json
import sys
from pathlib import Path


def check_json(schemas, files):
    from jsonschema import Draft202012Validator

    validators = {}
    for path in Path(schemas).glob("*.schema.json"):
        schema = json.loads(path.read_text())
        Draft202012Validator.check_schema(schema)
        validators[schema["properties"]["form"]["const"]] = Draft202012Validator(schema)
    for file in files:
        value = json.loads(Path(file).read_text())
        for error in validators[value["form"]].iter_errors(value):
            sys.exit(f"{file}: {error.json_path}: {error.message}")
    print(len(files))


def check_ics(files):
    from icalendar import Calendar

    for file in files:
        calendar = Calendar.from_ical(Path(file).read_bytes())
        if calendar.errors:
            sys.exit(f"{file}: {calendar.errors}")
        for event in calendar.walk("VEVENT"):
            if event.errors:
                sys.exit(f"{file}: {event.errors}")
            for wanted in ("UID", "DTSTAMP", "DTSTART"):
                if wanted not in event:
                    sys.exit(f"{file}: no {wanted}")
            rule = event.get("RRULE")
            print(json.dumps([str(event["SUMMARY"]), event["DTSTART"].dt.isoformat(), rule and rule.to_ical().decode()]))


def check_url(files):
    glib = ctypes.CDLL("libglib-2.0.so.0")
    glib.g_key_file_new.restype = ctypes.c_void_p
    glib.g_key_file_get_value.restype = ctypes.c_char_p
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    glib.g_key_file_load_from_file.argtypes = [pointer, text, ctypes.c_int, pointer]
    glib.g_key_file_get_value.argtypes = [pointer, text, text, pointer]
    for file in files:
        keys = glib.g_key_file_new()
        if not glib.g_key_file_load_from_file(keys, file.encode(), 0, None):
            sys.exit(f"{file}: GLib can't read it")
        print(glib.g_key_file_get_value(keys, b"InternetShortcut", b"URL", None).decode())


def main():
    kind, *arguments = sys.argv[1:]
    if kind == "json":
        check_json(arguments[0], arguments[1:])
    else:
        {"ics": check_ics, "url": check_url}[kind](arguments)


main()
