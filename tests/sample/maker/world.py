"""Who and what exists in the sample: hosts, people, sites, the calendar.

Everything here is plain data, so that the other modules agree on it. All
addresses are private or from the documentation ranges (RFC 5737, RFC 3849),
all names end in `.example` or `.test` (RFC 2606).
"""

import calendar

# The sample's calendar, in UTC: Monday to Thursday are ordinary, Friday is the
# attack day. The clock of the machine that makes the sample does not matter.
FIRST_DAY = calendar.timegm((2026, 3, 2, 0, 0, 0))
ORDINARY_DAYS = 4
ATTACK_DAY = ORDINARY_DAYS
DAY = 86400

NS_PREFIX = "zas-"  # every namespace of the sample is named with this
LAN4, LAN6 = "192.168.10.", "2001:db8:10::"

# Hosts of the office: name -> last octet of the address (and of the MAC).
# "gw" is the router: it forwards, answers DNS and DHCP, and is captured on.
SERVERS = {"gw": 1, "www": 10, "files": 11, "mail": 12, "build": 13, "printer": 20}
CLIENTS = {"ann": 101, "ben": 102, "cho": 103, "dee": 104,
           "eve": 105, "fay": 106, "gus": 107, "hal": 108}
HOSTS = {**SERVERS, **CLIENTS}
MAC_PREFIX = bytes([0x02, 0x00, 0xC0, 0xA8, 0x0A])


def lan4(host):
    return f"{LAN4}{HOSTS[host]}"


def lan6(host):
    return f"{LAN6}{HOSTS[host]}"


def mac(host):
    return ":".join(f"{b:02x}" for b in MAC_PREFIX + bytes([HOSTS[host]]))


# The outside. Per site: name, IPv4, IPv6 or None, round trip in ms, how it is
# served, and the DNS time to live.
#   "13"/"12"   HTTPS with TLS 1.3 / only up to 1.2, plain HTTP redirects to it
#   "http"      plain HTTP only
#   "none"      the name resolves; what listens there is set up elsewhere
# Sites with the same address share one server and are told apart by SNI.
SITES = [
    ("www.daily-news.example", "203.0.113.10", "2001:db8:cb::10", 18, "13", 300),
    ("search.example", "203.0.113.30", "2001:db8:cb::30", 11, "13", 300),
    ("img.cdn.example", "203.0.113.20", "2001:db8:cb::20", 9, "13", 60),
    ("js.cdn.example", "203.0.113.20", "2001:db8:cb::20", 9, "13", 60),
    ("fonts.cdn.example", "203.0.113.21", None, 10, "13", 60),
    ("video.stream.example", "203.0.113.40", None, 14, "13", 30),
    ("webmail.example", "203.0.113.31", None, 22, "13", 300),
    ("shop.example", "203.0.113.50", None, 35, "12", 3600),
    ("wiki.example", "203.0.113.51", None, 47, "13", 3600),
    ("www.railway.example", "203.0.113.52", None, 26, "http", 3600),
    ("weather.example", "203.0.113.54", None, 31, "http", 600),
    ("bank.example", "203.0.113.60", None, 24, "12", 3600),
    ("deb.mirror.example", "203.0.113.80", None, 12, "http", 900),
    ("update.vendor.example", "203.0.113.81", None, 16, "13", 120),
    ("connectivity.example", "203.0.113.82", None, 11, "http", 300),
    ("ocsp.ca.example", "203.0.113.83", None, 13, "http", 900),
    ("git.forge.example", "198.51.100.10", None, 92, "13", 300),
    ("chat.teamwork.example", "198.51.100.20", None, 28, "13", 60),
    ("docs.teamwork.example", "198.51.100.21", None, 28, "13", 60),
    ("drive.cloud.example", "198.51.100.30", None, 38, "13", 60),
    ("backup.cloud.example", "198.51.100.31", None, 38, "12", 60),
    ("metrics.app.example", "198.51.100.40", None, 88, "13", 60),
    ("payment.example", "198.51.100.41", None, 33, "12", 300),
    ("ads.adnet.example", "198.51.100.42", None, 41, "13", 60),
    ("mx.partner.example", "203.0.113.25", None, 29, "none", 3600),
    ("pool.ntp.example", "203.0.113.123", None, 15, "none", 150),
    # Nobody answers: one drops everything (S0), one refuses (REJ).
    ("old.partner.example", "198.51.100.200", None, 40, "none", 3600),
    ("legacy.vendor.example", "198.51.100.201", None, 40, "none", 3600),
    # The two outside hosts of the attack day.
    ("sync.edge-metrics.test", "198.51.100.77", None, 61, "c2", 60),
    ("u7.dropzone.test", "203.0.113.200", None, 64, "drop", 60),
]
CNAMES = [("static.daily-news.example", "img.cdn.example"),
          ("assets.shop.example", "js.cdn.example")]
SITE = {s[0]: s for s in SITES}
BLACKHOLE = "198.51.100.200"
C2_NAME, DROP_NAME = "sync.edge-metrics.test", "u7.dropzone.test"
C2_IP, DROP_IP = SITE[C2_NAME][1], SITE[DROP_NAME][1]
DNS_UPSTREAM = "203.0.113.53"

# Link between the router and the outside.
WAN_GW4, WAN_OUT4 = "192.0.2.1", "192.0.2.2"
WAN_GW6, WAN_OUT6 = "2001:db8:ff::1", "2001:db8:ff::2"


def round_trips():
    """Outside address -> round trip in seconds, for the link."""
    table = {DNS_UPSTREAM: 0.008}
    for _, ip4, ip6, rtt, _, _ in SITES:
        for ip in (ip4, ip6):
            if ip:
                table[ip] = rtt / 1000
    return table


# Names the office's own DNS answers.
LOCAL_NAMES = {"intranet": "www", "wiki": "www", "files": "files", "mail": "mail",
               "build": "build", "printer": "printer", "gw": "gw"}
DOMAIN = "office.example"
DUAL_STACK = ("gw", "www", "files")  # have an AAAA record, too

_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36"
BROWSERS = {
    "ann": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:135.0) Gecko/20100101 Firefox/135.0",
    "ben": "Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0",
    "cho": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Edg/133.0.0.0",
    "dee": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
           "(KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    "eve": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME}",
    "fay": f"Mozilla/5.0 (X11; Linux x86_64) {_CHROME}",
    "gus": "Mozilla/5.0 (iPad; CPU OS 18_3 like Mac OS X) AppleWebKit/605.1.15 "
           "(KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1",
    "hal": f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_CHROME}",
}
# Accounts that exist on the SSH servers of the sample (nowhere else).
ACCOUNTS = {"ann": 6101, "ben": 6102, "dee": 6104, "fay": 6106, "backup": 6120, "git": 6130}
