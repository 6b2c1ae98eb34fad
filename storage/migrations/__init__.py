"""The tables' history: one file per step, applied at start by `storage.db.Database.migrate`."""
