"""What video decides: which qualities, where segments begin, what is encoded first. Has no I/O."""
