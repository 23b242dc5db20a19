# Writes the records of conn.log of a directory once more, as if this Zeek had seen the
# connections, and ends. Events of other scripts have their turn in between.

module Replay;

export {
	# Where the log is.
	const dir = "replay" &redef;
}

event line(d: Input::EventDescription, t: Input::Event, rec: Conn::Info)
	{
	Log::write(Conn::LOG, rec);
	}

event Input::end_of_data(name: string, source: string)
	{
	if ( name == "replay" )
		terminate();
	}

event zeek_init() &priority=-20
	{
	Input::add_event([$source=fmt("%s/conn.log", dir), $name="replay", $fields=Conn::Info, $ev=line,
	                  $want_record=T]);
	}
