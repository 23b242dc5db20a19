"""The small services nobody packages: web application, mail, time, printer.

    servers.py app ADDRESS PORT      the application behind nginx
    servers.py smtp ADDRESS PORT     takes any mail and forgets it
    servers.py ntp ADDRESS PORT      answers with the asker's own time
    servers.py printer ADDRESS PORT  reads a print job and closes
    servers.py c2 ADDRESS PORT CERT  short answers over TLS 1.2 (attack day)
"""

import hashlib
import random
import socketserver
import ssl
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TYPES = {"css": "text/css", "js": "application/javascript", "png": "image/png",
         "jpg": "image/jpeg", "woff2": "font/woff2", "json": "application/json",
         "pdf": "application/pdf", "deb": "application/vnd.debian.binary-package",
         "mp4": "video/mp4", "zip": "application/zip", "xml": "application/xml"}
# What a body of that type starts with, so that Zeek's file signatures see it.
MAGIC = {"png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "jpg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
         "pdf": b"%PDF-1.7\n", "zip": b"PK\x03\x04\x14\0", "deb": b"!<arch>\ndebian-binary   ",
         "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0", "woff2": b"wOF2\0\x01\0\0",
         "json": b'{"items": [', "css": b"body { margin: 0 }\n", "xml": b"<?xml version=\"1.0\"?>\n",
         "js": b"(function () { 'use strict';\n", "html": b"<!DOCTYPE html><html><head><title>"}
SIZE = {"css": 9000, "js": 42000, "png": 14000, "jpg": 60000, "woff2": 24000, "json": 1800,
        "pdf": 180000, "deb": 240000, "mp4": 700000, "zip": 120000, "xml": 5000, "html": 16000}


class App(BaseHTTPRequestHandler):
    """Type, size and delay follow from the path: the same page stays the same."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "app", ""

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        while length > 0:
            got = self.rfile.read(min(length, 1 << 16))
            if not got:
                return
            length -= len(got)
        path = self.path.split("?")[0]
        host = self.headers.get("Host", "")
        rng = random.Random(hashlib.sha256((host + path).encode()).digest())
        kind = path.rsplit(".", 1)[-1] if "." in path else "html"
        code, location = 200, None
        if "/missing" in path:
            code = 404
        elif "/private" in path:
            code = 401
        elif "/forbidden" in path:
            code = 403
        elif "/broken" in path:
            code = 500
        elif "generate_204" in path or self.command == "DELETE":
            code = 204
        elif "/old/" in path:
            code, location = 301, path.replace("/old/", "/new/")
        elif self.headers.get("If-Modified-Since") or self.headers.get("If-None-Match"):
            code = 304
        elif self.command in ("POST", "PUT"):
            kind = "json"
            code = 201 if self.command == "PUT" else 200
        size = 0 if code in (204, 304) else 300
        if code in (200, 201):
            size = int(SIZE.get(kind, 8000) * rng.lognormvariate(0, 0.7))
            if self.command in ("POST", "PUT"):
                size = rng.randrange(20, 600)
            elif kind in ("html", "json"):
                # Dynamic pages differ a little between two calls.
                size = int(size * random.uniform(0.92, 1.08))
        # A long poll holds the answer back, everything else works a moment.
        time.sleep(random.uniform(1.5, 5) if "/poll" in path else rng.uniform(0.001, 0.06))
        body = MAGIC.get(kind, MAGIC["html"])[:size] if size else b""
        body += rng.randbytes(max(0, size - len(body))).hex().encode()[:max(0, size - len(body))]
        self.send_response(code)
        if location:
            self.send_header("Location", location)
        if code == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="private"')
        if code not in (204, 304):
            self.send_header("Content-Type", TYPES.get(kind, "text/html; charset=utf-8"))
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer

    def log_message(self, *_):
        pass


class Smtp(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 mail.office.example ESMTP ready")
        while True:
            line = self.rfile.readline().decode("latin-1").strip()
            verb = line[:4].upper()
            if not line or verb == "QUIT":
                if line:
                    self.say("221 bye")
                return
            if verb == "EHLO":
                self.wfile.write(b"250-mail.office.example\r\n250-SIZE 20480000\r\n250 8BITMIME\r\n")
            elif verb == "RCPT" and "nobody" in line:
                self.say("550 no such user here")
            elif verb == "DATA":
                self.say("354 go ahead")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.say("250 queued")
            else:
                self.say("250 ok")


class Ntp(socketserver.BaseRequestHandler):
    """The asker's clock is the sample's clock, so the answer builds on it."""

    def handle(self):
        data, sock = self.request
        if len(data) < 48:
            return
        sent = struct.unpack("!Q", data[40:48])[0]
        later = sent + int(random.uniform(0.006, 0.009) * 2**32)
        head = struct.pack("!BBbbII4s", 0x24, 2, 6, -23, 700, 1200, bytes([203, 0, 113, 1]))
        times = struct.pack("!QQQQ", sent - (300 << 32), sent, later, later + 90000)
        sock.sendto(head + times, self.client_address)


class Printer(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(65536):
            pass


class C2(socketserver.BaseRequestHandler):
    """Answers each call with a few bytes, now and then with a task."""

    context = None

    def handle(self):
        try:
            with self.context.wrap_socket(self.request, server_side=True) as tls:
                tls.recv(4096)
                time.sleep(random.uniform(0.005, 0.03))
                body = random.randbytes(random.choice([16, 16, 16, 16, 48, 112]))
                tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except (OSError, ssl.SSLError):
            pass


class Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128


def main():
    what, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if what == "app":
        ThreadingHTTPServer.request_queue_size = 128
        server = ThreadingHTTPServer((address, port), App)
    elif what == "ntp":
        server = socketserver.UDPServer((address, port), Ntp)
    elif what == "c2":
        C2.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        C2.context.maximum_version = ssl.TLSVersion.TLSv1_2
        C2.context.set_ciphers("ALL:@SECLEVEL=0")  # Python's own list lacks the client's
        C2.context.load_cert_chain(sys.argv[4])
        server = Threads((address, port), C2)
    else:
        server = Threads((address, port), {"smtp": Smtp, "printer": Printer}[what])
    server.serve_forever()


if __name__ == "__main__":
    main()
