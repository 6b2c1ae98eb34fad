"""Keys and bytes: the store, the database door and the fetcher. Knows nothing of audio or jobs."""
