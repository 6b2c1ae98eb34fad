"""Our own signatures: sealed secrets, ES512 keys, what receivers verify."""
