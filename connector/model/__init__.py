"""The nouns, as frozen values. They are built once, past the wire, and never validated again.

A field that mirrors an outside system stands here only if two systems have it; everything else stays in the raw
document that travels along. This room must never read, write, log or ask the time.
"""
