# @TEST-DOC: The budget goes on after a restart on the same day: no finding is raised twice, no second budget; a warning says that damaged state is not used.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: bash %INPUT
# @TEST-EXEC: btest-diff facts

source facts.sh

run() {
    rm -f *.log
    replay-attack Anomaly::alerts_per_day=4.0 Anomaly::state_directory="$PWD/state" "$@" >output 2>stderr || exit 1
}

alerts() { echo $(($(notices) - $(notices Alert_Budget_Exceeded))); }
behaviors() { zeek-cut disposition finding <anomaly_behavior.log | sed -n "s/^$1\t//p" | sort -u; }

# Nothing is kept of behaviors, so they are found once more.
run
first=$(alerts)
behaviors raised >before
fact "there are alerts" test "$first" -ge 2 -a -s before
fact "the day is not over" test -z "$(zeek-cut msg <notice.log | grep 'alerts on 2026')"
(cd state && stat -c '%a %n' standalone.*) >>facts
cp state/standalone.alerts saved
rm state/standalone.state

run
behaviors raised >after
behaviors aggregated >aggregated
fact "none is raised twice" test -z "$(comm -12 before after)"
fact "what was raised is aggregated" test -n "$(comm -12 before aggregated)"
# The budget is used up: as much again would be a second one. (How far the attack exceeds it in the first run depends on
# when Zeek's events have their turn.)
fact "there is no second budget" test "$((2 * $(alerts)))" -le "$first"

# Without the files it is news again. (Which of many findings come within the budget depends on
# when Zeek's events have their turn.)
rm state/*
run
behaviors raised >again
fact "without state it is raised again" test -n "$(comm -12 before again)"

# Damaged: a warning, a fresh start, and a good file at the end.
rm state/*
head -c 100 saved >state/standalone.alerts
run
grep -o 'not using the saved state of alerts: .*/standalone.alerts: is damaged' stderr | sed "s|$PWD/||" >>facts
fact "there are alerts nevertheless" test "$(alerts)" -ge 2
fact "and a good file" test "$(wc -c <state/standalone.alerts)" -gt 100
echo something else >state/standalone.alerts
run
grep -o 'is not the saved state of a budget' stderr >>facts
