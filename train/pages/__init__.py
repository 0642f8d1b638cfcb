"""What every page of ``train`` is made with: a base template with its style, small pictures, how a share is written."""
