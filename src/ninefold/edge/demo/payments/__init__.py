"""`ninefold demo payments`: a simulated day of three merchants, from the first payment to the audit."""
