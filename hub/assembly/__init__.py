"""Puts a hub together, before any kind of device registers: the application, the store, Socket.IO, the shared parts."""
