"""Detection in pictures, in child processes, one for each task.

`process` is the hub's end, `worker` the child process, `wire` their protocol, `tasks` the list of what can be detected.
`check` tries the models that the settings name, each in a child process of its own (`check_child`).
OpenCV and numpy are imported in the worker only: in the hub they would block the event loop and use its memory.
"""
