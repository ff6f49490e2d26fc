"""A package index (simple API) of the wheels in a folder, at http://HOST/simple/.

    wheels.py FOLDER

Half of the names are served as JSON, half as HTML, whatever is asked for. /wrong/ is the same
index with false digests, /closed/ asks for the login user:secret, /gone/ has no files. /away/ asks
for that login too, and its files are at another name of this host, below /bare/, where nobody may
come with a login.

/token/ is there only behind /t/to-ken/; /channel/, the files of FOLDER/channel, only without.

In /yanked/ the last file of each name is. /slow/ takes its time, /flaky/ fails the first time that
something is asked for, /broken/ always; /hanging/ never answers, /short/ leaves files off half-way,
/garbage/ has pages that are none."""

import base64
import functools
import hashlib
import json
import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler

from serving import Server, serve

FOLDER = sys.argv[1]
asked = set()


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
        yanked = files[-1] if realm == "yanked" else None
        if len(name) % 2:
            page = {"meta": {"api-version": "1.0"}, "name": name, "files": [
                {"filename": f, "url": f"{place}/{f}", "hashes": {"sha256": self.digest(f, realm)},
                 "yanked": "it was bad" if f == yanked else False}
                for f in files]}
            body = b"{" if realm == "garbage" else json.dumps(page).encode()
            return self.answer(200, "application/vnd.pypi.simple.v1+json", body)
        mark = ' data-yanked="it was bad"'
        links = "".join(
            f'<a href="{place}/{f}#sha256={self.digest(f, realm)}"{mark if f == yanked else ""}>{f}</a>\n'
            for f in files)
        body = b"<a href=" if realm == "garbage" else f"<!DOCTYPE html><html><body>\n{links}</body></html>".encode()
        return self.answer(200, "text/html", body)

    def misbehaves(self, realm):
        if realm == "hanging":
            time.sleep(600)
        if realm == "slow":
            time.sleep(0.2)
        first = self.path not in asked
        asked.add(self.path)
        if realm == "broken" or (realm == "flaky" and first):
            self.answer(503, "text/plain", b"not now", ("Retry-After", "0"))
            return True
        return False

    def do_GET(self):
        token = self.path.startswith("/t/to-ken/")
        path = self.path.removeprefix("/t/to-ken")
        realm, _, rest = path.strip("/").partition("/")
        if (realm == "token" and not token) or (realm == "channel" and token):
            return self.answer(404, "text/plain", b"")
        if realm == "channel" and os.path.isfile(os.path.join(FOLDER, "channel", rest)):
            with open(os.path.join(FOLDER, "channel", rest), "rb") as data:
                return self.answer(200, "application/octet-stream", data.read())
        if self.misbehaves(realm):
            return None
        login = base64.b64encode(b"user:secret").decode()
        if realm == "bare" and self.headers.get("Authorization"):
            return self.answer(400, "text/plain", b"a login is sent here")
        if realm in ("closed", "away") and self.headers.get("Authorization") != f"Basic {login}":
            return self.answer(401, "text/plain", b"", ("WWW-Authenticate", 'Basic realm="wheels"'))
        if rest.startswith("files/") and realm != "gone":
            with open(os.path.join(FOLDER, os.path.basename(rest)), "rb") as data:
                body = data.read()
            if realm == "short" and self.command == "GET":
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                return self.wfile.write(body[:len(body) // 2])
            return self.answer(200, "application/octet-stream", body)
        if rest.startswith("simple/"):
            return self.page(realm, rest.split("/")[1])
        return self.answer(404, "text/plain", b"")

    do_HEAD = do_GET


serve(Server(("127.0.0.1", 0), Index))
