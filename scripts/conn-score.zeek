##! Adds the score of each connection to ``conn.log``, as the column
##! ``anomaly_score``. It is empty for connections that are exempt and where
##! there is no model. Load it after, or instead of, the package itself.

@load ./main

module Anomaly;

redef record Conn::Info += {
	## How unusual the connection is. See :zeek:see:`Anomaly::Info`.
	anomaly_score: double &log &optional;
};

# After the handlers that veto.
hook Log::log_stream_policy(rec: any, id: Log::ID) &priority=-10
	{
	if ( id != Conn::LOG )
		return;

	local score = __score(rec);

	if ( score < 0.0 || ! hook score_policy(rec, id) )
		return;

	local conn = rec as Conn::Info;

	if ( ! is_exempt(Info($ts=conn$ts, $id=conn$id, $log="conn", $score=score, $raw=0.0, $detector="")) )
		conn$anomaly_score = score;
	}
