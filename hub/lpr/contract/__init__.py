"""What licence-plate cameras send, and its parsed form (docs/wire/lpr.md). No I/O.

parser    an object of any camera generation as a record
record    the parsed forms: detection, health report, registration, test
kinds     which of these an object is
fields    one sender's object, read field by field
plates    plates from the forms in which cameras report them
pictures  pictures inside a record
health    health reports and their status words
"""
