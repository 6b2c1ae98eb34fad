"""The encoding pipeline: a plan and files go in, segments and artifacts come out, always in a limited child."""
