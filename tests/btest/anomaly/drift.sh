# @TEST-DOC: A log that is not as it was in training is one notice, which says what changed; it can be switched off.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: bash %INPUT

set -x
zeek -D -C -r "$TRACES/http/get.pcap" || exit 1
mkdir train
cp conn.log train
# http.log of an older time: without the user agent.
zeek-cut -C $(grep '^#fields' http.log | cut -f 2- | tr '\t' '\n' | grep -v '^user_agent$') <http.log >train/http.log
$ZEEK_ANOMALY train -q -o small.zam train || exit 1
rm *.log

run() {
    rm -f *.log
    zeek -D -C -r "$TRACES/http/get.pcap" zeek-anomaly Anomaly::model_path=small.zam "$@" || exit 1
}

run
test "$(zeek-cut note <notice.log | grep -c Anomaly::Model_Drift)" -eq 1 || exit 1
zeek-cut note msg <notice.log | grep -q 'http is not as it was in training: user_agent: a new column (string), was not there' || exit 1

run Anomaly::drift_notices=F
test ! -e notice.log || ! zeek-cut note <notice.log | grep Anomaly:: || exit 1

# The column that this package adds itself is no change.
run zeek-anomaly/conn-score
test "$(zeek-cut note <notice.log | grep -c Anomaly::Model_Drift)" -eq 1
