# @TEST-DOC: A long connection is found while it is still open, and again when it has lasted twice as long.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: make-scan open.pcap --open 9000
# @TEST-EXEC: zeek -D -r open.pcap zeek-anomaly Anomaly::behavior_open_after=1hr 'Anomaly::behavior_settings={["connection.hours"]=1.0,["connection.unknown"]=1.0}' >/dev/null 2>&1
# @TEST-EXEC: zeek-cut kind host peer_host peer_port reasons <anomaly_behavior.log | cut -d, -f1 >findings
# @TEST-EXEC: btest-diff findings
# @TEST-EXEC: zeek -D -r open.pcap zeek-anomaly Anomaly::behavior_open_after=0sec 'Anomaly::behavior_settings={["connection.hours"]=1.0,["connection.unknown"]=1.0}' >/dev/null 2>&1
# @TEST-EXEC: zeek-cut kind <anomaly_behavior.log | wc -l | grep -qx ' *1'
