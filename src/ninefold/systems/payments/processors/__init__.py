"""The processors that payments are forwarded to, behind one port."""
