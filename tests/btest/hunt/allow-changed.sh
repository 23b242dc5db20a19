# @TEST-DOC: An allowlist that changes while Zeek runs is used at once; a warning says that one with a mistake is not, and the current one stays.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: bash %INPUT

set -x

cat >changed.zeek <<'END'
redef exit_only_after_terminate = T;
redef Anomaly::allow_file = "allow";

# A host tries one port of many, all of which refuse.
event scan(by: addr)
	{
	local hosts = vector(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20);

	for ( i, h in hosts )
		{
		local id = conn_id($orig_h=by, $orig_p=count_to_port(40000 + i, tcp),
		                   $resp_h=to_addr(fmt("10.0.1.%d", h)), $resp_p=22/tcp);
		Log::write(Conn::LOG, Conn::Info($ts=network_time(), $uid=fmt("C%s%d", by, i), $id=id, $proto=tcp,
		                                 $duration=1msec, $conn_state="REJ"));
		}
	}

event Anomaly::log_behavior(rec: Anomaly::Behavior)
	{
	print rec$kind, rec$host;
	}

event allow(line: string)
	{
	system(fmt("echo '%s' >new && mv new allow", line));
	}

event finish()
	{
	terminate();
	}

event zeek_init()
	{
	event scan(10.0.0.5);
	schedule 1sec { allow("10.0.0.6") };
	schedule 5sec { scan(10.0.0.6) };
	schedule 6sec { allow("10.0.0.0/99") };
	schedule 10sec { scan(10.0.0.6) };
	schedule 11sec { allow("10.0.0.8") };
	schedule 15sec { scan(10.0.0.6) };
	schedule 18sec { finish() };
	}
END

echo 10.0.0.7 >allow
zeek -D zeek-anomaly ./changed.zeek >output 2>stderr || exit 1
grep -q 'scan_horizontal, 10.0.0.5' output || exit 1
# Found as soon as the list does not cover it any more, and not before.
grep -q 'scan_horizontal, 10.0.0.6' output || exit 1
test "$(zeek-cut host records <anomaly_behavior.log | awk '$1 == "10.0.0.6" && $2 > 20' | wc -l)" -eq 0 || exit 1
test "$(grep -c 'keeping the current allowlist' stderr)" -eq 1
