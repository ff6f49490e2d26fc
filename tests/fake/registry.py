#!/usr/bin/env python3
"""A scripted registry: distribution's protocol, bent as the repository's first component says.

    registry.py [PEM]      prints its port, serves until its standard input ends

With a file that holds key and certificate it speaks TLS.

`HOST/put404.relative/app` is a registry with the two flags put404 and relative; what a flag does
stands where it is looked for. GET /log gives what was asked since the last /log, a line a
request: METHOD, path (D: a digest, U: an upload, T: a token), login, bytes received, status."""
import base64
import gzip
import hashlib
import itertools
import json
import re
import ssl
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler

from serving import Server, serve

lock = threading.RLock()
lines, blobs, manifests, uploads, tokens, counts = [], {}, {}, {}, {}, {}
numbers = itertools.count(1)
USER = "user:se:cret"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(body):
    return "sha256:" + hashlib.sha256(body).hexdigest()


class Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    body = b""

    def log_message(self, *args):
        pass

    def note(self, status):
        path = re.sub(r"sha256(:|%3A)[0-9a-f]{64}", "D", self.path)
        path = re.sub(r"(uploads|elsewhere)/\d+", r"\1/U", path)
        login = self.headers.get("Authorization", "-")
        login = re.sub(r"^Bearer t\d+$", "bearer", login)
        if login.startswith("Basic "):
            login = "basic:" + base64.b64decode(login[6:]).decode().split(":")[0]
        with lock:
            lines.append(f"{self.command} {path} {login} {len(self.body)} {status}\n")

    def answer(self, status, body=b"", headers={}, say=True):
        if say:
            self.note(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers and status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)

    def error(self, status, code, detail=None, headers={}):
        body = {"errors": [{"code": code, "message": code.lower().replace("_", " "), "detail": detail}]}
        self.answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})

    def hang_up(self):
        self.note(0)
        self.close_connection = True
        self.connection.close()

    def handle_expect_100(self):
        """What is refused before its body is sent: logins and sizes."""
        self.early = True
        self.read_path()
        if self.refused():
            return False
        return super().handle_expect_100()

    def read_path(self):
        path, _, query = self.path.partition("?")
        self.query = urllib.parse.parse_qs(query)
        m = re.match(r"/v2/(.+)/(manifests|referrers|blobs|blobs/uploads)/([^/]*)$", path)
        if not m:
            m = re.match(r"/v2/(.+)/(tags)/(list)$", path)
        self.repository, self.kind, self.name = m.groups() if m else ("", path, "")
        if self.kind.startswith("/elsewhere/"):
            self.repository, self.name = uploads[self.kind.split("/")[2]][0], self.kind.split("/")[2]
            self.kind = "blobs/uploads"
        self.flags = set(self.repository.split("/")[0].split("."))

    def first(self, what):
        with lock:
            key = (self.repository, what)
            counts[key] = counts.get(key, 0) + 1
            return counts[key] == 1

    # ---- logins ----

    def challenge(self, error=None):
        port = self.server.server_address[1]
        action = "pull" if self.command in ("GET", "HEAD") else "pull,push"
        text = f'Bearer realm="{self.server.scheme}://127.0.0.1:{port}/token",service="fake",'
        text += f'scope="repository:{self.repository}:{action}"'
        if "both" in self.flags:
            text = 'Basic realm="a, b", ' + text
        if "basic" in self.flags:
            text = 'Basic realm="registry, of \\"ours\\""'
        if error:
            text += f',error="{error}"'
        self.error(401, "UNAUTHORIZED", headers={"Www-Authenticate": text})

    def refused(self):
        """True when the login was not enough and that was said."""
        login = self.headers.get("Authorization", "")
        if "basic" in self.flags:
            if login != "Basic " + base64.b64encode(USER.encode()).decode():
                return self.challenge() or True
        elif "token" in self.flags and not self.path.startswith("/elsewhere") and "signed" not in self.query:
            have = tokens.get(login[len("Bearer "):])
            if have is None:
                return self.challenge("invalid_token" if login else None) or True
            need = {(self.repository, "pull")}
            if self.command not in ("GET", "HEAD"):
                need.add((self.repository, "push"))
            if "from" in self.query and "token" in self.query["from"][0]:
                need.add((self.query["from"][0], "pull"))
            if not need <= have:
                return self.challenge("insufficient_scope") or True
            if "expires" in self.flags and self.command == "PUT" and self.first("expires"):
                tokens.clear()
                return self.challenge("invalid_token") or True
        if "limit" in self.flags and int(self.headers.get("Content-Length") or 0) > 1 << 20:
            self.close_connection = True
            return self.answer(413, b"<html>too large</html>", {"Connection": "close"}) or True
        return False

    def on_token(self):
        scopes = set()
        login = self.headers.get("Authorization", "")
        known = login == "Basic " + base64.b64encode(USER.encode()).decode()
        if self.command == "POST":
            form = urllib.parse.parse_qs(self.body.decode())
            known = form.get("refresh_token") == ["identity"]
            self.query["scope"] = form["scope"][0].split()
        if login and not known:
            return self.error(401, "UNAUTHORIZED")
        for scope in self.query.get("scope", []):
            _, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            if "nosource" in name:
                continue
            scopes |= {(name, a) for a in actions.split(",") if known or a == "pull"}
        with lock:
            token = f"t{next(numbers)}"
            tokens[token] = scopes
        self.answer(200, json.dumps({"access_token": token, "expires_in": 300}).encode())

    # ---- blobs ----

    def on_blob(self):
        body = blobs.get((self.repository, self.name))
        if "html" in self.flags:
            return self.answer(200, b"<html>welcome</html>", {"Content-Type": "text/html"})
        if body is None:
            return self.error(404, "BLOB_UNKNOWN")
        headers = {"Docker-Content-Digest": self.name}
        if "headfails" in self.flags and self.command == "HEAD":
            return self.answer(403)
        if "away" in self.flags and "signed" not in self.query and self.command == "GET":
            port = self.server.server_address[1]
            return self.answer(307, headers={"Location": f"{self.server.scheme}://localhost:{port}{self.path}?signed=secret"})
        if "gzip" in self.flags:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        if "others" in self.flags and len(body) > 1 << 20:
            body = body[:-1] + bytes([body[-1] ^ 1])
        wanted = self.headers.get("Range")
        if "half" in self.flags and self.command == "GET" and len(body) > 1 << 20:
            return self.give_half(body, int(wanted[6:].rstrip("-")) if wanted else 0)
        if wanted and "norange" not in self.flags:
            return self.answer(206, body[int(wanted[6:].rstrip("-")):], headers)
        self.answer(200, body, {**headers, "Content-Length": str(len(body))})

    def give_half(self, body, start):
        """Nothing of the second half of a blob ever comes."""
        self.note(206 if start else 200)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start : len(body) // 2])
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()

    def location(self, number):
        port = self.server.server_address[1]
        path = f"/v2/{self.repository}/blobs/uploads/{number}?state=a%2Bb"
        if "elsewhere" in self.flags:
            return f"{self.server.scheme}://localhost:{port}/elsewhere/{number}"
        if "plainaway" in self.flags:
            return f"http://localhost:{port}/elsewhere/{number}"
        scheme = "http" if "downgrade" in self.flags else self.server.scheme
        return path if "relative" in self.flags else f"{scheme}://127.0.0.1:{port}{path}"

    def on_start(self):
        if "mount" in self.query:
            source = blobs.get((self.query["from"][0], self.query["mount"][0]))
            if "mountcut" in self.flags:
                return self.hang_up()
            if "mount500" in self.flags:
                return self.answer(500, b"oops")
            if source is not None and "mount202" not in self.flags:
                blobs[self.repository, self.query["mount"][0]] = source
                return self.answer(201)
        if "html" in self.flags:
            return self.answer(200, b"<html>welcome</html>")
        if "nameunknown" in self.flags:
            return self.error(404, "NAME_UNKNOWN")
        if "busy" in self.flags and self.first("busy"):
            return self.error(429, "TOOMANYREQUESTS", headers={"Retry-After": "1"})
        with lock:
            number = str(next(numbers))
            uploads[number] = (self.repository, bytearray())
        self.answer(202, headers={"Location": self.location(number)})

    def on_upload(self):
        if self.name not in uploads:
            return self.error(404, "BLOB_UPLOAD_UNKNOWN")
        held = uploads[self.name][1]
        if self.command == "PATCH":
            held += self.body
            end = len(held) - (2 if "wrongrange" in self.flags and self.first("wrong") else 1)
            stuck = "patch201" in self.flags
            headers = {"Location": self.location(self.name), "Range": "0-0" if stuck else f"0-{end}"}
            return self.answer(201 if stuck else 202, headers=headers)
        if self.body and "put404" in self.flags:
            return self.answer(404, b"page not found")
        if "lost" in self.flags and self.first("lost"):
            del uploads[self.name]
            return self.error(404, "BLOB_UPLOAD_UNKNOWN")
        if "put500" in self.flags and self.first("put500"):
            return self.answer(500, b"oops")
        if "putcut" in self.flags and self.first("putcut"):
            return self.hang_up()
        if "liar" in self.flags:
            return self.answer(200, b"<html>welcome</html>")
        held += self.body
        digest = self.query["digest"][0]
        if digest_of(bytes(held)) != digest:
            return self.error(400, "DIGEST_INVALID")
        del uploads[self.name]
        blobs[self.repository, digest] = bytes(held)
        self.answer(201, headers={"Docker-Content-Digest": digest})

    # ---- manifests ----

    def get_manifest(self):
        if "html" in self.flags:
            return self.answer(200, b"<html>welcome</html>", {"Content-Type": "text/html"})
        found = manifests.get((self.repository, self.name))
        if not found:
            return self.error(404, "MANIFEST_UNKNOWN")
        if self.command == "HEAD" and "head405" in self.flags:
            return self.answer(405)
        if "index" not in self.headers.get("Accept", "") or "docker" not in self.headers["Accept"]:
            return self.error(404, "MANIFEST_UNKNOWN")
        kind, body = found
        headers = {"Content-Type": "text/plain; charset=utf-8" if "vague" in self.flags else kind}
        if "nodigest" not in self.flags:
            headers["Docker-Content-Digest"] = digest_of(b"x" if "wrongdigest" in self.flags else body)
        if "changed" in self.flags:
            body += b" "
        if "deprecated" in self.flags:
            headers["Warning"] = '299 - "this registry \x07 closes"'
        self.answer(200, body, {**headers, "Content-Length": str(len(body))})

    def put_manifest(self):
        tag = not self.name.startswith("sha256:")
        if "html" in self.flags:
            return self.answer(200, b"<html>welcome</html>")
        if tag and "immutable" in self.flags and (self.repository, self.name) in manifests:
            return self.error(400, "TAG_INVALID")
        doc = json.loads(self.body)
        if doc.get("mediaType") != self.headers["Content-Type"]:
            return self.error(400, "MANIFEST_INVALID")
        named = [d["digest"] for d in [doc.get("config"), *doc.get("layers", [])] if d]
        if "loses" in self.flags and (self.first("loses") or "always" in self.flags):
            for digest in named:
                blobs.pop((self.repository, digest), None)
        images = [d["digest"] for d in doc.get("manifests", [])]
        if images and "forgets" in self.flags and self.first("forgets"):
            for digest in images:
                manifests.pop((self.repository, digest), None)
        missing = [d for d in named if (self.repository, d) not in blobs]
        missing += [d for d in images if (self.repository, d) not in manifests]
        if missing:
            if "onebyone" in self.flags:
                del missing[1:]
            return self.error(400, "MANIFEST_BLOB_UNKNOWN", [{"Digest": d} for d in missing])
        digest = digest_of(self.body)
        for name in (digest, self.name):
            manifests[self.repository, name] = (self.headers["Content-Type"], self.body)
        headers = {} if "nodigest" in self.flags else {"Docker-Content-Digest": digest}
        if "referrers" in self.flags and "subject" in doc:
            headers["OCI-Subject"] = doc["subject"]["digest"]
        self.answer(201, headers=headers)

    def get_referrers(self):
        if "referrers" not in self.flags:
            return self.answer(404, b"404 page not found\n", {"Content-Type": "text/plain"})
        found = []
        for (repository, name), (kind, body) in list(manifests.items()):
            doc = json.loads(body)
            if repository == self.repository and name.startswith("sha256:") and \
                    doc.get("subject", {}).get("digest") == self.name:
                found.append({"mediaType": kind, "digest": name, "size": len(body),
                              "artifactType": doc["artifactType"]})
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}).encode()
        self.answer(200, body, {"Content-Type": INDEX})

    def get_tags(self):
        """Pages of two when the repository is "paged", whatever was asked for."""
        if "html" in self.flags:
            return self.answer(200, b"<html>welcome</html>", {"Content-Type": "text/html"})
        tags = sorted(n for r, n in list(manifests) if r == self.repository and ":" not in n)
        if not tags:
            return self.error(404, "NAME_UNKNOWN")
        rest = [t for t in tags if t > self.query.get("last", [""])[0]]
        page = rest[:2] if "paged" in self.flags else rest
        headers = {"Content-Type": "application/json"}
        if len(page) < len(rest):
            host = "http://localhost:1" if "pageaway" in self.flags else ""
            headers["Link"] = f'<{host}/v2/{self.repository}/tags/list?last={page[-1]}&n=2>; rel="next"'
        self.answer(200, json.dumps({"name": self.repository, "tags": page}).encode(), headers)

    # ---- requests ----

    def dispatch(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.read_path()
        if self.kind == "/log":
            with lock:
                text = "".join(lines)
                lines.clear()
            return self.answer(200, text.encode(), say=False)
        if self.kind == "/token":
            return self.on_token()
        if self.kind == "/v2/":
            return self.answer(200, b"{}", say=False)
        if self.refused():
            return None
        if self.kind == "blobs/uploads" and self.command == "POST":
            return self.on_start()
        ways = {"tags": self.get_tags, "referrers": self.get_referrers, "blobs": self.on_blob, "blobs/uploads": self.on_upload,
                "manifests": self.put_manifest if self.command == "PUT" else self.get_manifest}
        ways.get(self.kind, lambda: self.answer(404))()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = dispatch


class RegistryServer(Server):
    scheme = "http"

    def use_tls(self, pem):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https"


server = RegistryServer(("127.0.0.1", 0), Registry)
if len(sys.argv) > 1:
    server.use_tls(sys.argv[1])
serve(server)
