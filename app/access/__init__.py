"""Who may do what: decisions about paths, signatures and sessions."""
