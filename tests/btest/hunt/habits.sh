# @TEST-DOC: What breaks with habits is found and raised: a silent hour, more hosts, a lone resolver, long names, a rare type; offline it is the same.
#
# @TEST-REQUIRES: have zeek model
# @TEST-EXEC: make-habits habits.pcap
# @TEST-EXEC: zeek -C -D -r habits.pcap zeek-anomaly >/dev/null 2>&1
# @TEST-EXEC: zeek-cut kind host peer_host name <anomaly_behavior.log | grep -E 'off_hours_activity|fan_out_increase|unusual_dns_resolver|dns_long|dns_rare_type' | sort -u >findings
# @TEST-EXEC: btest-diff findings
# @TEST-EXEC: zeek-cut note sub <notice.log | sed 's/ score=.*//' | grep -E 'off_hours_activity|fan_out_increase|unusual_dns_resolver|dns_long|dns_rare_type' | sort -u >notices
# @TEST-EXEC: btest-diff notices
# @TEST-EXEC: zeek-cut kind id <anomaly_behavior.log | grep -v '^host' | sort -u >live
# @TEST-EXEC: $ZEEK_ANOMALY hunt -q --format jsonl conn.log dns.log >offline.jsonl
# @TEST-EXEC: python3 same.py
# @TEST-START-FILE same.py
import json

live = {tuple(l.split()) for l in open("live")}
offline = [f for f in map(json.loads, open("offline.jsonl")) if "score" in f]
offline = {(f["kind"], f["id"]) for f in offline if f["kind"] != "host"}
assert live == offline, (live ^ offline)
# @TEST-END-FILE
