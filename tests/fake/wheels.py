"""A package index (simple API) of the wheels in a folder, at http://HOST/simple/.

    wheels.py FOLDER

Half of the names are served as JSON, half as HTML, whatever is asked for. /wrong/ is the same
index with false digests, /closed/ asks for the login user:secret, /gone/ has no files. /away/ asks
for that login too, and its files are at another name of this host, below /bare/, where nobody may
come with a login."""

import base64
import functools
import hashlib
import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler

from serving import Server, serve

FOLDER = sys.argv[1]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(file):
    """A wheel's name has no hyphen; a source's may have many."""
    return normal(file.split("-")[0] if file.endswith(".whl") else file.rsplit("-", 1)[0])


@functools.cache
def digest_of(file):
    with open(os.path.join(FOLDER, file), "rb") as data:
        return hashlib.sha256(data.read()).hexdigest()


class Index(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, kind, body, *headers):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def files(self, name):
        return [file for file in sorted(os.listdir(FOLDER)) if name_of(file) == name]

    def digest(self, file, realm):
        return "0" * 64 if realm == "wrong" else digest_of(file)

    def page(self, realm, name):
        files = self.files(name)
        if not files:
            return self.answer(404, "text/plain", b"no such name")
        place = "../../files"
        if realm == "away":
            place = f"http://{self.headers['Host'].replace('127.0.0.1', 'localhost')}/bare/files"
        if len(name) % 2:
            page = {"meta": {"api-version": "1.0"}, "name": name, "files": [
                {"filename": f, "url": f"{place}/{f}", "hashes": {"sha256": self.digest(f, realm)}}
                for f in files]}
            return self.answer(200, "application/vnd.pypi.simple.v1+json", json.dumps(page).encode())
        links = "".join(f'<a href="{place}/{f}#sha256={self.digest(f, realm)}">{f}</a>\n' for f in files)
        return self.answer(200, "text/html", f"<!DOCTYPE html><html><body>\n{links}</body></html>".encode())

    def do_GET(self):
        realm, _, rest = self.path.strip("/").partition("/")
        login = base64.b64encode(b"user:secret").decode()
        if realm == "bare" and self.headers.get("Authorization"):
            return self.answer(400, "text/plain", b"a login is sent here")
        if realm in ("closed", "away") and self.headers.get("Authorization") != f"Basic {login}":
            return self.answer(401, "text/plain", b"", ("WWW-Authenticate", 'Basic realm="wheels"'))
        if rest.startswith("files/") and realm != "gone":
            with open(os.path.join(FOLDER, os.path.basename(rest)), "rb") as data:
                return self.answer(200, "application/octet-stream", data.read())
        if rest.startswith("simple/"):
            return self.page(realm, rest.split("/")[1])
        return self.answer(404, "text/plain", b"")

    do_HEAD = do_GET


serve(Server(("127.0.0.1", 0), Index))
