"""The accounts that most firms of made-up worlds have, in the words of a world's notation."""

from __future__ import annotations

ACCOUNTS = """\
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
account  Undeposited Funds  undeposited USD
account  Accounts Receivable  receivable USD"""
