"""What the contracts of all kinds of devices share. No I/O, and nothing of the hub beyond this folder.

errors      the error body of every transport, and an exception class for each status
json_text   JSON decoding and encoding
json_large  JSON with large texts in it, bounded in its structure
json_parser the parser beneath both, which takes NaN and Infinity
bounds      values from outside limited in depth, size and numbers
text        text cleaned for storing and showing
times       timestamps parsed and formatted
plates      number plates normalised for searching
base64_text base64 as senders write it
"""
