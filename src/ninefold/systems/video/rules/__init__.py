"""What video decides: which qualities, where segments begin, what is encoded first, what is shown. Has no I/O."""
