"""Why an installation failed, as one sentence with the next step, found in the output of pip or the system."""

import re
import sys

FULL = "The disk is full: free some space (on {disk} and in the folder for temporary files), then start this again."
IN_USE = (
    "Files in {folder} are in use: stop the Gatehouse that is running and close programs that use it, then start this "
    "again."
)
DENIED = (
    "{folder} cannot be written: give this user the right to write there or move Gatehouse to a folder of their own, "
    "then start this again."
)
CERTIFICATE = (
    "The package index was reached but its certificate is not trusted here: if a company proxy stands between, point "
    "PIP_CERT at its certificate file, then start this again."
)
OFFLINE = (
    "The packages could not be downloaded because the network or the package index cannot be reached: connect this "
    "computer to the internet (or name its proxy in HTTPS_PROXY) for this first start and start this again; later "
    "starts need no network."
)
LONG_PATH = (
    "The path of this folder is too long for Windows: move Gatehouse to a shorter one such as C:\\gatehouse or enable "
    "long paths in Windows, then start this again."
)
NO_BUILD = (
    "There is no {package} for Python {python} on this kind of machine: install Python 3.12 or 3.13 from "
    "https://www.python.org/downloads/ (Windows: py install 3.13), delete the folder {folder} and start this again."
)
DAMAGED = (
    "A file in the folder wheels is not the one that was packed: unpack the ZIP of Gatehouse again into an empty "
    "folder, then start this again."
)

# Searched in this order: a full disk or a refused write also appears as a failed download.
PATTERNS = (
    (re.compile(r"No space left on device|Errno 28\b|WinError 112\b|Disk quota exceeded"), FULL),
    (re.compile(r"WinError (?:5|32)\b|being used by another process"), IN_USE),
    (re.compile(r"Permission denied|Read-only file system"), DENIED),
    (re.compile(r"[Ll]ong [Pp]aths? [Ss]upport|WinError 206\b"), LONG_PATH),
    (re.compile(r"THESE PACKAGES DO NOT MATCH THE HASHES"), DAMAGED),
    (re.compile(r"CERTIFICATE_VERIFY_FAILED"), CERTIFICATE),
    (
        re.compile(
            r"Failed to establish a new connection|[Nn]ame resolution|Name or service not known|getaddrinfo failed"
            r"|nodename nor servname|Network is unreachable|No route to host|Connection refused|Connection reset"
            r"|Connection aborted|[Cc]onnection broken|timed out|ProxyError|RemoteDisconnected|Max retries exceeded"
            r"|Could not fetch URL"
        ),
        OFFLINE,
    ),
    (re.compile(r"No matching distribution found for (?P<package>[^\s;]+)"), NO_BUILD),
)


def explain(output, folder):
    """Return the sentence for the first known error in the output of pip (or venv), or "" if there is none."""
    for pattern, sentence in PATTERNS:
        found = pattern.search(output)
        if found:
            package = found.groupdict().get("package", "")
            return sentence.format(
                folder=folder, disk=folder.anchor or folder, package=package, python="%d.%d" % sys.version_info[:2]
            )
    return ""


def explain_os_error(error, folder):
    """Return the sentence for an OSError raised while writing to the folder."""
    return explain(str(error), folder) or "%s could not be prepared (%s): move it away, then start this again." % (
        folder,
        error,
    )
