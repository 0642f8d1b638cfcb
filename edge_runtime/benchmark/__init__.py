"""How fast this device judges: every variant measured in a process of its own, in turns, from file to label.

case     what is measured: a variant of a bundle, an interpreter, a number of threads
figures  what came of it, as values
worker   the process that measures one case, when it is told to
session  starts the workers, gives each its turn, gathers what they say
report   a table, JSON, and lines for people
picture  an SVG drawing
"""
