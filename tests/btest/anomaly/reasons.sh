# @TEST-DOC: What is reported says why: the feature, its value, what is usual, and its share.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly Anomaly::threshold=-1.0 LogAscii::use_json=T
# @TEST-EXEC: grep '"log":"http"' anomaly.log | grep -E '"reasons":\["[^"]+=[^"]* \(usual [^"]+\) [0-9]+%"'
