# @TEST-DOC: anomaly.log is JSON where the site's logs are.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly Anomaly::threshold=-1.0 LogAscii::use_json=T
# @TEST-EXEC: python3 %INPUT

import json

with open("anomaly.log") as f:
    records = [json.loads(line) for line in f]

assert sorted(r["log"] for r in records) == ["conn", "files", "http"], records

for r in records:
    assert r["id.orig_h"] == "141.142.228.5" and r["id.resp_p"] == 80
    assert isinstance(r["score"], (int, float)) and isinstance(r["reasons"], list)
