# @TEST-DOC: Addresses, networks, ports and domains can be exempted, and others are still reported.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: bash %INPUT

logs_with() {
    rm -f anomaly.log
    zeek-trace http/get.pcap zeek-anomaly Anomaly::threshold=-1.0 "$@" || exit 1
    test -e anomaly.log && zeek-cut log <anomaly.log | sort | tr '\n' ' '
}

set -x
test "$(logs_with)" = "conn files http "
test "$(logs_with 'Anomaly::exempt_addresses=[192.150.187.43]')" = "" || exit 1
test "$(logs_with 'Anomaly::exempt_addresses=[192.150.187.44]')" = "conn files http " || exit 1
test "$(logs_with 'Anomaly::exempt_networks=[141.142.0.0/16]')" = "" || exit 1
test "$(logs_with 'Anomaly::exempt_ports=[80/tcp]')" = "" || exit 1
test "$(logs_with 'Anomaly::exempt_ports=[80/udp]')" = "conn files http " || exit 1

for domain in bro.org org; do
    echo "redef Anomaly::exempt_domains += { \"$domain\" };" >exempt.zeek
    test "$(logs_with ./exempt.zeek)" = "conn files " || exit 1
done

echo 'redef Anomaly::exempt_domains += { "ro.org", "www.bro.org" };' >exempt.zeek
test "$(logs_with ./exempt.zeek)" = "conn files http " || exit 1
