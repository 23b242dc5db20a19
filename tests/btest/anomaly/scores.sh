# @TEST-DOC: Every record of the logs that the model knows gets a score, with all that anomaly.log promises.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly Anomaly::threshold=-1.0
# @TEST-EXEC: grep '^#fields' anomaly.log | tr '\t' '\n' | grep -v '^id.ctx' >columns
# @TEST-EXEC: btest-diff columns
# @TEST-EXEC: zeek-cut log id.orig_h id.resp_h id.resp_p local_orig local_resp peer <anomaly.log | sort >records
# @TEST-EXEC: btest-diff records
# @TEST-EXEC: zeek-cut score raw <anomaly.log | awk 'NF != 2 || $1 < 0 || $1 != $1 + 0 || $2 != $2 + 0 { exit 1 }'
# @TEST-EXEC: test "$(zeek-cut uid <conn.log)" = "$(zeek-cut uid <anomaly.log | sort -u)"
