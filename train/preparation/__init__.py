"""From pictures as they were found to a prepared dataset."""
