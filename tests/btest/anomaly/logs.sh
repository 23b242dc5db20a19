# @TEST-DOC: The site chooses which logs are reported.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: echo 'redef Anomaly::logs += { "http", "conn" };' >some.zeek
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly Anomaly::threshold=-1.0 ./some.zeek
# @TEST-EXEC: test "$(zeek-cut log <anomaly.log | sort | tr '\n' ' ')" = "conn http "
# @TEST-EXEC: echo 'redef Anomaly::ignored_logs += { "http" };' >most.zeek
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly Anomaly::threshold=-1.0 ./most.zeek
# @TEST-EXEC: test "$(zeek-cut log <anomaly.log | sort | tr '\n' ' ')" = "conn files "
