"""What stations send, and its parsed form (docs/wire/station.md). No I/O.

capture  the capture result: fields and pictures, parsed tolerantly
fields   one sender's object, read field by field
status   the periodic status of a station
"""
