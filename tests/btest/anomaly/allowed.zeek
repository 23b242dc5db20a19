# @TEST-DOC: What the allowlist covers is not reported as an anomaly: a host, and a whole connection by the name that it asked for.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: echo 10.9.9.9 >allow
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly %INPUT
# @TEST-EXEC: test "$(zeek-cut log <anomaly.log | sort | tr '\n' ' ')" = "conn files http "
# @TEST-EXEC: rm anomaly.log
# @TEST-EXEC: echo bro.org >allow
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly %INPUT
# @TEST-EXEC: test ! -e anomaly.log || zeek-cut log <anomaly.log >left
# @TEST-EXEC: test ! -e left || ! grep -qE 'conn|http' left
# @TEST-EXEC: rm -f anomaly.log
# @TEST-EXEC: echo 141.142.228.5 >allow
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly %INPUT
# @TEST-EXEC: test ! -e anomaly.log

redef Anomaly::threshold = -1.0;
redef Anomaly::allow_file = "allow";
