"""The weighbridge label: find it in a frame (`finder`), rectify it and read its number (`reader`), decide over frames
(`vote`).
"""
