"""What was found, for people and programs: pages, plots, the model card."""
