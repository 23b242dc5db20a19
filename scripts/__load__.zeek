# A package manager and a plain installation each bring a copy of this folder.
# Whichever comes first is used.
@ifndef ( Anomaly::LOG )
@load ./main
@load ./hunt
@endif
