# @TEST-DOC: With conn-score, conn.log has the score of every connection, the same that anomaly.log has.
#
# @TEST-REQUIRES: have zeek model workshop_2011_browse.pcap
# @TEST-EXEC: zeek-trace workshop_2011_browse.pcap zeek-anomaly zeek-anomaly/conn-score Anomaly::threshold=-1.0
# @TEST-EXEC: zeek-cut uid anomaly_score <conn.log | sort >conns
# @TEST-EXEC: zeek-cut log uid score <anomaly.log | sed -n 's/^conn\t//p' | sort >anomalies
# @TEST-EXEC: test -s conns && diff conns anomalies
# @TEST-EXEC: mv anomaly.log with.log; zeek-trace workshop_2011_browse.pcap zeek-anomaly Anomaly::threshold=-1.0
# @TEST-EXEC: zeek-cut log uid score <anomaly.log >a; zeek-cut log uid score <with.log >b; diff a b
