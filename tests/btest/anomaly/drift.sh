# @TEST-DOC: A log that differs from training is one notice, which says what differs; it can be switched off.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: bash %INPUT
# @TEST-EXEC: btest-diff facts

source facts.sh

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
    notices Model_Drift >>facts
}

run
zeek-cut msg <notice.log | grep -o 'http differs from training: user_agent: a new column (string), was not there' >>facts

run Anomaly::drift_notices=F

# The column that this package adds itself is no change.
run zeek-anomaly/conn-score
