"""The simulated gate: a fake reader, fake cameras and vehicles, over real sockets."""
