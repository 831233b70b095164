"""Labelled worlds of receipts and open items, the scorer, and the peers: what the engine is measured on."""
