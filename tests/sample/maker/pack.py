"""Runs Zeek over the two captures, keeps the logs that matter, labels them."""

import csv
import gzip
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "sample.zeek"
PROTOCOL = {"tcp": 6, "udp": 17}
# About Zeek itself, or about its run, not about the network.
DROPPED = ("loaded_scripts", "packet_filter", "stats", "reporter", "capture_loss", "analyzer",
           "telemetry", "telemetry_histogram", "cluster", "broker", "print", "config", "known_hosts",
           "known_services", "known_certs")


def find_zeek():
    """The zeek beside zeek-config on the PATH, else the usual place."""
    config = shutil.which("zeek-config")
    if config:
        prefix = subprocess.run([config, "--prefix"], capture_output=True, text=True).stdout.strip()
        if prefix and Path(prefix, "bin/zeek").exists():
            return f"{prefix}/bin/zeek"
    found = shutil.which("zeek") or "/opt/zeek/bin/zeek"
    return found if Path(found).exists() else None


def hex_string(data):
    return "".join(f"\\x{b:02X}" for b in data)


def run_zeek(zeek, capture, directory, root_der):
    """Zeek trusts the sample's authority, as it would trust a public one."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    extra = directory / "root.zeek"
    extra.write_text('redef SSL::root_certs += { ["CN=Sample Root CA,O=Sample Trust,C=CH"] = "'
                     + hex_string(root_der) + '" };\n')
    # -D: no random seeds, so the same capture gives the same uids.
    subprocess.run([zeek, "-D", "-r", str(capture), str(SCRIPT), str(extra)], cwd=directory, check=True,
                   env={**os.environ, "TZ": "UTC"})


def rows(path):
    """Rows of a Zeek TSV log as dicts."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as log:
        fields = []
        for line in log:
            if line.startswith("#fields"):
                fields = line.rstrip("\n").split("\t")[1:]
            elif not line.startswith("#"):
                yield dict(zip(fields, line.rstrip("\n").split("\t")))


def pack(directory, target):
    """Copies the logs, compressed; returns {log: rows}."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    counts = {}
    for log in sorted(directory.glob("*.log")):
        if log.stem in DROPPED:
            continue
        # #open and #close say when Zeek ran, which would differ each time.
        text = re.sub(rb"(?m)^(#(?:open|close)\t).*$", rb"\g<1>2026-03-07-00-00-00", log.read_bytes())
        counts[log.stem] = sum(not line.startswith(b"#") for line in text.splitlines())
        # No name and no time in the header, as `gzip -n` does.
        with open(target / (log.name + ".gz"), "wb") as raw, \
                gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
            out.write(text)
    return counts


def label(logs, flows, target):
    """labels.csv: the uids of the attack day's connections that are attacks.

    A connection is an attack's when its addresses and ports are those of a
    flow that the attack opened, and it began within a second of it.
    """
    wanted = {}
    for name, protocol, src, sport, dst, dport, when in flows:
        wanted.setdefault((protocol, src, sport, dst, dport), []).append((when, name))
    labels = {}
    for row in rows(logs / "conn.log.gz"):
        key = (PROTOCOL.get(row["proto"]), row["id.orig_h"], int(row["id.orig_p"]),
               row["id.resp_h"], int(row["id.resp_p"]))
        for when, name in wanted.get(key, ()):
            if abs(float(row["ts"]) - when) < 1:
                labels[row["uid"]] = name
    with open(target, "w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("uid", "label"))
        writer.writerows(sorted(labels.items(), key=lambda item: (item[1], item[0])))
    return labels


def pack_all(work, out):
    zeek = find_zeek()
    if not zeek:
        raise SystemExit("make: no Zeek: put zeek-config on the PATH, or Zeek in /opt/zeek")
    root_der = subprocess.run(["openssl", "x509", "-in", work / "certs/root.crt", "-outform", "DER"],
                              check=True, capture_output=True).stdout
    for part in ("ordinary", "attack"):
        run_zeek(zeek, work / f"{part}.pcap", work / f"zeek-{part}", root_der)
        counts = pack(work / f"zeek-{part}", out / "logs" / part)
        size = sum(f.stat().st_size for f in (out / "logs" / part).iterdir())
        print(f"{part}: {size / 1024:.0f} KiB compressed,",
              ", ".join(f"{name} {n}" for name, n in sorted(counts.items())))
    flows = json.loads((work / "attack-flows.json").read_text())
    labels = label(out / "logs/attack", flows, out / "labels.csv")
    print(f"labels: {len(labels)} uids for {len(flows)} flows of attacks")
