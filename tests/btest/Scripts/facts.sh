# Sourced by tests written in bash: what is so, and what is not, is compared with a baseline.

# fact TEXT COMMAND...: notes whether the command succeeds.
fact() {
    local text=$1
    shift
    if "$@" >>fact.out 2>&1; then echo "yes: $text"; else echo "NO: $text"; fi >>facts
}

# note TYPE...: how many notices there are of these types of this package (all without a type).
notices() {
    test -e notice.log || { echo 0; return; }
    zeek-cut note <notice.log | grep -cE "^Anomaly::(${1:-.*})$"
}

# values LOG COLUMN...: the values of columns that a log has, each once.
values() {
    local log=$1
    shift
    test -e "$log.log" && zeek-cut "$@" <"$log.log" | sort -u
}
