# @TEST-DOC: What is known of hosts survives a restart, under a secret seed; a warning says that damaged state is not used.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: bash %INPUT
# @TEST-EXEC: btest-diff facts

source facts.sh

run() {
    rm -f *.log
    zeek -D -r "$1" zeek-anomaly Anomaly::state_directory="$PWD/state" >output 2>&1 || exit 1
}

make-scan half.pcap 4
make-scan whole.pcap 10
run half.pcap
fact "half a scan is no finding" test ! -e anomaly_behavior.log
(cd state && stat -c '%a %n' standalone.s*) >>facts
fact "the seed is not 0" grep -qE '^[0-9a-f]{16}$' <(grep -v '^0*$' state/standalone.seed)
cp state/standalone.state saved
cp state/standalone.seed seed

run whole.pcap
values anomaly_behavior kind >>facts
fact "the seed stays" diff seed state/standalone.seed

head -c 100 saved >state/standalone.state
run half.pcap
fact "a warning says that it is damaged" grep -q 'not using the saved state of hosts: .*/standalone.state: ' output
fact "and a good file is written" test "$(wc -c <state/standalone.state)" -gt 100

rm state/standalone.seed
run half.pcap
fact "a warning says that the seed is gone" grep -q 'the seed of .*/standalone.state is gone' output
