"""The directories through which `train` hands over to `export`: prepared splits and finished runs.

They stand here because neither of the two may import the other. A device never reads them.
"""
