# @TEST-DOC: Where there is no model, one line says so and Zeek runs on.
#
# @TEST-REQUIRES: have zeek http/get.pcap
# @TEST-EXEC: unset ZEEK_ANOMALY_MODEL; zeek -C -r $TRACES/http/get.pcap zeek-anomaly Anomaly::model_path=/nowhere/model.zam >output 2>stderr
# @TEST-EXEC: test ! -s output && test $(wc -l <stderr) -eq 1
# @TEST-EXEC: grep -q 'no record is scored.*/nowhere/model.zam' stderr
# @TEST-EXEC: zeek-cut level message <reporter.log >reported
# @TEST-EXEC: test $(wc -l <reported) -eq 1 && grep -q 'Reporter::WARNING.*/nowhere/model.zam' reported
# @TEST-EXEC: test -s conn.log && test -s http.log && test ! -e anomaly.log
