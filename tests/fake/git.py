"""Git repositories over HTTP, by git's own http-backend: those below FOLDER.

    git.py FOLDER

/open/ serves them, /closed/ asks for the login user:secret, /moved/ sends to /open/ under another
name of this host. /token/ is there only behind /t/to-ken/; so are /both/, which asks for the login
too, and /old/, which speaks the first version of git's protocol. GET /log gives what was asked since the last /log, a line a request: METHOD,
path without query, host, login."""

import base64
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler

from serving import Server, serve

FOLDER = os.path.abspath(sys.argv[1])
lines = []


class Git(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", *headers):
        self.send_response(status)
        for name, value in (("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def login(self):
        kind, _, text = self.headers.get("Authorization", "").partition(" ")
        return base64.b64decode(text).decode() if kind == "Basic" else ""

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/log":
            text = "".join(lines)
            lines.clear()
            return self.answer(200, text.encode())
        lines.append(f"{self.command} {path} {self.headers['Host']} {self.login() or '-'}\n")
        realm, _, rest = path.removeprefix("/t/to-ken").strip("/").partition("/")
        if (realm in ("token", "both", "old")) != path.startswith("/t/to-ken/"):
            return self.answer(404)
        if realm == "moved":
            host = self.headers["Host"].replace("127.0.0.1", "localhost")
            return self.answer(302, b"", ("Location", f"http://{host}/open/{rest}?{query}"))
        if realm in ("closed", "both") and self.login() != "user:secret":
            return self.answer(401, b"", ("WWW-Authenticate", 'Basic realm="git"'))
        return self.backend(rest, query, realm == "old")

    do_POST = do_GET

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def backend(self, rest, query, old):
        env = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": FOLDER, "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": "/" + rest, "QUERY_STRING": query, "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_ADDR": "127.0.0.1",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": "" if old else self.headers.get("Git-Protocol", ""),
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        }
        done = subprocess.run(["git", "http-backend"], input=self.body(), env=env, capture_output=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.decode().split(": ", 1)) for line in head.split(b"\r\n") if line]
        status = dict(headers).get("Status", "200").split()[0]
        self.answer(int(status), body, *((k, v) for k, v in headers if k != "Status"))


serve(Server(("127.0.0.1", 0), Git))
