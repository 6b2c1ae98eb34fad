"""HLS as values: where segments begin, what they are called, the bytes in front of them, and the lists that name them (RFC 8216).

Pure. What encodes the segments and who waits for them is decided elsewhere.
"""
