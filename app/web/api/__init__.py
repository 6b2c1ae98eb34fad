"""The API: one file a subject, each call a value from which its route and its description are made."""
