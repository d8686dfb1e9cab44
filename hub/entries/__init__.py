"""Captures and detections as one list, with its files, pages and reports.

cursor    the place in the list where a page ends
service   the list, merged from what the kinds hand over by `hub.entries`
cells     an entry as a row of a table
csv_file  rows as CSV, harmless in a spreadsheet
exports   files of the list: CSV in pieces, XLSX by a child process (worker)
report    what happened on a day
rest      the routes of data
pages     the pages of records, tickets and reports
register  registration with the hub
"""
