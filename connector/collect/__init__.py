"""How old the debts are, whom to contact next, and when to leave a payer in peace: pure rules of collecting well."""
