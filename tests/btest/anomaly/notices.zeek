# @TEST-DOC: Notices name the connection and a severity, repeat none, and are not scored themselves.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly %INPUT Anomaly::threshold=-1.0 Anomaly::notice_threshold=-1.0 Anomaly::alerts_per_day=0.0 >conns
# @TEST-EXEC: zeek-cut note src dst p <notice.log | sort >notices
# @TEST-EXEC: btest-diff notices
# @TEST-EXEC: test $(zeek-cut sub <notice.log | grep -cE '^log=[a-z]+ score=[0-9.]+ severity=(low|medium|high|critical) detector=[^ ]+ feature=[^ ]+$') -eq 3
# @TEST-EXEC: test "$(zeek-cut uid <notice.log | sort -u)" = "$(zeek-cut uid <conn.log)"
# @TEST-EXEC: ! zeek-cut log <anomaly.log | grep notice
# @TEST-EXEC: btest-diff conns

hook Notice::policy(n: Notice::Info) &priority=-10
	{
	print n$note, n?$conn, n?$identifier, n$id$resp_p;
	}
