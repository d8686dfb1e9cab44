"""The devices that the hub knows, in memory by address and claimed id, and their rows."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import Any

from gevent.event import Event
from gevent.lock import Semaphore

from hub.access.name_register import NameRegister
from hub.contract.errors import NotFound
from hub.contract.roles import DEVICE_ROLES, STRANGER_ROLES, Principal
from hub.devices.access_repository import RowsById
from hub.devices.device import ADMITTED, BLOCKED, MAX_NAME, STATES, WAITING, Device, device_of, site_of
from hub.store.transaction import Transaction
from hub.store.writer import StoreBusy, Writer

DISPLACED_PER_MINUTE = 20
NOTED = ("claimed", "transport", "last_seen", "tries", "sent")  # columns that change without an operator
SPOOFABLE = ("udp",)  # transports whose sender's address proves nothing: these give way first


class KnownDevices:
    """`lock` is held while rows are written, so that an older state of a device never overwrites a newer one."""

    def __init__(self, writer: Writer, repository: RowsById, max_waiting: int) -> None:
        self._writer, self._repository = writer, repository
        self._note = repository.update(NOTED, unless=["state", "name"])
        self._by_id: dict[str, Device] = {}
        self._by_address: dict[str, dict[str, Device]] = {}  # address -> claimed id -> device
        self._unwritten: set[str] = set()  # ids of devices that changed since they were stored
        self._gone: set[str] = set()  # ids whose rows are to be deleted
        self.principals: dict[str, Principal] = {}  # of addresses with a decision
        self.lock = Semaphore(1)
        self.news = Event()  # set when the list has changed
        self.names = NameRegister(max_waiting, DISPLACED_PER_MINUTE, monotonic)

    def load(self) -> None:
        """Load the stored devices, without those that cannot be read."""
        rows = self._repository.unreadable.load(self._repository.load, device_of, self._repository.table)
        for device in sorted(rows, key=lambda device: device.last_seen):
            self.insert(device)
            if device.state == WAITING:
                self.names.add(device.id, site_of(device.address), rank_of(device.transport))
        self.remove(self.names.trim())
        for address in self._by_address:
            self.decide(address)

    def reload(self) -> set[str]:
        """Another hub has changed devices: the addresses that may do something else now.

        Raises DatabaseError or LaneBusy.
        """
        repository = self._repository
        with self.lock:
            rows = repository.unreadable.readable(repository.load(), device_of, repository.table)
            stored = {device.id for device in rows}
            changed = [device for device in rows if self._differs(device)]
            gone = [device for device in self._by_id.values() if device.stored and device.id not in stored]
            self.remove([device.id for device in gone], with_rows=False)
            for device in changed:
                self._replace(device)
            addresses = {device.address for device in (*gone, *changed)}
            for address in addresses:
                self.decide(address)
        if addresses:
            self.news.set()
        return addresses

    def _differs(self, device: Device) -> bool:
        known = self._by_id.get(device.id)
        return known is None or (known.state, known.name, known.claimed) != (device.state, device.name, device.claimed)

    def _replace(self, device: Device) -> None:
        """A device as another hub has stored it, in place of what is known here by its id or as the same one."""
        known = self._by_id.get(device.id)
        if known is not None:
            device.last_seen, device.tries = max(device.last_seen, known.last_seen), max(device.tries, known.tries)
        same = self.at(device.address).get(device.claimed)
        self.remove([device.id, *([] if same is None else [same.id])], with_rows=False)
        self.insert(device)
        if device.state == WAITING:
            self.names.add(device.id, site_of(device.address), rank_of(device.transport))

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, device_id: str) -> bool:
        return device_id in self._by_id

    def get(self, device_id: str) -> Device:
        """A device by its id. Raises NotFound."""
        device = self._by_id.get(device_id)
        if device is None:
            raise NotFound(
                "There is no device with this id. It may have given way to others; it returns when it tries."
            )
        return device

    def at(self, address: str) -> dict[str, Device]:
        """The devices of an address, by claimed id."""
        return self._by_address.get(address, {})

    def in_state(self, state: str) -> list[Device]:
        """The devices of a state, the one that was heard last first."""
        found = [device for device in self._by_id.values() if device.state == state]
        return sorted(found, key=lambda device: -device.last_seen)

    def insert(self, device: Device) -> None:
        """Know a device, in place of the one with its id."""
        self._by_id[device.id] = device
        self._by_address.setdefault(device.address, {})[device.claimed] = device

    def touched(self, device: Device) -> None:
        """A device has changed in memory; its row is written later."""
        self._unwritten.add(device.id)
        if device.state == WAITING:
            self.names.seen(device.id, rank_of(device.transport))

    def rename(self, device: Device, claimed: str) -> None:
        """The device turns out to claim another id."""
        known = self._by_address[device.address]
        del known[device.claimed]
        device.claimed = claimed
        known[claimed] = device

    def remove(self, ids: Iterable[str], with_rows: bool = True) -> None:
        """Remove those of these devices that are known; their rows are deleted at the next `flush`."""
        for device_id in ids:
            device = self._by_id.pop(device_id, None)
            if device is None:
                continue
            self.names.remove(device_id)
            self._unwritten.discard(device_id)
            if device.stored and with_rows:
                self._gone.add(device_id)
            known = self._by_address[device.address]
            del known[device.claimed]
            if not known:
                del self._by_address[device.address]

    def store(self, device: Device | None, gone: Iterable[str] = ()) -> None:
        """Write one row and delete others now; the caller holds `lock`. Raises StoreBusy."""
        self._writer.write(self._repository.change([] if device is None else [device.row()], gone))

    def flush(self) -> None:
        """Write what changed since the last time, in one commit. Raises StoreBusy; it is then written later."""
        with self.lock:
            unwritten, self._unwritten = self._unwritten, set()
            gone, self._gone = self._gone, set()
            if not unwritten and not gone:
                return
            devices = [self._by_id[device_id] for device_id in unwritten]
            new = [device.row() for device in devices if not device.stored]
            noted = self._note([device.row() for device in devices if device.stored])
            removed, added = self._repository.change((), gone), self._repository.add(new, ["address", "claimed"])

            def job(transaction: Transaction) -> None:
                for change in (removed, added, noted):
                    change(transaction)

            for device in devices:
                device.stored = True
            try:
                self._writer.write(job)
            except StoreBusy:
                self._unwritten |= unwritten & self._by_id.keys()
                self._gone |= gone
                raise

    def decide(self, address: str) -> None:
        """Find out what the decisions about the devices of an address grant."""
        known = self.at(address).values()
        admitted = [device for device in known if device.state == ADMITTED]
        if admitted:
            names = ", ".join(device.name or device.claimed or address for device in admitted)[:MAX_NAME]
            everything = any(not device.claimed for device in admitted)
            ids = None if everything else frozenset(device.claimed for device in admitted)
            self.principals[address] = Principal("device", names, DEVICE_ROLES, ids)
        elif any(device.state == BLOCKED and not device.claimed for device in known):
            self.principals[address] = Principal("device", "a blocked device", STRANGER_ROLES, frozenset())
        else:
            self.principals.pop(address, None)

    def status(self) -> dict[str, Any]:
        """For the status page: how many devices are in each state."""
        return {state: sum(device.state == state for device in self._by_id.values()) for state in STATES}


def rank_of(transport: str) -> int:
    """How far others give way before a waiting device of this transport."""
    return 0 if transport in SPOOFABLE else 1
