"""From a Keras model to files: the deployed graph, the recipes, and what converts."""
