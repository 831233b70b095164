"""The composition root: the only room that knows all the others.

`house` opens the store, finds the company and its adapters. `books` syncs, reconciles, plans and applies. `collecting`
logs contacts and pushes notes. `paying` makes links and opens pay pages. `proof` shows that it all adds up.
"""
