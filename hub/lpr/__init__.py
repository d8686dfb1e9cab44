"""Licence-plate cameras: detections with their pictures, health reports, the cameras themselves.

contract/   what cameras send
service     records stored once; detections, records, cameras, statistics, counters: its parts
tables      the tables
ingest      parsing and storing of a record, shared by every transport
replies     the replies to cameras
connections the number of open connections
rest, fast_rest, socketio, socketio_older, websocket   the transports
register    registration with the hub
"""
