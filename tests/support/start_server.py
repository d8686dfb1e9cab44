"""A process that has imported a program and forks a child for each start of it: `start_server.py FD APP [MODULE...]`.

`tests/support/starts.py` starts and asks it, over the Unix socket FD (datagrams that keep their boundaries). It imports
APP without running it, and the modules that APP imports later; of MODULE:FUNCTION it calls the function. Then it serves
nothing but forks: one thread, no event loop, no other file open. A request is JSON with the descriptors of stdin,
stdout, stderr and of the pipe that takes the child's status; the answer is the child's process id with a pidfd. It ends
when the asking process closes the socket.
"""

import gc
import os
import sys
from _signal import SIG_IGN, SIGINT, getsignal, signal
from _socket import AF_INET6, CMSG_LEN, SCM_RIGHTS, SOL_SOCKET, socket
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper
from json import dumps, loads
from select import POLLIN, poll  # the system's own, before gevent replaces it

# Before gevent replaces it: gevent's would make an event loop to watch the child.
fork = os.fork

REQUEST_BYTES = 100_000
DESCRIPTORS = 4


class NotUsable(Exception):
    """The imports left something behind that a child must not inherit."""


def import_program(script, modules):
    """Import what the program imports. Raises NotUsable, or whatever an import raises."""
    import builtins
    import importlib
    import socket

    read = _record_reads()
    sys.path[0] = os.path.dirname(script)
    with open(script, "rb") as file:
        code = compile(file.read(), script, "exec")
    probe, socket.has_ipv6 = socket.has_ipv6, False
    exec(code, {"__name__": "imported_program", "__file__": script, "__builtins__": builtins})
    for name in modules:
        module, _, function = name.partition(":")
        imported = importlib.import_module(module)
        if function:
            getattr(imported, function)()
    socket.has_ipv6 = probe
    if "urllib3" in sys.modules:
        # It tries a socket while it is imported, and one of gevent's would make an event loop.
        importlib.import_module("urllib3.util.connection").HAS_IPV6 = probe and _has_ipv6()
    return sorted(read())


def _has_ipv6():
    """What urllib3 finds out at its import."""
    try:
        one = socket(AF_INET6)
    except OSError:
        return False
    try:
        one.bind(("::1", 0))
    except OSError:
        return False
    finally:
        one.close()
    return True


def _record_reads():
    """Record which variables of the environment the imports read; returns what ends that and gives their names."""
    kind, names = type(os.environ), set()
    original = kind.__getitem__

    def get(self, key):
        if isinstance(key, str):
            names.add(key)
        return original(self, key)

    kind.__getitem__ = get

    def end():
        kind.__getitem__ = original
        return names

    return end


def check(control):
    """Raises NotUsable where a child would inherit a thread, an event loop or an open file."""
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise NotUsable(f"{threads} threads run after the imports")
    if "gevent" in sys.modules:
        from gevent._hub_local import get_hub_if_exists

        if get_hub_if_exists() is not None:
            raise NotUsable("an import has made gevent's event loop")
    folder = os.open("/proc/self/fd", os.O_RDONLY)
    try:
        files = {int(name) for name in os.listdir(folder)} - {folder}
    finally:
        os.close(folder)
    others = {
        number: os.readlink(f"/proc/self/fd/{number}") for number in files - {0, 1, 2, control} if _is_open(number)
    }
    if others:
        raise NotUsable(f"the imports have left files open: {others}")


def _is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def serve(control):
    """Answer requests; None at the end, and in each child what it is to run."""
    children = {}
    events = poll()
    events.register(control.fileno(), POLLIN)
    while True:
        for number, _ in events.poll():
            if number != control.fileno():
                events.unregister(number)
                _report_end(number, *children.pop(number))
                continue
            data, rights, _, _ = control.recvmsg(REQUEST_BYTES, CMSG_LEN(4 * DESCRIPTORS))
            if not data:
                return None
            files = _descriptors(rights)
            try:
                child = fork()
            except OSError as error:
                control.send(dumps({"error": error.errno}).encode())
                _close(*files)
                continue
            if child == 0:
                control.close()
                for pidfd, (_, status) in children.items():
                    _close(pidfd, status)
                return loads(data), files
            pidfd = os.pidfd_open(child)
            children[pidfd] = child, files[3]
            events.register(pidfd, POLLIN)
            control.sendmsg(
                [dumps({"pid": child}).encode()], [(SOL_SOCKET, SCM_RIGHTS, pidfd.to_bytes(4, sys.byteorder))]
            )
            _close(*files[:3])


def _descriptors(rights):
    [(_, _, data)] = rights
    return [int.from_bytes(data[at : at + 4], sys.byteorder) for at in range(0, 4 * DESCRIPTORS, 4)]


def _report_end(pidfd, pid, status):
    """Write the exit status, and only then free the process id for another process."""
    end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    code = end.si_status if end.si_code == os.CLD_EXITED else -end.si_status
    try:
        os.write(status, code.to_bytes(4, sys.byteorder, signed=True))
    except BrokenPipeError:
        pass  # whoever started it does not ask any more
    os.waitpid(pid, 0)
    _close(pidfd, status)


def _close(*numbers):
    for number in numbers:
        os.close(number)


def become(request, files, interrupt):
    """Make this child what exec would have made of it; the code to run and the module `__main__` to run it in."""
    import builtins
    import time
    from importlib.machinery import SourceFileLoader
    from types import ModuleType

    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    _close(*files)
    signal(SIGINT, interrupt)
    os.chdir(request["cwd"])
    os.umask(request["umask"])
    os.environ.update(request["environ"])
    time.tzset()
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = _standard_stream(number, name, getattr(sys, name))
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    script = request["arguments"][0]
    sys.argv[:] = request["arguments"]
    sys.orig_argv[:] = [*request["interpreter"], *request["arguments"]]
    sys.path[0] = os.path.dirname(os.path.realpath(script))
    main = ModuleType("__main__")
    loader = SourceFileLoader("__main__", script)
    main.__dict__.update(__file__=script, __builtins__=builtins, __loader__=loader, __cached__=None, __annotations__={})
    sys.modules["__main__"] = main
    with open(script, "rb") as file:
        return compile(file.read(), script, "exec"), main


def _standard_stream(number, name, before):
    """A stream as Python opens it at its start, with the encoding and the buffering of the one before."""
    raw = FileIO(number, "wb" if number else "rb", closefd=False)
    buffered = not isinstance(before.buffer, FileIO)  # not so with PYTHONUNBUFFERED
    buffer = (BufferedWriter if number else BufferedReader)(raw) if buffered else raw
    raw.name = f"<{name}>"
    stream = TextIOWrapper(
        buffer,
        before.encoding,
        before.errors,
        newline="\n",
        line_buffering=buffered and (number == 2 or raw.isatty()),
        write_through=before.write_through,
    )
    stream.mode = "w" if number else "r"
    return stream


def main(descriptor, script, modules):
    """Import and serve; None at the end, and in each child what it is to run."""
    interrupt = getsignal(SIGINT)
    signal(SIGINT, SIG_IGN)  # Ctrl-C in a terminal reaches this process too, and the tests end it
    control = socket(fileno=descriptor)
    try:
        read = import_program(script, modules)
        check(descriptor)
    except NotUsable as error:
        control.send(dumps({"error": str(error)}).encode())
        return None
    # A child's garbage collector would otherwise write to, and so copy, every page of what was imported.
    gc.collect()
    gc.freeze()
    control.send(dumps({"read": read}).encode())
    started = serve(control)
    return started and become(*started, interrupt)


if __name__ == "__main__":
    _started = main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
    if _started is None:
        os._exit(0)
    _server = sys.modules["__main__"]
    exec(_started[0], _started[1].__dict__)
