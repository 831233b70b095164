"""The vendors' own schemas as judges of every request a test sends and every answer a stand-in gives.

Nothing here knows the connector or its adapters. A validator takes what goes over the wire (method, path,
bytes) and answers with a list of sentences, empty when the vendor's schema has nothing against it. The schema
files are not part of the project; `where` finds them.
"""
