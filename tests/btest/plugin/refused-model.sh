# @TEST-DOC: A damaged model is refused in one line, and Zeek runs on.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: make-model
# @TEST-EXEC: head -c 1000 $ZEEK_ANOMALY_MODEL >cut.zam
# @TEST-EXEC: head -c 5000 /dev/zero >zeros.zam
# @TEST-EXEC: : >empty.zam
# @TEST-EXEC: for m in cut zeros empty; do zeek -C -r $TRACES/http/get.pcap zeek-anomaly Anomaly::model_path=$m.zam 2>stderr.$m && test $(wc -l <stderr.$m) -eq 1 && grep 'no record is scored' stderr.$m && test -s conn.log && test $(zeek-cut message <reporter.log | wc -l) -eq 1 || exit 1; rm *.log; done
