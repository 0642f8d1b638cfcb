"""What `edge-runtime run` is around the pipeline: settings, a process that watches, a successor's proof, systemd."""
