# @TEST-DOC: The budget goes on after a restart on the same day: no finding is raised twice, no second budget; damaged state is said and not used.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: bash %INPUT

set -x

run() {
    rm -f *.log
    replay-attack Anomaly::alerts_per_day=4.0 Anomaly::state_directory="$PWD/state" "$@" >output 2>stderr || exit 1
}

alerts() {
    if test -e notice.log; then
        zeek-cut note <notice.log | grep '^Anomaly::' | grep -vc Budget
    else
        echo 0
    fi
}

# Nothing is kept of what takes time to see, so it is found once more.
run
first=$(alerts)
test "$first" -ge 2 && test -s state/standalone.alerts || exit 1
zeek-cut alert finding <anomaly_behavior.log | grep '^alert' | sort >before
test -s before || exit 1
# The day is not over, so nothing is told of it yet.
zeek-cut msg <notice.log | grep -q 'alerts on 2026' && exit 1
cp state/standalone.alerts saved
rm state/standalone.state

run
zeek-cut alert finding <anomaly_behavior.log | grep '^alert' | sort >after
test -z "$(comm -12 before after)" || exit 1
zeek-cut alert finding <anomaly_behavior.log | grep '^counted' | cut -f 2 | sort -u >counted
test "$(cut -f 2 before | comm -12 - counted | wc -l)" -ge 1 || exit 1
# The budget is used up: as much again would be a second one. (How far the attack exceeds it in the first run depends on
# when Zeek's events have their turn.)
test "$((2 * $(alerts)))" -le "$first" || exit 1

# Without the file it is news again. (Which of many findings come within the budget depends on
# when Zeek's events have their turn.)
rm state/*
run
zeek-cut alert finding <anomaly_behavior.log | grep '^alert' | sort >again
test -n "$(comm -12 before again)" || exit 1

# Damaged: said, a fresh start, and a good file at the end.
rm state/*
head -c 100 saved >state/standalone.alerts
run
grep -q 'what was known of alerts is not used: .*/standalone.alerts: is damaged' stderr || exit 1
test "$(alerts)" -ge 2 && test "$(wc -c <state/standalone.alerts)" -gt 100 || exit 1
echo something else >state/standalone.alerts
run
grep -q 'is not the saved state of a budget' stderr || exit 1
