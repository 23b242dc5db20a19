# @TEST-DOC: A model that changes, or is named by an option, is taken while Zeek runs; a warning says that one cannot be used, and the current one stays.
#
# @TEST-REQUIRES: have zeek model
# @TEST-EXEC: bash %INPUT

set -x

make-model || exit 1
cp "$ZEEK_ANOMALY_MODEL" one.zam && cp one.zam good.zam && head -c 1000 one.zam >bad.zam

cat >swap.zeek <<'END'
redef Anomaly::model_check_interval = 1sec;
redef Anomaly::threshold = -1.0;
redef exit_only_after_terminate = T;
redef Anomaly::detect_behaviors = F;

global step = 0;

function odd_record(): count
	{
	local id = conn_id($orig_h=10.0.0.1, $orig_p=1/tcp, $resp_h=10.0.0.2, $resp_p=2/tcp);
	Log::write(Conn::LOG, Conn::Info($ts=network_time(), $uid=fmt("Cstep%d", step), $id=id, $proto=tcp,
	                                 $conn_state="SF"));
	return step;
	}

event Anomaly::log_anomaly(rec: Anomaly::Info)
	{
	print fmt("scored %s", rec$uid);
	}

event change(to: string)
	{
	system(fmt("cp %s new.zam && mv new.zam one.zam", to));
	}

# The old model goes on.
event still_scored()
	{
	++step;
	odd_record();
	}

event finish()
	{
	terminate();
	}

event Anomaly::model_changed(path: string)
	{
	print fmt("changed to %s", path);
	++step;
	odd_record();

	if ( step == 1 )
		{
		# A bad file, and then another name.
		event change("bad.zam");
		schedule 6sec { still_scored() };
		}
	else
		schedule 1sec { finish() };
	}

event other_name()
	{
	print "another name";
	Config::set_value("Anomaly::model_path", "good.zam");
	}

event zeek_init()
	{
	# Nothing to score with yet.
	odd_record();
	schedule 60sec { finish() };
	schedule 2sec { change("good.zam") };
	schedule 12sec { other_name() };
	}
END

rm one.zam
zeek -D zeek-anomaly ./swap.zeek Anomaly::model_path=one.zam >output 2>stderr || exit 1
cat output
cat >wanted <<'END'
changed to one.zam
scored Cstep1
scored Cstep2
another name
changed to good.zam
scored Cstep3
END
diff wanted output || exit 1
test "$(grep -c 'keeping the current model: one.zam: is damaged' stderr)" -eq 1 || exit 1
zeek-cut level message <reporter.log | grep -q 'INFO.*another model is used from now on: good.zam'
