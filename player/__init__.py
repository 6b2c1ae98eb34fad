"""The player: page templates, and the browser's part, which npm builds into `dist`."""
