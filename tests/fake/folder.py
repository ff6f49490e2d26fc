"""The files of a folder at http://HOST/.

folder.py FOLDER
"""
import functools
import sys
from http.server import SimpleHTTPRequestHandler

from serving import Server, serve


class Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass


serve(Server(("127.0.0.1", 0), functools.partial(Files, directory=sys.argv[1])))
