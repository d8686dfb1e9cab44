"""Weighbridge stations: capture results with their pictures, and the status of each station.

contract/  what stations send
service    captures: stored once, found again
stations   the status of every station
tables     the tables
ingest     parsing and storing of a capture result, shared by every transport
rest, socketio, websocket   the transports
register   registration with the hub
"""
