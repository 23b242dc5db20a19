# @TEST-DOC: What the allowlist or an exemption covers is not reported; with a mistake in a list or a setting, a warning says so and no behavior is detected.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: make-scan scan.pcap
# @TEST-EXEC: echo 10.0.0.5 >allow
# @TEST-EXEC: zeek -D -r scan.pcap zeek-anomaly Anomaly::allow_file=$PWD/allow >/dev/null 2>&1
# @TEST-EXEC: test -s conn.log && test ! -e anomaly_behavior.log
# @TEST-EXEC: zeek -D -r scan.pcap zeek-anomaly 'Anomaly::exempt_networks={10.0.0.0/24}' >/dev/null 2>&1
# @TEST-EXEC: test ! -e anomaly_behavior.log
# @TEST-EXEC: zeek -D -r scan.pcap zeek-anomaly 'Anomaly::ignored_kinds={"scan_horizontal"}' >/dev/null 2>&1
# @TEST-EXEC: test ! -e anomaly_behavior.log
# @TEST-EXEC: zeek -D -r scan.pcap zeek-anomaly Anomaly::detect_behaviors=F >/dev/null 2>&1
# @TEST-EXEC: test ! -e anomaly_behavior.log
# @TEST-EXEC: echo 10.0.0.0/99 >allow
# @TEST-EXEC: zeek -D -r scan.pcap zeek-anomaly Anomaly::allow_file=$PWD/allow >output 2>&1
# @TEST-EXEC: grep -q 'no behavior is detected' output
# @TEST-EXEC: zeek -D -r scan.pcap zeek-anomaly 'Anomaly::behavior_settings={["scan.threshold"]=-1.0}' >output 2>&1
# @TEST-EXEC: grep -q 'scan.threshold should be from' output
