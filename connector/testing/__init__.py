"""For adapter authors and for the demo: readable worlds, the shell of a stand-in, and the laws an adapter must keep."""
