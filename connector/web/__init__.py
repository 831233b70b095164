"""What people look at: the page of the proof, and the page behind a payment link.

`page` renders one self-contained file; `pay` answers payment links over HTTP. Nothing here decides anything: both show
what `connector.app` says. No script runs in either page and nothing is loaded from elsewhere.
"""
