"""Pictures for training from the device that will judge: which frames, under which label, and the folder they grow."""
