# @TEST-DOC: Bare mode works: the plugin is named, and brings what it needs.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: zeek-trace http/get.pcap -b Anomaly::Engine zeek-anomaly base/protocols/conn base/protocols/http Anomaly::threshold=-1.0
# @TEST-EXEC: zeek-cut log <anomaly.log | sort >logs
# @TEST-EXEC: btest-diff logs
