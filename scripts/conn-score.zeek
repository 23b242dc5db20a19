##! Adds the score of each connection to ``conn.log``, as the column
##! ``anomaly_score``. It is filled in when the line is written, so events and
##! policy hooks do not see it. Exemptions do not empty it; it is empty where
##! there is no model.

@load ./main
@load base/protocols/conn

redef record Conn::Info += {
	## How unusual the connection is. See :zeek:see:`Anomaly::Info`.
	anomaly_score: double &log &optional;
};
