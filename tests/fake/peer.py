#!/usr/bin/env python3
"""A scripted HTTP peer for the tests of cache/: it breaks off, asks to wait, lies and redirects.

    peer.py [FOLDER]     prints its port, serves until its standard input ends

The path says how it behaves (the methods below); /files/... serves FOLDER with ETags. Counts
are kept by path, so "the first time only" means: once for each path."""
import hashlib
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler

from serving import Server, serve

WHOLE = bytes((i * 7 + (i >> 8)) & 255 for i in range(300_000))
counts, lock = {}, threading.Lock()
folder = sys.argv[1] if len(sys.argv) > 1 else None


class Peer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def hang_up(self):
        self.wfile.flush()
        self.close_connection = True

    def dispatch(self):
        path = self.path.split("?")[0]
        with lock:
            self.times = counts[path] = counts.get(path, 0) + 1
        what = path.split("/")[1].replace("-", "_")
        getattr(self, "on_" + what, self.on_absent)()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = dispatch

    def on_absent(self):
        self.read_body()
        self.answer(404, b"nothing here")

    def on_echo(self):
        """What was received, as text."""
        body = self.read_body()
        lines = [f"{self.command} {self.path}"]
        lines += [f"{name.lower()}: {value}" for name, value in self.headers.items()]
        lines += [f"body: {len(body)} {hashlib.sha256(body).hexdigest()}", ""]
        self.answer(200, "\n".join(lines).encode())

    def on_count(self):
        """How often the path behind it was asked for."""
        self.answer(200, str(counts.get(self.path[len("/count"):], 0)).encode())

    def on_counts(self):
        """How often anything else was asked for."""
        self.answer(200, str(sum(counts.values()) - counts["/counts"]).encode())

    def on_whole(self):
        self.answer(200, WHOLE)

    def part(self, tag, cut):
        """WHOLE, or the rest of it when the range and its condition allow; cut: break off."""
        at, status, extra = 0, 200, {"ETag": tag}
        wanted = self.headers.get("Range")
        if wanted and self.headers.get("If-Range", tag) == tag:
            at = int(wanted[len("bytes="):].rstrip("-"))
            status = 206
            extra["Content_Range"] = f"bytes {at}-{len(WHOLE) - 1}/{len(WHOLE)}"
        rest = WHOLE[at:]
        self.answer(status, rest[:len(rest) // 2] if cut else rest, len(rest), **extra)
        if cut:
            self.hang_up()

    def on_cut(self):
        self.part('"one"', self.times <= 2)

    def on_cut_changed(self):
        self.part(f'"{self.times}"', self.times == 1)

    def on_cut_deaf(self):
        """Breaks off once, and does not know ranges."""
        if self.times == 1:
            self.answer(200, WHOLE[:1000], len(WHOLE))
            return self.hang_up()
        self.answer(200, WHOLE)

    def on_cut_wrong(self):
        """Breaks off once, answers the range with another one once."""
        if self.times == 1:
            self.answer(200, WHOLE[:1000], len(WHOLE))
            return self.hang_up()
        if self.headers.get("Range"):
            return self.answer(206, WHOLE[5:], Content_Range=f"bytes 5-{len(WHOLE) - 1}/{len(WHOLE)}")
        self.answer(200, WHOLE)

    def on_lying(self):
        self.answer(200, b"x" * 500, 1000)
        self.hang_up()

    def on_drop(self):
        """No answer at all, the first time."""
        self.read_body()
        if self.times == 1:
            return self.hang_up()
        self.answer(200, b"there")

    def on_status(self):
        """/status/FIRST/THEN"""
        self.read_body()
        first, then = self.path.split("?")[0].split("/")[2:4]
        status = int(first if self.times == 1 else then)
        self.answer(status, b"status %d" % status)

    def on_busy(self):
        if self.times == 1:
            return self.answer(429, b"later", Retry_After="1")
        self.answer(200, b"now")

    def on_etag(self):
        if self.headers.get("If-None-Match") == '"v1"':
            return self.answer(304, ETag='"v1"')
        self.answer(200, b"fresh", ETag='"v1"', Cache_Control="max-age=60")

    def on_away(self):
        """To the same server under another name."""
        self.read_body()
        port = self.server.server_address[1]
        self.answer(302, Location=f"http://localhost:{port}/echo?signature=secret")

    def on_near(self):
        self.read_body()
        self.answer(307, Location="/echo/near")

    def on_to_file(self):
        self.answer(302, Location="file:///etc/hostname")

    def on_loop(self):
        self.answer(302, Location="/loop")

    def on_silent(self):
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.flush()
        time.sleep(20)

    def on_endless(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        chunk = b"10000\r\n" + b"e" * 65536 + b"\r\n"
        for _ in range(4096):
            self.wfile.write(chunk)

    def on_files(self):
        """Files below FOLDER; /files/@NAME/... breaks or bends them (see bend)."""
        parts = [p for p in self.path.split("?")[0].split("/")[2:] if p]
        how = parts.pop(0)[1:] if parts and parts[0].startswith("@") else ""
        if parts and parts[0] == "t":
            parts = parts[2:]
        try:
            with open(os.path.join(folder, *parts), "rb") as f:
                body = f.read()
        except OSError:
            return self.answer(404)
        tag = '"%s"' % hashlib.md5(body).hexdigest()
        if self.headers.get("If-None-Match") == tag:
            return self.answer(304, ETag=tag)
        self.bend(how, body, tag)

    def bend(self, how, body, tag):
        if how == "broken" or (how == "broken-once" and self.times == 1):
            body = body[:-1] + bytes([body[-1] ^ 1])
        if how == "short-once" and self.times == 1:
            self.answer(200, body[:len(body) // 2], len(body), ETag=tag)
            return self.hang_up()
        self.answer(200, body, ETag=tag)


serve(Server(("127.0.0.1", 0), Peer))
