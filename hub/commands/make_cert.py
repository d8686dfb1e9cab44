"""`python app.py make-cert`: an authority of the site's own and the hub's certificate."""

from __future__ import annotations

import argparse
import socket
import sys

from hub.commands.command import Command
from hub.settings.file import FILE_NAME


def make_cert(options: argparse.Namespace) -> int:
    """Make the certificate of the hub for this machine's names and addresses, and for `options.names`; 0, or 1."""
    from hub.net.certificates import AUTHORITY, SERVER, SERVER_KEY, CertificateError, make_certificates
    from hub.net.own_addresses import network_addresses

    folder = options.instance / "tls"
    host = socket.gethostname()
    try:
        made = make_certificates(folder, ["localhost", host, *network_addresses(), "::1", *options.names])
    except CertificateError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{folder / SERVER} is valid for {', '.join(made)}.\n\n"
        f"1. Write these lines at the top of {options.instance / FILE_NAME}, and start the hub again:\n"
        f'     tls_cert = "tls/{SERVER}"\n     tls_key = "tls/{SERVER_KEY}"\n'
        f"2. Install {folder / AUTHORITY} as a trusted authority on every device that talks to the hub (docs/tls.md).\n"
        "3. Run this command again when names or addresses have changed, and within 825 days; a hub that runs serves "
        "the new certificate within seconds."
    )
    return 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="further name or address of this machine")


COMMAND = Command(
    "make-cert", "make a TLS certificate, for further NAMEs and addresses as well, and end", make_cert, _add_arguments
)
