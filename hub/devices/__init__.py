"""The registry of devices: they register themselves and are pending until an operator decides."""
