"""What is inside a file: tracks, exact lengths, tags. Always called in a limited child process."""
