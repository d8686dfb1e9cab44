"""The station agent: reads a gate's devices, captures, and delivers results to the hub. Plain threads, never gevent."""
