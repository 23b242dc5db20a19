# @TEST-DOC: A scan is found without a model, logged with its evidence, raised once, and offline it is the same.
#
# @TEST-REQUIRES: have zeek model
# @TEST-EXEC: make-scan scan.pcap
# @TEST-EXEC: zeek -D -r scan.pcap zeek-anomaly >/dev/null 2>&1
# @TEST-EXEC: zeek-cut kind stage host basis records update <anomaly_behavior.log >findings
# @TEST-EXEC: zeek-cut note sub src n <notice.log | sed 's/ score=.* stage=/ stage=/' >notices
# @TEST-EXEC: btest-diff findings
# @TEST-EXEC: btest-diff notices
# @TEST-EXEC: zeek-cut id score <anomaly_behavior.log | tail -n 1 >live
# @TEST-EXEC: $ZEEK_ANOMALY hunt -q --kind scan_horizontal --format jsonl conn.log >offline.jsonl
# @TEST-EXEC: python3 same.py
# @TEST-START-FILE same.py
import json

live_id, live_score = open("live").read().split()
(offline,) = [f for f in map(json.loads, open("offline.jsonl")) if "score" in f]
assert offline["id"] == live_id, (offline, live_id)
assert abs(offline["score"] - float(live_score)) < 1e-5, (offline, live_score)
# @TEST-END-FILE
