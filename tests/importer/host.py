"""Imports packages into scormhost, a learning system that is not ours, and serves it until standard input ends.

usage: host.py FOLDER PACKAGE.zip...

Prints one line of JSON: the port, and for each package its number there and what was read from its manifest. The import
is what scormhost does with an upload.
"""

import json
import os
import socket
import sys
import threading

import uvicorn
from scormhost.app import create_scorm_app
from scormhost.packages import extract_scorm_zip
from scormhost.storage import PackageStore

folder, archives = sys.argv[1], sys.argv[2:]
app = create_scorm_app(data_dir=folder)
store = PackageStore(app.state.settings)
imported = []
for archive in archives:
    with open(archive, "rb") as file:
        number = extract_scorm_zip(store, file.read(), os.path.basename(archive))
    imported.append({"id": number, "manifest": store.load_meta(number)["manifest"]})

listener = socket.create_server(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
threading.Thread(target=lambda: (sys.stdin.read(), setattr(server, "should_exit", True)), daemon=True).start()
print(json.dumps({"port": listener.getsockname()[1], "imported": imported}), flush=True)
server.run(sockets=[listener])
