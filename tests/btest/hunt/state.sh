# @TEST-DOC: What is known of hosts survives a restart; state that is damaged is said and not used.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: make-scan half.pcap 4
# @TEST-EXEC: make-scan whole.pcap 10
# @TEST-EXEC: zeek -D -r half.pcap zeek-anomaly Anomaly::state_directory=$PWD/state >/dev/null 2>&1
# @TEST-EXEC: test ! -e anomaly_behavior.log && test -s state/standalone.state
# @TEST-EXEC: cp state/standalone.state saved
# @TEST-EXEC: zeek -D -r whole.pcap zeek-anomaly Anomaly::state_directory=$PWD/state >/dev/null 2>&1
# @TEST-EXEC: zeek-cut uids <anomaly_behavior.log | head -n 1 | tr , '\n' | wc -l >uids
# @TEST-EXEC: test $(zeek-cut kind <anomaly_behavior.log | grep -c scan_horizontal) -ge 1
# @TEST-EXEC: head -c 100 saved >state/standalone.state
# @TEST-EXEC: zeek -D -r half.pcap zeek-anomaly Anomaly::state_directory=$PWD/state >output 2>&1
# @TEST-EXEC: grep -q 'what was known of hosts is not used' output
# @TEST-EXEC: test $(wc -c <state/standalone.state) -gt 100
