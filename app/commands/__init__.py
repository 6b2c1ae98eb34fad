"""The command line, one subject a file: each command is an async function that takes its arguments and prints its answer."""
