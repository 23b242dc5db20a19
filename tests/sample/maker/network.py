"""Namespaces, links and services: builds the sample's network, takes it down.

                                (capture)
    ann ben ... www files ... ---- br0 [gw] wan0 ~~~delay~~~ wan0 [out]
         192.168.10.0/24                        203.0.113.0/24, 198.51.100.0/24

All outside servers live in one namespace, with one address each.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import certs
from world import (ACCOUNTS, BLACKHOLE, BROWSERS, C2_IP, CNAMES, DNS_UPSTREAM, DOMAIN,
                   DROP_IP, DUAL_STACK, HOSTS, LAN4, LAN6, LOCAL_NAMES, NS_PREFIX, SITE, SITES, WAN_GW4,
                   WAN_GW6, WAN_OUT4, WAN_OUT6, lan4, lan6, mac)

HERE = Path(__file__).resolve().parent
PASSWORD = "correct-horse-7"  # of every account with one; nobody guesses it


def run(*args, **kw):
    return subprocess.run([str(a) for a in args], check=True, **kw)


def ns(host):
    return NS_PREFIX + host


def namespaces():
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
    names = [line.split()[0] for line in listed.splitlines() if line.split()]
    return [n for n in names if n.startswith(NS_PREFIX)]


def remove_leftovers():
    """Take down what carries the sample's prefix: processes, namespaces, /etc/netns."""
    for name in namespaces():
        pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
        for pid in pids.stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        subprocess.run(["ip", "netns", "del", name])
    base = Path("/etc/netns")
    for path in base.glob(NS_PREFIX + "*") if base.exists() else []:
        shutil.rmtree(path)
    if base.exists() and not any(base.iterdir()):
        base.rmdir()


class Network:
    def __init__(self, work):
        self.work = work
        self.children = []
        work.chmod(0o755)  # sshd's users read their keys and homes in it

    # ---- processes -------------------------------------------------------

    def spawn(self, host, *args, wait_for=None, **kw):
        """Start a process inside a host; it ends with the network."""
        log = open(self.work / "services.log", "ab")
        out = subprocess.PIPE if wait_for else log
        child = subprocess.Popen(["ip", "netns", "exec", ns(host), *map(str, args)],
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=log, **kw)
        self.children.append(child)
        if wait_for and wait_for not in child.stdout.readline():
            raise RuntimeError(f"{args[0]} did not start, see {self.work}/services.log")
        return child

    def python(self, host, script, *args, **kw):
        return self.spawn(host, sys.executable, "-B", HERE / script, *args, **kw)

    def stop(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
        remove_leftovers()

    # ---- links -----------------------------------------------------------

    def build(self):
        (self.work / "keys").mkdir(exist_ok=True)
        self.etc_files()
        for name in [*HOSTS, "out"]:
            run("ip", "netns", "add", ns(name))
            run("ip", "-n", ns(name), "link", "set", "lo", "up")
        gw = ["ip", "-n", ns("gw")]
        # No snooping: multicast reaches every port, as on a plain switch.
        run(*gw, "link", "add", "br0", "address", mac("gw"), "type", "bridge", "mcast_snooping", "0")
        for host in HOSTS:
            if host != "gw":
                self.plug_in(host)
        run(*gw, "addr", "add", f"{lan4('gw')}/24", "dev", "br0")
        run(*gw, "addr", "add", f"{lan6('gw')}/64", "dev", "br0", "nodad")
        self.no_offload("gw", "br0")
        run(*gw, "link", "set", "br0", "up")
        self.wan()

    @staticmethod
    def no_offload(host, dev):
        """Let software finish checksums and cut segments, as they are on a wire.

        Else the capture sees unfinished checksums and oversized packets.
        """
        for feature in ("tx", "rx", "tso", "gso", "gro"):  # a bridge lacks some of them
            subprocess.run(["ip", "netns", "exec", ns(host), "ethtool", "-K", dev, feature, "off"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def plug_in(self, host):
        port = f"p-{host}"
        run("ip", "link", "add", port, "netns", ns("gw"), "type", "veth",
            "peer", "name", "eth0", "address", mac(host), "netns", ns(host))
        run("ip", "-n", ns("gw"), "link", "set", port, "master", "br0", "up")
        self.no_offload("gw", port)
        self.no_offload(host, "eth0")
        inside = ["ip", "-n", ns(host)]
        run(*inside, "link", "set", "eth0", "up")
        run(*inside, "addr", "add", f"{lan4(host)}/24", "dev", "eth0")
        run(*inside, "addr", "add", f"{lan6(host)}/64", "dev", "eth0", "nodad")
        run(*inside, "route", "add", "default", "via", lan4("gw"))
        run(*inside, "route", "add", "default", "via", lan6("gw"))

    def wan(self):
        self.python("gw", "wan.py", wait_for=b"ready")
        for host, ip4, ip6 in (("gw", WAN_GW4, WAN_GW6), ("out", WAN_OUT4, WAN_OUT6)):
            ip = ["ip", "-n", ns(host)]
            run(*ip, "link", "set", "wan0", "up", "txqueuelen", "10000")
            run(*ip, "addr", "add", f"{ip4}/30", "dev", "wan0")
            run(*ip, "addr", "add", f"{ip6}/64", "dev", "wan0", "nodad")
        for net in ("203.0.113.0/24", "198.51.100.0/24"):
            run("ip", "-n", ns("gw"), "route", "add", net, "via", WAN_OUT4)
        run("ip", "-n", ns("gw"), "route", "add", "2001:db8:cb::/48", "via", WAN_OUT6)
        run("ip", "-n", ns("out"), "route", "add", f"{LAN4}0/24", "via", WAN_GW4)
        run("ip", "-n", ns("out"), "route", "add", f"{LAN6}/64", "via", WAN_GW6)
        for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            run("ip", "netns", "exec", ns("gw"), "sysctl", "-qw", f"{key}=1")
        addresses = {DNS_UPSTREAM} | {s[1] for s in SITES} | {s[2] for s in SITES if s[2]}
        for address in sorted(addresses - {BLACKHOLE}):
            nodad = ["nodad"] if ":" in address else []
            run("ip", "-n", ns("out"), "addr", "add", address, "dev", "lo", *nodad)
        run("ip", "-n", ns("out"), "route", "add", "blackhole", BLACKHOLE)

    # ---- services --------------------------------------------------------

    def etc_files(self):
        """/etc/netns/NAME/FILE is what a process started in NAME sees as /etc/FILE.

        So the sample's accounts and resolver exist in its namespaces only.
        """
        digest = subprocess.run(["openssl", "passwd", "-6", PASSWORD], check=True,
                                capture_output=True, text=True).stdout.strip()
        keep = [line for line in Path("/etc/passwd").read_text().splitlines()
                if line.split(":")[0] in ("root", "nobody", "sshd", "_sshd")]
        group = ["root:x:0:", "nogroup:x:65534:", "tty:x:5:"]
        shadow = ["root:*:19000:0:99999:7:::"]
        for user, uid in ACCOUNTS.items():
            home = self.work / "home" / user
            home.mkdir(parents=True, exist_ok=True)
            os.chown(home, uid, uid)
            keep.append(f"{user}:x:{uid}:{uid}::{home}:/bin/sh")
            group.append(f"{user}:x:{uid}:")
            shadow.append(f"{user}:{digest}:19000:0:99999:7:::")
        resolv = f"nameserver {lan4('gw')}\nsearch {DOMAIN}\noptions timeout:2 attempts:2\n"
        for host in [*HOSTS, "out"]:
            etc = Path("/etc/netns") / ns(host)
            etc.mkdir(parents=True)
            (etc / "resolv.conf").write_text(resolv)
            (etc / "hosts").write_text("127.0.0.1 localhost\n")
            (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nshadow: files\n"
                                               "hosts: files dns\n")
            (etc / "passwd").write_text("\n".join(keep) + "\n")
            (etc / "group").write_text("\n".join(group) + "\n")
            (etc / "shadow").write_text("\n".join(shadow) + "\n")
            (etc / "shadow").chmod(0o600)

    def services(self):
        certs.make_all(self.work / "certs")
        self.dns()
        self.web()
        self.ssh()
        self.python("mail", "servers.py", "smtp", "0.0.0.0", 25)
        self.python("printer", "servers.py", "printer", "0.0.0.0", 9100)
        self.python("out", "servers.py", "smtp", SITE["mx.partner.example"][1], 25)
        self.python("out", "servers.py", "ntp", SITE["pool.ntp.example"][1], 123)
        self.python("out", "servers.py", "c2", C2_IP, 443, self.work / "certs/c2.pem")
        time.sleep(2)
        for child in self.children:
            if child.poll() is not None:
                raise RuntimeError(f"a service ended at once: {' '.join(child.args[4:])}, "
                                   f"see {self.work}/services.log")

    def dns(self):
        """The router forwards (and hands out DHCP); the outside knows the names."""
        common = ["dnsmasq", "-k", "-C", "/dev/null", "-u", "root", "-h", "-R", "--bind-interfaces",
                  "--log-facility=-"]
        # No cache, so that a look-up takes its way outside and keeps its TTL.
        gw = [*common, "-i", "br0", "--except-interface=lo", f"--server={DNS_UPSTREAM}", "-c", "0",
              "--pid-file=", f"--local=/{DOMAIN}/",
              "--dhcp-authoritative", "--no-ping", f"--dhcp-leasefile={self.work}/leases",
              f"--dhcp-range={LAN4}101,{LAN4}199,24h", f"--domain={DOMAIN}"]
        gw += [f"--dhcp-host={mac(h)},{lan4(h)},{h}" for h in BROWSERS]
        gw += [f"--host-record={n}.{DOMAIN},{lan4(h)}{',' + lan6(h) if h in DUAL_STACK else ''},3600"
               for n, h in LOCAL_NAMES.items() if n != "wiki"]
        gw += [f"--cname=wiki.{DOMAIN},intranet.{DOMAIN},3600",
               f"--mx-host={DOMAIN},mail.{DOMAIN},10", f"--rev-server={LAN4}0/24,{DNS_UPSTREAM}"]
        out = [*common, f"--listen-address={DNS_UPSTREAM}", "--pid-file=", "--local=/example/",
               "--local=/test/", "--local=/arpa/",
               "--mx-host=partner.example,mx.partner.example,10",
               "--txt-record=partner.example,v=spf1 mx -all"]
        out += [f"--host-record={n},{','.join(filter(None, (ip4, ip6)))},{ttl}"
                for n, ip4, ip6, _, _, ttl in SITES]
        out += [f"--cname={alias},{name},300" for alias, name in CNAMES]
        out += [f"--host-record={h}.{DOMAIN},{lan4(h)}" for h in HOSTS]
        self.spawn("gw", *gw)
        self.spawn("out", *out)

    def web(self):
        self.python("out", "servers.py", "app", "127.0.0.1", 9000)
        self.python("www", "servers.py", "app", "127.0.0.1", 9000)
        self.python("build", "servers.py", "app", "0.0.0.0", 8000)
        self.python("files", "servers.py", "app", "0.0.0.0", 8080)
        c = self.work / "certs"

        def server(listen, names, extra="", tls=None, protocols="TLSv1.2 TLSv1.3", h2=" http2"):
            lines = [f"listen {a}{f' ssl{h2}' if tls else ''};" for a in listen]
            if tls:
                lines += [f"ssl_certificate {c}/{tls}.crt;", f"ssl_certificate_key {c}/{tls}.key;",
                          f"ssl_protocols {protocols};"]
            return "server {\n  " + "\n  ".join(
                [*lines, f"server_name {names};",
                 extra or "location / { proxy_pass http://app; }"]) + "\n}\n"

        redirect = "return 301 https://$host$request_uri;"
        blocks = []
        for name, ip4, ip6, _, how, _ in SITES:
            http = [f"{ip4}:80"] + ([f"[{ip6}]:80"] if ip6 else [])
            https = [f"{ip4}:443"] + ([f"[{ip6}]:443"] if ip6 else [])
            if name == "img.cdn.example":
                names = f"{name} static.daily-news.example"
            elif name == "js.cdn.example":
                names = f"{name} assets.shop.example"
            else:
                names = name
            if how == "http" or name == "ocsp.ca.example":
                blocks.append(server(http, names))
            elif how in ("12", "13"):
                blocks.append(server(http, names, redirect))
                blocks.append(server(https, names, tls=name, h2=" http2" if how == "13" else "",
                                     protocols="TLSv1.2 TLSv1.3" if how == "13" else "TLSv1.2"))
            elif how == "c2":
                blocks.append(server(http, "_"))
            elif how == "drop":
                blocks.append(server([f"{DROP_IP}:443"], "_", tls="drop", h2=""))
        self.nginx("out", blocks)
        local = f"intranet.{DOMAIN} wiki.{DOMAIN} www.{DOMAIN} intranet wiki"
        self.nginx("www", [server(["80", "[::]:80"], local),
                           server(["443", "[::]:443"], local, tls="intranet")])
        self.nginx("printer", [server(["443"], "_", "return 200 'ready, toner 61%';",
                                      tls="printer", protocols="TLSv1.2", h2="")])

    def nginx(self, host, blocks):
        home = self.work / f"nginx-{host}"
        home.mkdir(exist_ok=True)
        temp = "".join(f"{t}_temp_path {home}/{t};\n" for t in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        # Runs as root: the directory is private, and the namespace is a sandbox.
        (home / "nginx.conf").write_text(
            f"user root; daemon off; worker_processes 1; pid {home}/pid;\nerror_log {home}/error.log;\n"
            "events { worker_connections 1024; }\nhttp {\naccess_log off; client_max_body_size 200m;\n"
            f"{temp}proxy_http_version 1.1; proxy_set_header Host $host; server_tokens off;\n"
            "server_names_hash_bucket_size 128; ssl_session_tickets on;\n"
            "upstream app { server 127.0.0.1:9000; keepalive 8; }\n" + "".join(blocks) + "}\n")
        self.spawn(host, "nginx", "-e", home / "error.log", "-c", home / "nginx.conf")

    def ssh(self):
        keys = self.work / "keys"
        keys.chmod(0o755)
        for name, kind in (("host_ed25519", "ed25519"), ("host_rsa", "rsa"), ("user", "ed25519"),
                           ("wrong", "ed25519")):
            run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "sample", "-f", keys / name)
        for user in ACCOUNTS:
            shutil.copy(keys / "user.pub", keys / f"{user}.authorized")
        config = self.work / "sshd_config"
        text = (f"HostKey {keys}/host_ed25519\nHostKey {keys}/host_rsa\nUsePAM no\nPidFile none\n"
                f"AuthorizedKeysFile {keys}/%u.authorized\nStrictModes no\nUseDNS no\n"
                "PasswordAuthentication yes\nKbdInteractiveAuthentication no\nMaxAuthTries 4\n"
                "MaxStartups 40\nSubsystem sftp internal-sftp\nPrintMotd no\n")
        config.write_text(text)
        # OpenSSH 9.8 and later lock out guessers; the sample wants them seen.
        probe = subprocess.run(["/usr/sbin/sshd", "-T", "-f", config, "-o",
                                "PerSourcePenalties=no"], capture_output=True)
        if probe.returncode == 0:
            config.write_text(text + "PerSourcePenalties no\n")
        # A private /var/log and /run: failed logins must not reach this
        # machine's btmp, and sshd wants its directory in /run.
        private = ("mount -t tmpfs tmpfs /var/log && mount -t tmpfs tmpfs /run && "
                   "mkdir /run/sshd && exec /usr/sbin/sshd -D -e -f \"$@\"")
        for host in ("files", "build"):
            self.spawn(host, "sh", "-c", private, "sshd", config)
        self.spawn("out", "sh", "-c", private, "sshd", config, "-o",
                   f"ListenAddress={SITE['git.forge.example'][1]}")

    # ---- capture ---------------------------------------------------------

    def capture(self, path):
        """Everything the bridge carries, as a mirror port would show it."""
        child = self.spawn("gw", "tcpdump", "-i", "br0", "-Z", "root", "-s", "0", "-B", "65536",
                           "-U", "-w", path)
        for _ in range(100):
            if Path(path).exists() and Path(path).stat().st_size >= 24:
                return child
            time.sleep(0.1)
        raise RuntimeError(f"tcpdump did not start, see {self.work}/services.log")
