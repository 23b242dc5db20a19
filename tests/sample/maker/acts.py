"""Does the activities of one host, one after the other, inside its namespace.

    acts.py HOST PLAN.json TIMES WORKDIR

Real time is not the plan's time: an activity starts as soon as the one before
is done, and TIMES notes when ("ID START" per line). shift.py later moves the
packets of each activity to the plan's time.
"""

import json
import os
import smtplib
import socket
import ssl
import struct
import subprocess
import sys
import time
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def call(*args, timeout=40, **kw):
    subprocess.run([str(a) for a in args], timeout=timeout, **{**QUIET, **kw})


class Host:
    def __init__(self, name, work):
        self.name, self.work = name, Path(work)
        self.home = self.work / f"host-{name}"
        self.home.mkdir(exist_ok=True)
        self.c2_address = None
        # sshd's and curl's own configuration of this machine must not matter.
        self.ssh = ["-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                    "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=8"]

    def blob(self, size):
        path = self.home / f"blob{size}"
        if not path.exists():
            path.write_bytes(os.urandom(size))
        return path

    # ---- ordinary --------------------------------------------------------

    def web(self, act):
        args = [self.blob(int(a[5:])) if a.startswith("@blob") else a for a in act["args"]]
        several = ["--parallel", "--parallel-max", "4"] if len(act["urls"]) > 1 else []
        # -k: the certificates fit the sample's calendar, not this machine's.
        call("curl", "-q", "-s", "-k", "-L", "--max-time", "30", "-A", act["ua"], *several, *args,
             *act["urls"], timeout=150)

    def dns(self, act):
        call("dig", "+time=2", "+tries=1", *act["args"])

    def shell(self, act):
        key = self.work / "keys" / act.get("key", "user")
        call("ssh", *self.ssh, "-i", key, "-o", "BatchMode=yes", f"{act['user']}@{act['to']}", act["cmd"])

    def scp(self, act):
        far, near = f"{act['user']}@{act['to']}:", self.blob(act["size"])
        if not act["up"]:
            # Something to bring back: the host's own tools differ in size.
            far, near = far + "/usr/bin/scp", self.home / "fetched"
        pair = (near, far) if act["up"] else (far, near)
        call("scp", *self.ssh, "-q", "-i", self.work / "keys/user", "-o", "BatchMode=yes", *pair)

    def mail(self, act):
        message = EmailMessage()
        message["From"] = f"{self.name}@office.example"
        message["To"] = "nobody@partner.example" if act["bad"] else "team@partner.example"
        message["Subject"] = f"note {act['id']}"
        message["Date"] = formatdate(act["t"])
        message["Message-ID"] = f"<{act['id']}@office.example>"
        message.set_content(("word " * 12 + "\n") * (act["size"] // 61 + 1))
        try:
            with smtplib.SMTP(act["to"], 25, local_hostname=f"{self.name}.office.example",
                              timeout=10) as server:
                server.send_message(message)
        except smtplib.SMTPException:
            pass  # the address that does not exist

    def print(self, act):
        with socket.create_connection(("printer.office.example", 9100), 5) as sock:
            sock.sendall(b"%-12345X@PJL JOB\r\n" + os.urandom(act["size"]))

    def ntp(self, act):
        """Asks with the plan's clock, so that ntp.log agrees with its own times."""
        seconds = act["t"] + 2208988800
        stamp = struct.pack("!II", int(seconds), int(seconds % 1 * 2**32))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(2)
            sock.sendto(struct.pack("!BBbb", 0x23, 0, 6, -20) + bytes(36) + stamp,
                        (socket.gethostbyname("pool.ntp.example"), 123))
            sock.recv(100)

    def mdns(self, _):
        """A question and, from the printer, an announcement, to the group."""
        def name(text):
            return b"".join(bytes([len(p)]) + p.encode() for p in text.split(".")) + b"\0"
        service = name("_ipp._tcp.local")
        if self.name == "printer":
            target = name("laser._ipp._tcp.local")
            packet = struct.pack("!6H", 0, 0x8400, 0, 1, 0, 0) + service + struct.pack(
                "!HHIH", 12, 1, 4500, len(target)) + target
        else:
            packet = struct.pack("!6H", 0, 0, 1, 0, 0, 0) + service + struct.pack("!HH", 12, 1)
        for family, group in ((socket.AF_INET, "224.0.0.251"), (socket.AF_INET6, "ff02::fb")):
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET:
                    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
                    sock.bind(("", 5353))
                    sock.sendto(packet, (group, 5353))
                else:
                    index = socket.if_nametoindex("eth0")
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
                    sock.bind(("::", 5353))
                    sock.sendto(packet, (group, 5353, 0, index))

    def dhcp(self, _):
        # The address is already set (and the same); only the talk is wanted.
        call("busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-t", "2", "-T", "1", "-s", "/bin/true",
             "-x", f"hostname:{self.name}", timeout=10)

    def ping(self, act):
        call("busybox", "ping", "-c", "2", "-i", "0.3", act["to"])

    def connect(self, act):
        try:
            with socket.create_connection((act["to"], act["port"]), 1.3) as sock:
                sock.settimeout(1)
                sock.recv(200)
        except OSError:
            pass  # nobody there, which is what some of these are for

    # ---- attacks ---------------------------------------------------------

    def scan(self, act):
        call("nmap", "-sT", "-Pn", "-n", "-T4", "--max-retries", "1", *act["args"], timeout=400,
             env={**os.environ, "NMAPDIR": "/usr/share/nmap"})

    def beacon(self, act):
        """A hand-made client: TLS 1.2 with one old cipher, a few bytes each way."""
        if act["lookup"] or not self.c2_address:
            self.c2_address = socket.gethostbyname(act["to"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0")
        with socket.create_connection((self.c2_address, 443), 8) as sock:
            with context.wrap_socket(sock, server_hostname=act["to"]) as tls:
                tls.sendall(b"POST /s HTTP/1.1\r\nHost: %s\r\nContent-Length: 64\r\n\r\n"
                            % act["to"].encode() + os.urandom(64))
                tls.recv(4096)

    def brute(self, act):
        """ssh asks SSH_ASKPASS for each password; the script there guesses."""
        guess = self.home / "guess"
        guess.write_text("#!/bin/sh\nod -An -N4 -tx4 /dev/urandom\n")
        guess.chmod(0o755)
        env = {**os.environ, "SSH_ASKPASS": str(guess), "SSH_ASKPASS_REQUIRE": "force"}
        users = ["root", "admin", "test", "ben", "git", "oracle", "ubuntu", "deploy"]
        running = []
        for n in range(act["connections"]):
            user = users[(act["id"] + n) % len(users)]
            running.append(subprocess.Popen(
                ["ssh", *self.ssh, "-o", "PreferredAuthentications=password",
                 "-o", "NumberOfPasswordPrompts=3", f"{user}@{act['to']}", "true"], env=env, **QUIET))
            if len(running) == 4:
                running.pop(0).wait(60)
        for child in running:
            child.wait(60)

    def do(self, act):
        kind = "shell" if act["kind"] == "ssh" else act["kind"]
        getattr(self, kind)(act)


def main():
    name, plan, times, work = sys.argv[1:]
    host = Host(name, work)
    acts = json.loads(Path(plan).read_text())
    for act in acts:  # files first: making them is not part of any activity
        for arg in act.get("args", []):
            if arg.startswith("@blob"):
                host.blob(int(arg[5:]))
    with open(times, "w", buffering=1) as log:
        for act in acts:
            log.write(f"{act['id']} {time.time():.6f}\n")
            try:
                host.do(act)
            except (OSError, subprocess.TimeoutExpired) as error:
                print(f"{name}: activity {act['id']} ({act['kind']}): {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
