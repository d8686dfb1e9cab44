"""Looking at pictures, in a process of its own.

`process` is the hub's end, `worker` the process, `wire` what both speak. OpenCV and numpy are imported in the worker only:
in the hub they would hold the event loop and its memory.
"""
