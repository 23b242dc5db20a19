# @TEST-DOC: A model that was trained on logs of another Zeek is used, and that is said; patch releases do not matter.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: zeek -C -r $TRACES/http/get.pcap
# @TEST-EXEC: $ZEEK_ANOMALY train --zeek-version 6.0.1 -o other.zam conn.log http.log
# @TEST-EXEC: $ZEEK_ANOMALY train --zeek-version $(zeek-config --version | cut -d . -f 1-2).99 -o same.zam conn.log http.log
# @TEST-EXEC: rm *.log; zeek -C -r $TRACES/http/get.pcap zeek-anomaly Anomaly::model_path=same.zam Anomaly::threshold=-1.0 2>same.err
# @TEST-EXEC: test ! -s same.err && test ! -e reporter.log && test -s anomaly.log
# @TEST-EXEC: rm *.log; zeek -C -r $TRACES/http/get.pcap zeek-anomaly Anomaly::model_path=other.zam Anomaly::threshold=-1.0 2>other.err
# @TEST-EXEC: grep -q 'trained on logs of Zeek 6.0.1' other.err && test $(zeek-cut message <reporter.log | wc -l) -eq 1 && test -s anomaly.log
