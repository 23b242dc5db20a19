# @TEST-DOC: What takes time to see shares the budget of alerts, or not, by an option.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: bash %INPUT

set -x

notices() {
    test -e notice.log && zeek-cut note <notice.log | grep -c '^Anomaly::.*\(Scan\|Beacon\|Risk\)'
}

# Few: the first ones are raised, the rest is held back or below.
replay-attack Anomaly::alerts_per_day=1.0 >output 2>stderr || exit 1
zeek-cut alert <anomaly_behavior.log | sort | uniq -c >fates
grep -q ' alert$' fates && grep -q ' counted$' fates || exit 1
test "$(notices)" -eq "$(zeek-cut alert <anomaly_behavior.log | grep -c '^alert$')" || exit 1
test "$(zeek-cut finding alert <anomaly_behavior.log | grep -c 'alert$')" -eq \
    "$(zeek-cut finding alert <anomaly_behavior.log | grep 'alert$' | sort -u | wc -l)" || exit 1
few=$(notices)

# Left out of it: all are raised, and no finding is part of a budget.
rm -f *.log
replay-attack Anomaly::alerts_per_day=1.0 Anomaly::alert_behaviors=F >output 2>stderr || exit 1
test "$(notices)" -gt "$few" || exit 1
test "$(zeek-cut alert <anomaly_behavior.log | sort -u)" = "-" || exit 1

# Without a model it has a budget just the same.
rm -f *.log
replay-attack Anomaly::alerts_per_day=1.0 Anomaly::model_path=/nowhere >output 2>stderr || exit 1
test ! -e anomaly.log && test "$(notices)" -le 6 || exit 1
zeek-cut alert <anomaly_behavior.log | grep -q '^alert$'
