# @TEST-DOC: Where a script writes arp.log, a sweep and claims of another's address are found and raised; offline they are the same.
#
# @TEST-REQUIRES: have zeek model
# @TEST-EXEC: make-arp arp.pcap
# @TEST-EXEC: zeek -D -r arp.pcap arp.zeek zeek-anomaly >/dev/null 2>&1
# @TEST-EXEC: zeek-cut kind host basis update <anomaly_behavior.log >findings
# @TEST-EXEC: zeek-cut note sub src <notice.log | sed 's/ score=[^\t]*//' >notices
# @TEST-EXEC: btest-diff findings
# @TEST-EXEC: btest-diff notices
# @TEST-EXEC: zeek-cut kind id score <anomaly_behavior.log >live
# @TEST-EXEC: $ZEEK_ANOMALY hunt -q --format jsonl arp.log >offline.jsonl
# @TEST-EXEC: python3 same.py
# @TEST-START-FILE arp.zeek
module ARP;

export {
	redef enum Log::ID += { LOG };

	type Info: record {
		ts: time &log;
		operation: string &log;
		src_mac: string &log;
		dst_mac: string &log;
		orig_h: addr &log;
		resp_h: addr &log;
		orig_hw: string &log;
		resp_hw: string &log;
	};
}

event zeek_init()
	{
	Log::create_stream(LOG, [$columns=Info, $path="arp"]);
	}

function log_arp(operation: string, src: string, dst: string, SPA: addr, SHA: string, TPA: addr, THA: string)
	{
	Log::write(LOG, Info($ts=network_time(), $operation=operation, $src_mac=src, $dst_mac=dst,
	                     $orig_h=SPA, $resp_h=TPA, $orig_hw=SHA, $resp_hw=THA));
	}

event arp_request(mac_src: string, mac_dst: string, SPA: addr, SHA: string, TPA: addr, THA: string)
	{
	log_arp("request", mac_src, mac_dst, SPA, SHA, TPA, THA);
	}

event arp_reply(mac_src: string, mac_dst: string, SPA: addr, SHA: string, TPA: addr, THA: string)
	{
	log_arp("reply", mac_src, mac_dst, SPA, SHA, TPA, THA);
	}
# @TEST-END-FILE
# @TEST-START-FILE same.py
import json

live = {}
for line in open("live"):
    kind, finding, score = line.split()
    live[kind, finding] = float(score)
offline = {(f["kind"], f["id"]): f["score"] for f in map(json.loads, open("offline.jsonl")) if "score" in f}
kinds = sorted(kind for kind, _ in live)
assert kinds == ["arp_spoofing", "host", "host", "scan_arp"], kinds
# What grew after it was told for the last time is told at the end only.
for key, score in live.items():
    assert key[0] == "host" or offline[key] >= score - 1e-5, (key, offline, score)
# @TEST-END-FILE
