# @TEST-DOC: All other logs are the same with and without the plugin, byte for byte.
#
# @TEST-REQUIRES: have zeek model wikipedia.pcap smtp.pcap ftp/ipv6.pcap
# @TEST-EXEC: bash %INPUT

for trace in wikipedia.pcap smtp.pcap ftp/ipv6.pcap; do
    for json in F T; do
        rm -rf without with && mkdir without with
        (cd without && env -u ZEEK_PLUGIN_PATH zeek -D -C -r "$TRACES/$trace" "$FILES/policies.zeek" LogAscii::use_json=$json) || exit 1
        (cd with && zeek-trace "$trace" "$FILES/policies.zeek" zeek-anomaly LogAscii::use_json=$json \
            Anomaly::threshold=-1.0 Anomaly::notice_threshold=1000.0 \
            Anomaly::alerts_per_day=0.0 Anomaly::drift_notices=F \
            Anomaly::behavior_notice_score=1000.0) || exit 1
        test -s with/anomaly.log || exit 1

        # These tell about this very run of Zeek: its time, its scripts, its memory.
        rm -f with*/{anomaly,anomaly_behavior,packet_filter,loaded_scripts,stats,telemetry*}.log
        rm -f without/{packet_filter,loaded_scripts,stats,telemetry*}.log
        sed -i '/^#open/d; /^#close/d' with/*.log without/*.log
        diff -r without with || exit 1
    done
done
