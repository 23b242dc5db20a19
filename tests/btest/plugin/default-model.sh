# @TEST-DOC: The model is looked for at a documented place below Zeek's prefix.
#
# @TEST-REQUIRES: have zeek && test ! -e $(zeek-config --prefix)/share/zeek-anomaly/model.zam
# @TEST-EXEC: unset ZEEK_ANOMALY_MODEL; zeek zeek-anomaly 2>stderr
# @TEST-EXEC: grep "$(zeek-config --prefix)/share/zeek-anomaly/model.zam" stderr
