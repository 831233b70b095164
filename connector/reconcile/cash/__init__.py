"""Cash application: which receipt settles which open items, over plain integers, for one company at a time.

Evidence first, the amount as the check, a count of rival explanations, and silence when there is a rival. Nothing here
reads, asks the time or draws a random number, and nothing depends on the order in which things are given.
"""
