"""How Alembic is run here: on the connection, and inside the transaction, that `connector.store.schema` opened."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=False)
context.run_migrations()
