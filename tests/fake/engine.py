#!/usr/bin/env python3
"""A scripted container engine, at tcp://127.0.0.1:PORT.

    engine.py      prints its port, serves until its standard input ends

What a build's or a push's image is called says what becomes of it (see `builds`). GET /log gives
what was asked since the last /log, a line each: METHOD PATH, names in the context, logins."""
import base64
import io
import json
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from serving import Server, serve

lines, lock = [], threading.Lock()
ID = "sha256:" + "1" * 64


def say(**fields):
    return json.dumps(fields) + "\r\n"


builds = {
    "good": [say(stream="Step 1/2 : FROM base\n"), say(status="Pulling"), say(status="Downloading", id="layer"),
             say(stream="Step 2/"), say(stream="2 : ADD \u001b[31mlayer\n ---> 1"), say(aux={"ID": ID})],
    "fails": [say(stream="Step 1/1 : RUN no\n"), say(errorDetail={"code": 127, "message": "no: not found"}, error="no")],
    "silent": [say(stream="Step 1/1\n")],
    "cut": [say(stream="Step 1/1\n"), '{"stream":'],
}


class Engine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, text):
        with lock:
            lines.append(text)

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, text):
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def login(self, name):
        value = self.headers.get(name)
        return json.dumps(json.loads(base64.urlsafe_b64decode(value)), sort_keys=True) if value else "none"

    def do_GET(self):
        path = urlsplit(self.path).path
        if path == "/_ping":
            return self.answer(200, b"OK", Api_Version="1.41")
        if path == "/log":
            with lock:
                text = "".join(line + "\n" for line in lines)
                lines.clear()
            return self.answer(200, text.encode())
        self.answer(404, b'{"message":"No such image"}')

    def stream(self, events):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            for at in range(0, len(event), 7):
                self.chunk(event[at:at + 7])
        self.wfile.write(b"0\r\n\r\n")

    def hang(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for _ in range(600):
                self.chunk(say(stream="still at it\n"))
                time.sleep(0.05)
        except OSError:
            self.note("gone")
            self.close_connection = True

    def do_POST(self):
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if path.endswith("/build"):
            name = query["t"][0].split("/")[-1].split(":")[0]
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                names = " ".join(tar.getnames())
            self.note(f"build {' '.join(query['t'])} {query['platform'][0]} [{names}] {self.login('X-Registry-Config')}")
        else:
            name = path.split("/")[-2]
            self.note(f"push {path} {query['tag'][0]} {self.login('X-Registry-Auth')}")
        if name == "refused":
            return self.answer(400, b'{"message":"dockerfile parse error"}')
        if name == "hangs":
            return self.hang()
        self.stream(builds[name])


serve(Server(("127.0.0.1", 0), Engine))
