"""The commands of ``python -m train``, one module each; what is heavy is imported when a command runs."""
