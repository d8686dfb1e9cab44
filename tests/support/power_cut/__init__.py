"""Power cuts: what a program wrote is recorded, and any state that a disk may have after a cut is made from it.

`recorder` compiles recorder.c and runs a program under it; `records` reads what was recorded; `disk` replays it;
`survivors` makes the files of one cut.
"""
