"""From a stream of frames and predictions to what has happened. Pure: time is an argument, nothing is opened."""
