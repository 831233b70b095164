"""The receivables connector: syncs, reconciles, plans, posts, links and notes.

The path of a cent, one direction, no corridors::

    vendor → adapter (client → wire → translate) → ports, model → sync → store
           → reconcile → collect · paylinks · notes → plan → store.outbox → post
           → ports → adapter → vendor

Values go round; imports only point down. `sync`, `post` and `app` carry values between rooms, so no room that decides
knows the store, and the store knows no room that decides. `connector` never imports `adapters`.
"""
