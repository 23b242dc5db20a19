# @TEST-DOC: Behaviors share the alert budget, or not, by an option.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: bash %INPUT
# @TEST-EXEC: btest-diff facts

source facts.sh

of_behaviors() { zeek-cut sub <notice.log | grep -c '^kind='; }
raised() { zeek-cut disposition finding <anomaly_behavior.log | grep '^raised'; }

# Few: the first ones are raised, the rest is suppressed or below the threshold.
replay-attack Anomaly::alerts_per_day=1.0 >output 2>stderr || exit 1
fact "some are raised" grep -qx raised <(values anomaly_behavior disposition)
fact "some are aggregated" grep -qx aggregated <(values anomaly_behavior disposition)
fact "one notice for each that is raised" test "$(of_behaviors)" -eq "$(raised | wc -l)"
fact "no finding is raised twice" test -z "$(raised | sort | uniq -d)"
few=$(of_behaviors)

# Left out of it: all are raised, and no finding is part of a budget.
rm -f *.log
replay-attack Anomaly::alerts_per_day=1.0 Anomaly::alert_behaviors=F >output 2>stderr || exit 1
fact "without the budget there are more" test "$(of_behaviors)" -gt "$few"
{ echo "without the budget:"; values anomaly_behavior disposition; } >>facts

# Without a model they have a budget just the same.
rm -f *.log
replay-attack Anomaly::alerts_per_day=1.0 Anomaly::model_path=/nowhere >output 2>stderr || exit 1
fact "without a model nothing is scored" test ! -e anomaly.log
fact "and there is a budget" test "$(of_behaviors)" -le 6
fact "and some are raised" grep -qx raised <(values anomaly_behavior disposition)
