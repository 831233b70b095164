"""One file per revision: rNNNN_what_it_does.py holds revision NNNN."""
